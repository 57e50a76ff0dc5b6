"""Where a tariff's elements apply: every combination of day, time, energy, power, current and duration it tells apart.

The bounds of all restrictions cut each of these into ranges within which nothing changes; one moment of a combination
stands for all of it. So what is found is true of every moment, not of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, TypeVar

from engine.clock import SECOND
from engine.tariffs.conditions import Conditions, Moment
from engine.tariffs.local_time import DAY, day_number, microseconds_of_day
from engine.tariffs.model import Dimension, Element, Reservation, Restrictions, Tariff
from engine.tariffs.wording import conditions

MOST = 200_000
"""More combinations are not looked at."""

_MONDAY = date(2026, 1, 5)
_WEEK = frozenset(range(1, 8))
Bound = TypeVar("Bound", time, date, Decimal, int)


@dataclass(slots=True)
class Coverage:
    """`gaps` are the combinations in which neither energy nor charging time has a price, in words. For each component,
    named by element and place: `holds` says that its restrictions can hold at all, `counts` that it then also is the
    first, and `behind` which elements come before it somewhere. `complete` is False where there were too many.
    """

    gaps: list[str] = field(default_factory=list)
    holds: set[tuple[int, int]] = field(default_factory=set)
    counts: set[tuple[int, int]] = field(default_factory=set)
    behind: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class _Cell:
    """One combination: a moment in it, and its ranges as restrictions."""

    moment: Moment
    restrictions: Restrictions


def coverage(tariff: Tariff) -> Coverage:
    """Look at every combination, for sessions and for each kind of reservation."""
    found = Coverage()
    missing: dict[Restrictions, set[int]] = {}
    for phase in (None, Reservation.RESERVATION, Reservation.RESERVATION_EXPIRES):
        elements = [(n, each) for n, each in enumerate(tariff.elements) if each.restrictions.reservation is phase]
        asked = [(n, each, Conditions(each.restrictions, 1)) for n, each in elements]
        for cell, week in _cells([each.restrictions for _, each in elements], found):
            taken = _look(asked, cell.moment, found)
            if phase is None and taken.isdisjoint((Dimension.ENERGY, Dimension.TIME)):
                missing.setdefault(cell.restrictions, set()).update(week)
    for restrictions, days in missing.items():
        parts = conditions(replace(restrictions, days_of_week=frozenset(days)))
        found.gaps.append(", ".join(parts) if parts else "always")
    return found


def _look(asked: list[tuple[int, Element, Conditions]], moment: Moment, found: Coverage) -> set[Dimension]:
    """Note which components hold and which count at this moment; the dimensions that have a price."""
    first: dict[Dimension, int] = {}
    for index, element, restrictions in asked:
        if not restrictions.hold(moment):
            continue
        for place, component in enumerate(element.components):
            name = (index, place)
            found.holds.add(name)
            if component.dimension in first:
                found.behind.setdefault(name, set()).add(first[component.dimension])
            else:
                first[component.dimension] = index
                found.counts.add(name)
    return set(first)


def _cells(given: list[Restrictions], found: Coverage) -> Iterator[tuple[_Cell, frozenset[int]]]:
    """Each combination with the days of the week for which it stands."""
    times = _ranges(given, lambda each: (each.start_time, each.end_time), time(0))
    energies = _ranges(given, lambda each: (each.min_kwh, each.max_kwh), Decimal(0))
    powers = _ranges(given, lambda each: (each.min_power, each.max_power), Decimal(0))
    currents = _ranges(given, lambda each: (each.min_current, each.max_current), Decimal(0))
    durations = _ranges(given, lambda each: (each.min_duration, each.max_duration), 0)
    days = list(_days(given))
    if len(times) * len(energies) * len(powers) * len(currents) * len(durations) * len(days) > MOST:
        found.complete = False
        return
    for (day, dates, week), at, energy, power, current, elapsed in product(
        days, times, energies, powers, currents, durations
    ):
        begin = at[0] or time(0)
        moment = Moment(
            local=day_number(day) * DAY + microseconds_of_day(begin),
            elapsed=(elapsed[0] or 0) * SECOND,
            energy=Fraction(energy[0] or 0) * 1000,
            power=(Fraction(power[0] or 0) * 1000).as_integer_ratio(),
            current=current[0] or Decimal(0),
        )
        restrictions = Restrictions(*at, *dates, *energy, *current, *power, *elapsed)
        yield _Cell(moment, restrictions), week


def _ranges(
    given: Iterable[Restrictions], bounds: Callable[[Restrictions], tuple[Bound | None, Bound | None]], lowest: Bound
) -> list[tuple[Bound | None, Bound | None]]:
    """The ranges between all bounds; the first begins, and the last ends, without one."""
    cuts: list[Any] = sorted({each for one in given for each in bounds(one) if each is not None and each > lowest})
    return list(zip([None, *cuts], [*cuts, None], strict=True))


def _days(given: list[Restrictions]) -> Iterator[tuple[date, tuple[date | None, date | None], frozenset[int]]]:
    """Up to a week of each range of dates; one day stands for all where neither days nor dates matter."""
    dated = any(each.start_date or each.end_date for each in given)
    if not dated and not any(each.days_of_week for each in given):
        yield _MONDAY, (None, None), _WEEK
        return
    for begin, end in _ranges(given, lambda each: (each.start_date, each.end_date), date.min):
        first = begin or (end - timedelta(days=7) if end is not None else _MONDAY)
        for offset in range(7):
            day = first + timedelta(days=offset)
            if end is None or day < end:
                yield day, (begin, end), frozenset({day.isoweekday()})
