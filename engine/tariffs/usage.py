"""How much of each price component a session used: OCPI's rules for which one counts when, and for whole steps.

For each dimension the first element counts that has it and whose restrictions hold at that moment. ENERGY is counted
whenever energy flows, TIME while the car charges, PARKING_TIME while the car takes nothing and it is the car's doing;
while the station holds the energy back (SuspendedEVSE) neither (OCPI, CdrDimensionType). FLAT is charged once: the
first that applies.

`step_size` is taken into account once for ENERGY and once for TIME and PARKING_TIME together: the total of the last
used component's dimension is rounded up to its step, and what that adds goes to this component (OCPI, CDR object).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from engine.clock import SECOND
from engine.tariffs.conditions import NO_POWER, Conditions, Moment, Quantity
from engine.tariffs.course import IDLE, Flow
from engine.tariffs.local_time import Instant, Span, local_instants, spans
from engine.tariffs.model import Dimension, PriceComponent, Reservation, Tariff
from engine.tariffs.pieces import Piece, Reading

_TIMED = {Flow.CHARGING: Dimension.TIME} | dict.fromkeys(IDLE, Dimension.PARKING_TIME)


class Priced(NamedTuple):
    """A price component with where it stands and when it applies."""

    element: int
    component: PriceComponent
    conditions: Conditions


class Used:
    """What was used of one component: `quantity` in Wh, microseconds or 1 (FLAT), of which `stepped` is rounding."""

    __slots__ = ("priced", "quantity", "since", "stepped", "until")

    def __init__(self, priced: Priced, since: Instant, until: Instant) -> None:
        self.priced, self.since, self.until = priced, since, until
        self.quantity: Quantity = 0
        self.stepped: Quantity = 0

    @property
    def dimension(self) -> Dimension:
        return self.priced.component.dimension


def candidates(tariff: Tariff, phase: Reservation | None, grain: int = 1) -> dict[Dimension, list[Priced]]:
    """For each dimension, in their order, the components of the elements that are for this phase."""
    found: dict[Dimension, list[Priced]] = {}
    for index, element in enumerate(tariff.elements):
        if element.restrictions.reservation is phase:
            conditions = Conditions(element.restrictions, grain)
            for component in element.components:
                found.setdefault(component.dimension, []).append(Priced(index, component, conditions))
    return found


class Usage:
    """Collects what is used, piece by piece, each piece asked for every dimension that it has."""

    def __init__(self, by_dimension: dict[Dimension, list[Priced]], within: list[Span], grain: int = 1) -> None:
        self._by_dimension, self._spans, self._grain = by_dimension, within, grain
        self._span = 0
        self._used: dict[tuple[int, int], Used] = {}
        self._last: dict[Dimension, Used] = {}
        self._last_timed: Used | None = None
        self._flat: Used | None = None
        every = {id(each.conditions): each.conditions for few in by_dimension.values() for each in few}
        self._conditions = list(every.values())
        self.on_time = any(each.on_time for each in self._conditions)
        self.on_power = any(each.on_power for each in self._conditions)

    def instants(self, since: int) -> list[int]:
        """When, for the time alone, another component may begin to count."""
        times = {each for conditions in self._conditions for each in conditions.times_of_day()}
        durations = {since + each for conditions in self._conditions for each in conditions.durations()}
        return sorted({*(local_instants(self._spans, times) if times else ()), *durations})

    def energies(self) -> set[Quantity]:
        """Likewise the energies, in grains."""
        return {each for conditions in self._conditions for each in conditions.energies()}

    def add(self, piece: Piece, moment: Moment, dimension: Dimension | None) -> None:
        """Count a piece: its energy, and its time for the time-based `dimension`, if that passes."""
        if self._flat is None:
            self._flat = self._counted(Dimension.FLAT, piece, moment, 1)
        if piece.energy:
            self._counted(Dimension.ENERGY, piece, moment, piece.energy)
        if dimension is not None and piece.until > piece.since:
            timed = self._counted(dimension, piece, moment, piece.until - piece.since)
            self._last_timed = timed or self._last_timed

    def _counted(self, dimension: Dimension, piece: Piece, moment: Moment, quantity: Quantity) -> Used | None:
        for priced in self._by_dimension.get(dimension, ()):
            if priced.conditions.hold(moment):
                key = (priced.element, id(priced.component))
                used = self._used.get(key)
                if used is None:
                    used = self._used[key] = Used(priced, piece.since, piece.until)
                used.quantity += quantity
                used.until = piece.since if dimension is Dimension.FLAT else piece.until
                self._last[dimension] = used
                return used
        return None

    def local(self, instant: Instant) -> Instant:
        """The local clock at this instant, where that matters; instants come in order."""
        if not self.on_time:
            return 0
        while instant >= self._spans[self._span].until and self._span + 1 < len(self._spans):
            self._span += 1
        return instant + self._spans[self._span].offset

    def finished(self) -> list[Used]:
        """All that was used, after rounding up to whole steps, in the order in which it was first used."""
        if (energy := self._last.get(Dimension.ENERGY)) is not None:
            self._round_up(energy, self._grain)
        if self._last_timed is not None:
            self._round_up(self._last_timed, SECOND)
        used = list(self._used.values())
        for each in used:
            if each.dimension is Dimension.ENERGY:
                each.quantity, each.stepped = (
                    Fraction(each.quantity) / self._grain,
                    Fraction(each.stepped) / self._grain,
                )
        return used

    def _round_up(self, last: Used, unit: int) -> None:
        step = last.priced.component.step_size * unit
        if step <= 0:
            return
        total = sum(each.quantity for each in self._used.values() if each.dimension is last.dimension)
        last.stepped = -(-total // step) * step - total
        last.quantity += last.stepped


def session_usage(tariff: Tariff, zone: str, reading: Reading, pieces: list[Piece] | None = None) -> list[Used]:
    """What a session used; the pieces are also left in `pieces`."""
    grain, since = reading.grain, reading.since
    usage = Usage(candidates(tariff, None, grain), spans(zone, since, reading.until), grain)
    found = list(reading.pieces(usage.instants(since), usage.energies(), whatever_power=not usage.on_power))
    for piece in found or [Piece(since, since, 0, 0, Flow.SUSPENDED_EVSE, (0, 1), None)]:
        moment = Moment(
            usage.local(piece.since),
            piece.since - since,
            piece.before,
            reading.watts(piece) if usage.on_power else NO_POWER,
            piece.current,
        )
        usage.add(piece, moment, _TIMED.get(piece.flow))
    if pieces is not None:
        pieces += found
    return usage.finished()


def reservation_usage(tariff: Tariff, zone: str, since: int, until: int, expired: bool) -> list[Used]:
    """What a reservation used: its time and its flat fee.

    An expired one is priced by the elements for expired ones, and by those for reservations where they say nothing.
    """
    found: dict[Dimension, list[Priced]] = {}
    for phase in (Reservation.RESERVATION_EXPIRES, Reservation.RESERVATION) if expired else (Reservation.RESERVATION,):
        for dimension, few in candidates(tariff, phase).items():
            found.setdefault(dimension, []).extend(few)
    usage = Usage(found, spans(zone, since, until))
    bounds = [since, *(each for each in usage.instants(since) if since < each < until), until]
    for begin, end in pairwise(bounds):
        piece = Piece(begin, end, 0, 0, Flow.SUSPENDED_EVSE, (0, 1), None)
        usage.add(piece, Moment(usage.local(begin), begin - since, 0, NO_POWER, None), Dimension.TIME)
    return usage.finished()


def idle_intervals(pieces: Iterable[Piece]) -> list[tuple[Instant, Instant]]:
    """When the car blocked the connector and took nothing, by the station's own statements.

    Only after it has charged: a car that waits for its own timer before it begins has not completed anything.
    """
    found: list[tuple[Instant, Instant]] = []
    charged = False
    for piece in pieces:
        if piece.flow in IDLE and charged and piece.until > piece.since:
            if found and found[-1][1] == piece.since:
                found[-1] = (found[-1][0], piece.until)
            else:
                found.append((piece.since, piece.until))
        charged = charged or piece.energy > 0 or (piece.flow is Flow.CHARGING and piece.until > piece.since)
    return found
