"""The steps that every session takes, whichever way its station tells of it: metered, moved, told of, closed."""

from __future__ import annotations

from decimal import Decimal

from engine.charging.config import MachineConfig
from engine.charging.deviations import ILLEGAL_TRANSITION
from engine.charging.effects import Append, Effect
from engine.charging.events import DeviationSeen, SessionChanged, SessionStopped
from engine.charging.messages import Instant, MeterReading
from engine.charging.session.bill import cost_of
from engine.charging.session.registers import (
    METER_BACKWARDS,
    MOST_WH,
    UNIT_SCALE,
    as_text,
    register_and_power,
    went_back,
    wrong_scale,
)
from engine.charging.session.state import Closing, SessionState
from engine.charging.transitions import SESSION
from engine.clock import SECOND

_RECKONED_S = 10
"""So old may the price be that is told beside something else: that of a long session takes milliseconds to reckon."""


def phase_after(state: SessionState, cause: str, now: int, config: MachineConfig, effects: list[Effect]) -> str | None:
    phase = SESSION.follow(state.phase, cause, strict=config.strict)
    if phase is None:
        detail = f"session {state.session}: {cause} while {state.phase}"
        effects.append(Append(DeviationSeen(state.charge_point, now, ILLEGAL_TRANSITION, detail, 1)))
    return phase


def in_order(state: SessionState, readings: tuple[MeterReading, ...]) -> bool:
    """Whether each reading is younger than all before it in this session; remember the youngest."""
    newest = state.newest
    ordered = True
    for reading in readings:
        believed = reading.at.believed
        if believed > newest:
            newest = believed
        else:
            ordered = False
    state.newest = newest
    return ordered


def take_over(state: SessionState, reading: MeterReading) -> None:
    """The register counts if it is the newest; one below the start never does. Late and repeated ones do nothing."""
    believed = reading.at.believed
    register, power = register_and_power(reading.samples)
    if power is not None and believed >= state.newest:
        state.power = power
    if register is None or believed < state.register_at:
        return
    start, known = state.meter_start, state.register
    if start is not None:
        if register < start:
            if went_back(start, register):
                doubt(state, METER_BACKWARDS)
            if wrong_scale(start, register):
                doubt(state, UNIT_SCALE)
            return
        if register - start > MOST_WH and wrong_scale(start, register):
            doubt(state, UNIT_SCALE)
    if known is not None and register < known:
        if believed == state.register_at:
            return
        if went_back(known, register):
            doubt(state, METER_BACKWARDS)
    state.register, state.register_at = register, believed


def doubt(state: SessionState, doubt: str) -> None:
    if doubt not in state.doubts:
        state.doubts = (*state.doubts, doubt)


def move(state: SessionState, phase: str, believed: int, now: int, effects: list[Effect]) -> None:
    if phase == state.phase:
        return
    state.phase = phase
    state.dirty = True
    tell(state, believed, now, effects)


def tell(state: SessionState, believed: int, now: int, effects: list[Effect]) -> None:
    """Tell of state, energy and, where there is a price, what it comes to by `believed`."""
    state.told_at = now
    state.dirty = True
    cost, currency, pricing = None, "", state.pricing
    if pricing is not None and pricing.tariff is not None:
        if now - pricing.reckoned >= _RECKONED_S * SECOND:
            pricing.cost, pricing.reckoned = cost_of(state, pricing, believed), now
        cost, currency = as_text(pricing.cost), pricing.tariff.currency
    event = SessionChanged(
        state.charge_point,
        state.session,
        state.evse,
        state.connector,
        state.phase,
        as_text(state.energy) or "0",
        as_text(state.power),
        believed,
        now,
        cost,
        currency,
    )
    effects.append(Append(event))


def close(
    state: SessionState,
    phase: str,
    at: Instant,
    token_and_reason: tuple[str, str],
    meter_stop: Decimal | None,
    energy: Decimal | None,
    duration: int | None,
    effects: list[Effect],
) -> None:
    stop_id_token, reason = token_and_reason
    state.phase, state.power, state.dirty = phase, None, True
    state.closing = Closing(at.believed, reason)
    event = SessionStopped(
        state.charge_point,
        state.session,
        state.evse,
        state.connector,
        state.transaction,
        state.id_token,
        stop_id_token,
        as_text(state.meter_start),
        as_text(meter_stop),
        as_text(energy),
        state.started,
        at.said,
        at.believed,
        at.received,
        duration,
        reason,
        state.doubts,
    )
    effects.append(Append(event))
