"""A priced session's course, and what it costs: one way to every price that anyone is told (invariant 7)."""

from __future__ import annotations

from bisect import bisect_right
from decimal import ROUND_HALF_EVEN, Decimal

from engine.charging.session.pricing import Pricing, Statement
from engine.charging.session.registers import METER_BACKWARDS, UNIT_SCALE
from engine.charging.session.state import SessionState
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.pricing import price

_UNSURE = frozenset({METER_BACKWARDS, UNIT_SCALE})
"""Doubts about the energy with which nobody is told a cost."""

_MILLIWATT_HOUR = Decimal("0.001")
_Anchor = tuple[int, Decimal, Decimal | None]


def cost_of(state: SessionState, pricing: Pricing, until: int, ended: int | None = None) -> Decimal | None:
    """What the session costs up to `until` (microseconds), taxes included; None where that is not sure.

    `ended` is when its connector was free again, None while it is not.
    """
    if pricing.tariff is None or state.started is None or not is_sure(state):
        return None
    return price(pricing.tariff, course_of(state, pricing, ended), until=max(until, state.started)).gross


def is_sure(state: SessionState) -> bool:
    """Whether the energy is sure enough to tell somebody what it costs."""
    return not _UNSURE.intersection(state.doubts)


def course_of(state: SessionState, pricing: Pricing, ended: int | None = None) -> Course:
    """All that is known of the session as marks. The registers never leave what lies between the first and the last.

    A statement's register is that of the readings around it, between which the energy flowed while the car charged.
    """
    started = state.started or 0
    statements = _within(pricing.statements, started, ended)
    first, anchors = _anchors(state, pricing, started, ended)
    charging = _Charging(statements, started)
    marks: list[Mark] = []
    flow, place = Flow.CHARGING, 0
    times = sorted({at for at, *_ in anchors} | {at for at, _ in statements})
    following = 0
    for at in times:
        while place < len(statements) and statements[place][0] <= at:
            flow = statements[place][1]
            place += 1
        while following < len(anchors) and anchors[following][0] <= at:
            following += 1
        before = anchors[following - 1]
        if before[0] == at or following == len(anchors):
            register = before[1]
        else:
            register = _between(before, anchors[following], at, charging)
        marks.append(Mark(at, register, flow, before[2]))
    if marks[0].register_wh != first:
        # All that is known was told in the instant of the start.
        marks.insert(0, marks[0]._replace(register_wh=first))
    return Course(tuple(marks), pricing.zone, ended)


def _within(statements: list[Statement], started: int, ended: int | None) -> list[Statement]:
    """The statements, none before the start or after the end."""
    last = ended if ended is not None else 2**63
    return [(min(max(at, started), last), flow) for at, flow in statements]


def _anchors(state: SessionState, pricing: Pricing, started: int, ended: int | None) -> tuple[Decimal, list[_Anchor]]:
    """The register of the start, and those that are known, in order of time, each time once."""
    last = state.register
    first = state.meter_start if state.meter_start is not None else last
    if first is None:
        first = Decimal(0)
    highest = first if last is None else max(first, last)
    found: dict[int, tuple[Decimal, Decimal | None]] = {started: (first, None)}
    known = [*pricing.readings] if last is None else [*pricing.readings, (state.register_at, last, None)]
    reached = first
    for at, register, current in known:
        if ended is not None:
            at = min(at, ended)
        reached = max(reached, min(register, highest))
        place = max(at, started)
        if current is None and place in found:
            current = found[place][1]
        found[place] = (reached, current)
    return first, [(at, *found[at]) for at in sorted(found)]


def _between(before: _Anchor, after: _Anchor, at: int, charging: _Charging) -> Decimal:
    """The register at a time between two that are known."""
    since = charging.until(before[0])
    part, whole = charging.until(at) - since, charging.until(after[0]) - since
    if not whole:
        part, whole = at - before[0], after[0] - before[0]
    rise = (after[1] - before[1]) * part / whole
    return before[1] + rise.quantize(_MILLIWATT_HOUR, ROUND_HALF_EVEN)


class _Charging:
    """How long the car has charged by any time."""

    __slots__ = ("_since", "_sums", "_times")

    def __init__(self, statements: list[Statement], started: int) -> None:
        self._times, self._sums, self._since = [started], [0], [True]
        for at, flow in statements:
            self._sums.append(self.until(at))
            self._times.append(at)
            self._since.append(flow is Flow.CHARGING)

    def until(self, at: int) -> int:
        """Microseconds of charging from the start to `at`."""
        place = bisect_right(self._times, at) - 1
        return self._sums[place] + (at - self._times[place]) * self._since[place]
