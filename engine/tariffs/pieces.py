"""A course cut into pieces: within one nothing changes that a price could depend on.

Registers are whole numbers of the finest decimal that any mark shows, times whole microseconds; fractions arise only
where a boundary lies between two marks, and stay exact. So it makes no difference into how many marks a course is cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from engine.tariffs.conditions import Quantity
from engine.tariffs.course import Course, Flow
from engine.tariffs.local_time import HOUR, Instant

_EXACT = Context(prec=100)


class Piece(NamedTuple):
    """From `since` to `until` (microseconds) `energy` flowed evenly; `before` is what the session had taken by then.

    Energies are in the course's grains: `Reading.grain` of them are one Wh. `power` is grains a microsecond, as
    numerator and denominator.
    """

    since: Instant
    until: Instant
    energy: Quantity
    before: Quantity
    flow: Flow
    power: tuple[int, int]
    current: Decimal | None


class Stretch(NamedTuple):
    """Between two marks: whole numbers only."""

    since: int
    until: int
    first: int
    last: int
    flow: Flow
    power: tuple[int, int]
    current: Decimal | None


class Reading:
    """A course with whole numbers. A register that goes back counts as standing still until it is above again."""

    __slots__ = ("ended", "grain", "since", "stretches", "until")

    def __init__(self, course: Course, until: int | None) -> None:
        marks = course.marks
        self.since = marks[0].at
        end = course.ended if course.ended is not None else marks[-1].at if until is None else until
        self.until = max(self.since, end if until is None else min(end, until))
        exponents = [mark.register_wh.as_tuple().exponent for mark in marks]
        digits = max(0, *(-each for each in exponents if isinstance(each, int)))
        self.grain = 10**digits
        self.stretches = self._stretched(course, digits)

    def _stretched(self, course: Course, digits: int) -> list[Stretch]:
        found: list[Stretch] = []
        zero = highest = int(_EXACT.scaleb(course.marks[0].register_wh, digits))
        last = course.marks[0]
        power, at = (0, 1), last.at
        for mark in course.marks[1:]:
            register = max(highest, int(_EXACT.scaleb(mark.register_wh, digits)))
            now = max(at, mark.at)
            power = (register - highest, now - at) if now > at else (0, 1)
            found.append(Stretch(at, now, highest - zero, register - zero, last.flow, power, last.current))
            highest, at = register, now
            flow_before, last = last.flow, mark
            if mark.flow is not flow_before:
                power = (0, 1)
        # After the last mark nobody knows better than that it goes on with the same power.
        tail = max(at, self.until)
        found.append(Stretch(at, tail, highest - zero, highest - zero, last.flow, power, last.current))
        return found

    def watts(self, piece: Piece) -> tuple[int, int]:
        """The power in W, as numerator and denominator."""
        energy, time = piece.power
        return energy * HOUR, time * self.grain

    def pieces(self, instants: Sequence[int], energies: Iterable[Quantity], *, whatever_power: bool) -> Iterator[Piece]:
        """Cut at these instants (sorted) and where these energies (grains) are reached, up to `until`.

        With `whatever_power` pieces of one flow are joined over marks between which nothing else changes, whatever
        their power and current; that is most of them.
        """
        thresholds = sorted(energies)
        pending: Piece | None = None
        for stretch in self.stretches:
            if stretch.since > self.until:
                break
            until = min(stretch.until, self.until)
            if stretch.since >= until and stretch.last == stretch.first:
                continue
            if (
                pending is not None
                and whatever_power
                and stretch.flow is pending.flow
                and until == stretch.until
                and _none_between(instants, pending.since, until)
                and _none_between(thresholds, pending.before, stretch.last)
            ):
                pending = pending._replace(until=until, energy=stretch.last - pending.before)
                continue
            for piece in _cut(stretch, until, instants, thresholds):
                if pending is not None:
                    yield pending
                pending = piece
        if pending is not None:
            yield pending


def _none_between(cuts: Sequence[Quantity], low: Quantity, high: Quantity) -> bool:
    place = bisect_right(cuts, low)
    return place >= len(cuts) or cuts[place] >= high


def _cut(stretch: Stretch, until: int, instants: Sequence[int], thresholds: Sequence[Quantity]) -> Iterator[Piece]:
    since, end, first, last, flow, power, current = stretch
    low = bisect_right(instants, since)
    cuts: list[tuple[Instant, Quantity]] = []
    if low < len(instants) and instants[low] < until:
        high = bisect_right(instants, until)
        cuts = [(each, _energy_at(stretch, each)) for each in instants[low:high] if each < until]
    if thresholds and last > first:
        cuts += [
            (reached, each)
            for each in thresholds
            if first < each < last
            and (reached := since + (each - first) * Fraction(end - since, last - first)) <= until
        ]
    cuts.sort()
    at: Instant = since
    energy: Quantity = first
    for cut in [*cuts, (until, last if until == end else _energy_at(stretch, until))]:
        if cut[0] > at or cut[1] > energy or not cuts:
            yield Piece(at, cut[0], cut[1] - energy, energy, flow, power, current)
        at, energy = cut


def _energy_at(stretch: Stretch, at: int) -> Quantity:
    if stretch.last == stretch.first:
        return stretch.first
    return stretch.first + Fraction(
        (stretch.last - stretch.first) * (at - stretch.since), stretch.until - stretch.since
    )
