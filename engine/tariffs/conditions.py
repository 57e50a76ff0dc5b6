"""Restrictions made ready to be asked: does an element apply at this moment, and at which moments may that change?"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from engine.clock import SECOND
from engine.tariffs.local_time import DAY, Instant, day_number, microseconds_of_day, weekday
from engine.tariffs.model import Restrictions

Quantity = int | Fraction


class Moment(NamedTuple):
    """All that a restriction may depend on.

    `local` is the local time as microseconds since 1970 on the local clock, `elapsed` the session's duration so far in
    microseconds, `energy` what it has taken so far in grains (`pieces.Reading`), `power` in W of the interval that
    begins, as numerator and denominator, `current` in A, None where nobody told one.
    """

    local: Instant
    elapsed: Instant
    energy: Quantity
    power: tuple[int, int]
    current: Decimal | None


NO_POWER = (0, 1)


class Conditions:
    """One element's restrictions. A start is included, an end is not; all that are given must hold (OCPI).

    Days and dates are those on the local clock at that moment: a window over midnight that is restricted to Friday
    holds on Friday evening and on Friday morning. An unknown current fulfils no restriction of the current, except that
    no current flows where no power does.
    """

    __slots__ = ("_current", "_dates", "_days", "_elapsed", "_energy", "_power", "_times", "always")

    def __init__(self, given: Restrictions, grain: int) -> None:
        self._times = _window(given)
        self._days = given.days_of_week
        self._dates = _range(
            day_number(given.start_date) if given.start_date is not None else None,
            day_number(given.end_date) if given.end_date is not None else None,
        )
        self._elapsed = _range(_scaled(given.min_duration, SECOND), _scaled(given.max_duration, SECOND))
        self._energy = _range(_scaled(given.min_kwh, 1000 * grain), _scaled(given.max_kwh, 1000 * grain))
        self._power = _range(_scaled(given.min_power, 1000), _scaled(given.max_power, 1000))
        self._current = _range(_scaled(given.min_current, 1), _scaled(given.max_current, 1))
        self.always = not self._days and all(
            each is None for each in (self._times, self._dates, self._elapsed, self._energy, self._power, self._current)
        )

    def hold(self, moment: Moment) -> bool:
        return self.always or (self._time_holds(moment.local) and self._rest_holds(moment))

    def _time_holds(self, local: Instant) -> bool:
        if self._times is not None:
            since, until = self._times
            of_day = local % DAY
            if not (since <= of_day < until if since < until else of_day >= since or of_day < until):
                return False
        if self._dates is None and not self._days:
            return True
        day = int(local // DAY)
        return _inside(day, self._dates) and (not self._days or weekday(day) in self._days)

    def _rest_holds(self, moment: Moment) -> bool:
        if not (
            _inside(moment.elapsed, self._elapsed)
            and _inside(moment.energy, self._energy)
            and (self._power is None or _ratio_inside(moment.power, self._power))
        ):
            return False
        if self._current is None:
            return True
        current = moment.current
        if current is None and not moment.power[0]:
            current = Decimal(0)
        return current is not None and _inside(Fraction(current), self._current)

    def times_of_day(self) -> set[int]:
        """The times on the local clock, in microseconds of the day, at which this may begin or cease to hold."""
        found = set(self._times) if self._times is not None else set()
        if self._days or self._dates is not None:
            found.add(0)
        return found

    def durations(self) -> set[int]:
        """Likewise the durations of the session, in microseconds; they are whole."""
        return {int(each) for each in self._elapsed or () if each is not None}

    def energies(self) -> set[Quantity]:
        """Likewise the energies, in grains."""
        return {each for each in self._energy or () if each is not None}

    @property
    def on_time(self) -> bool:
        return self._times is not None or self._dates is not None or bool(self._days)

    @property
    def on_power(self) -> bool:
        return self._power is not None or self._current is not None


def _window(given: Restrictions) -> tuple[int, int] | None:
    """The times of day, None for the whole day; an end at 00:00 is the end of the day, equal times are all day."""
    since = microseconds_of_day(given.start_time) if given.start_time is not None else 0
    until = microseconds_of_day(given.end_time) if given.end_time is not None else 0
    return None if since == until else (since, until or DAY)


Range = tuple[Quantity | None, Quantity | None]


def _range(least: Quantity | None, most: Quantity | None) -> Range | None:
    return None if least is None and most is None else (least, most)


def _inside(value: Quantity, given: Range | None) -> bool:
    if given is None:
        return True
    least, most = given
    return (least is None or value >= least) and (most is None or value < most)


def _ratio_inside(value: tuple[int, int], given: Range) -> bool:
    """As `_inside` of value[0] / value[1], without the division."""
    least, most = given
    above, below = value
    return (least is None or above * least.denominator >= least.numerator * below) and (
        most is None or above * most.denominator < most.numerator * below
    )


def _scaled(value: Decimal | int | None, factor: int) -> Quantity | None:
    if value is None:
        return None
    scaled = Fraction(value) * Fraction(factor)
    return scaled.numerator if scaled.denominator == 1 else scaled
