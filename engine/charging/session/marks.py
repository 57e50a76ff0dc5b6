"""Takes down what matters for a session's price as its station tells it, and freezes its tariff.

What is taken down is in `pricing.py`, what becomes of it in `bill.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

from engine.charging.config import MachineConfig
from engine.charging.messages import MeterReading
from engine.charging.session.pricing import (
    ALWAYS,
    NEVER,
    NEXT,
    QUARTER,
    Pricing,
    Register,
    Statement,
    Wants,
    next_kept,
    wants_of,
)
from engine.charging.session.state import SessionState
from engine.tariffs.course import IDLE, Flow
from engine.tariffs.held import Terms

MOST_STATEMENTS = 400
MOST_READINGS = 600

_FLOWS = {
    "Charging": Flow.CHARGING,
    "SuspendedEV": Flow.SUSPENDED_EV,
    "SuspendedEVSE": Flow.SUSPENDED_EVSE,
    "Finishing": Flow.FINISHING,
}
"""What a connector's status, or the cause of a step of a session's, says of the flow."""

_CURRENT = "Current.Import"
_WATTS = Decimal(3_600_000_000)
"""Wh a microsecond in W."""


def freeze(state: SessionState, config: MachineConfig) -> None:
    """Give the session the tariff that held at its start for this connector and token, or no price for good."""
    pricing = state.pricing
    if pricing is None or pricing.tariff is not None or state.started is None:
        return
    terms = terms_of(state, config)
    if terms.tariff is None:
        state.pricing = None
        return
    pricing.tariff, pricing.zone, pricing.dirty, state.dirty = terms.tariff, terms.zone, True, True
    pricing.wants = wants_of(terms.tariff)
    pricing.keep_from = next_kept(pricing.wants, state.register_at, state.energy)


def frozen(state: SessionState) -> tuple[str, int, str]:
    """Id, version and currency of the session's tariff; ("", 0, "") where there is none, or none yet."""
    tariff = None if state.pricing is None else state.pricing.tariff
    return ("", 0, "") if tariff is None else (tariff.id, tariff.version, tariff.currency)


def terms_of(state: SessionState, config: MachineConfig) -> Terms:
    """What held at the session's start, as far as connector and token are known."""
    group = "" if state.pricing is None else state.pricing.group
    return config.tariffs.terms(state.charge_point, state.evse, state.connector, group, state.started or 0)


def stated(state: SessionState, pricing: Pricing, cause: str, at: int) -> bool:
    """The station says what goes on from `at` on. Statements may come late; whether it is the last one.

    Until a car takes something for the first time, it is held to wait for the station.
    """
    flow = _FLOWS.get(cause)
    if flow is None:
        return False
    statements = pricing.statements
    if not statements and flow is not Flow.CHARGING and _has_not_charged(state):
        statements.append((at if state.started is None else min(at, state.started), Flow.SUSPENDED_EVSE))
        pricing.dirty, state.dirty = True, True
        flow = Flow.SUSPENDED_EVSE if flow is Flow.FINISHING else flow
    place = bisect_right(statements, at, key=lambda statement: statement[0])
    before = statements[place - 1][1] if place else Flow.CHARGING
    if before is flow and (place or flow is not Flow.CHARGING):
        return False
    statements.insert(place, (at, flow))
    if len(statements) > MOST_STATEMENTS:
        _thin_statements(statements)
    wants = pricing.wants
    if wants is None or wants.times or wants.powers or wants.currents:
        if state.register is not None:
            _keep(pricing, (state.register_at, state.register, None))
        pricing.keep_from = NEXT
    pricing.dirty, state.dirty = True, True
    return place + 1 >= len(statements)


def _has_not_charged(state: SessionState) -> bool:
    return not state.energy and state.phase in ("authorised", "started")


def passed(
    state: SessionState, pricing: Pricing, before_at: int, before: Decimal | None, reading: MeterReading
) -> None:
    """The newest register is another now: keep it and the one before where they matter."""
    wants, register = pricing.wants, state.register
    if register is None:
        return
    at = state.register_at
    start = state.meter_start
    crossed = pricing.keep_from != ALWAYS or (start is not None and (before or start) <= start < register)
    pricing.keep_from = NEVER
    current = None
    if wants is not None:
        crossed = crossed or (wants.times and before_at // QUARTER != at // QUARTER)
        if wants.powers or wants.currents:
            current = _current_of(reading) if wants.currents else None
            band = _band(wants, before_at, before, at, register, current)
            crossed = crossed or band != pricing.band
            pricing.band = band
        pricing.keep_from = next_kept(wants, at, state.energy)
    if crossed:
        if before is not None:
            _keep(pricing, (before_at, before, None))
        _keep(pricing, (at, register, current))


def _band(
    wants: Wants, before_at: int, before: Decimal | None, at: int, register: Decimal, current: Decimal | None
) -> tuple[int, int]:
    """Between which of the tariff's limits the mean power since the register before lies, and the current."""
    power = Decimal(0)
    if before is not None and at > before_at:
        power = (register - before) * _WATTS / (at - before_at)
    return bisect_right(wants.powers, power), 0 if current is None else bisect_right(wants.currents, current)


def _current_of(reading: MeterReading) -> Decimal | None:
    """The highest current of a phase, A; None where none was told."""
    told = [one.value for one in reading.samples if one.measurand == _CURRENT and one.value is not None]
    return max(told) if told else None


def _keep(pricing: Pricing, reading: Register) -> None:
    readings = pricing.readings
    place = bisect_right(readings, reading[0], key=lambda kept: kept[0])
    if place and readings[place - 1][0] == reading[0]:
        if reading[2] is None:
            reading = (*reading[:2], readings[place - 1][2])
        if readings[place - 1] == reading:
            return
        readings[place - 1] = reading
    else:
        readings.insert(place, reading)
    pricing.dirty = True
    if len(readings) > MOST_READINGS:
        # The oldest half to half as many: its prices go by half hours from now on.
        half = len(readings) // 2
        pricing.readings = [*readings[:half:2], *readings[half:]]


def _thin_statements(statements: list[Statement]) -> None:
    """Leave out the shortest interval whose time does not become an idle one."""
    best, shortest = 0, NEVER
    for place in range(1, len(statements) - 1):
        lasted = statements[place + 1][0] - statements[place][0]
        for_the_better = statements[place][1] in IDLE or statements[place - 1][1] not in IDLE
        if for_the_better and lasted < shortest:
            best, shortest = place, lasted
    if best:
        del statements[best]
        if statements[best][1] is statements[best - 1][1]:
            del statements[best]
