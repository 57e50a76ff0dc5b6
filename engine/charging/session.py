"""The session's machine: from the Start to the last late meter value.

`step` is called by whoever performs a charge point's `TellSession`, in the same step and commit. A state belongs to
`step`, which changes it in place; `dirty` says that its snapshot part is to be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from engine.charging.config import MachineConfig
from engine.charging.deviations import ILLEGAL_TRANSITION
from engine.charging.effects import Append, AppendMeters, Effect, ForgetSession
from engine.charging.events import DeviationSeen, SessionChanged, SessionStarted, SessionStopped
from engine.charging.messages import Instant, MeterReading, MetersReported
from engine.charging.registers import (
    METER_BACKWARDS,
    MOST_WH,
    NO_STOP,
    UNIT_SCALE,
    UNKNOWN_TRANSACTION,
    as_text,
    energy_between,
    register_and_power,
    seconds_between,
    wrong_scale,
)
from engine.charging.session_messages import ConnectorMoved, Finalise, Opened, SessionMessage, Stopped, Superseded
from engine.charging.transitions import SESSION
from engine.clock import SECOND


@dataclass(slots=True)
class SessionState:
    """One session. `SessionState(charge_point, session)` is one that nothing was said to yet.

    `register` (Wh) is the newest import register and `register_at` its time; `newest` is the youngest reading of the
    session's meter stream. `told_at` is when the last event about it went out. Times are microseconds.
    """

    charge_point: str
    session: str
    phase: str = SESSION.initial
    evse: int = 0
    connector: int = 0
    transaction: str = ""
    id_token: str = ""
    authorisation: str = ""
    command: str = ""
    meter_start: Decimal | None = None
    started: int | None = None
    register: Decimal | None = None
    register_at: int = 0
    power: Decimal | None = None
    newest: int = 0
    metered: int = 0
    told_at: int = 0
    doubts: tuple[str, ...] = ()
    dirty: bool = False

    @property
    def energy(self) -> Decimal | None:
        """Energy so far in Wh."""
        if self.register is None or self.meter_start is None:
            return None
        return self.register - self.meter_start


def step(
    state: SessionState, message: SessionMessage, now: int, config: MachineConfig
) -> tuple[SessionState, list[Effect]]:
    """Take one message. Raises IllegalTransition only when `config.strict`."""
    effects: list[Effect] = []
    match message:
        case MetersReported():
            _metered(state, message, now, config, effects)
        case ConnectorMoved():
            phase = _phase_after(state, message.status, now, config, effects)
            if phase is not None:
                if phase.startswith("suspended"):
                    state.power = None
                _move(state, phase, message.at.believed, now, effects)
        case Opened():
            _opened(state, message, now, config, effects)
        case Stopped():
            _stopped(state, message, now, config, effects)
        case Superseded():
            _superseded(state, message, now, config, effects)
        case Finalise():
            phase = _phase_after(state, "finalise", now, config, effects)
            if phase is not None:
                state.phase = phase
                effects.append(ForgetSession(state.session))
        case _:
            assert_never(message)
    return state, effects


def _phase_after(state: SessionState, cause: str, now: int, config: MachineConfig, effects: list[Effect]) -> str | None:
    phase = SESSION.follow(state.phase, cause, strict=config.strict)
    if phase is None:
        detail = f"session {state.session}: {cause} while {state.phase}"
        effects.append(Append(DeviationSeen(state.charge_point, now, ILLEGAL_TRANSITION, detail, 1)))
    return phase


def _opened(state: SessionState, message: Opened, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    phase = _phase_after(state, "opened", now, config, effects)
    if phase is None:
        return
    state.phase, state.dirty = phase, True
    state.evse, state.connector, state.transaction = message.evse, message.connector, message.transaction
    state.id_token, state.authorisation, state.command = message.id_token, message.authorisation, message.command
    state.meter_start = message.meter_start
    state.doubts = message.doubts
    state.started = None if UNKNOWN_TRANSACTION in message.doubts else message.at.believed
    state.told_at = now
    event = SessionStarted(
        state.charge_point,
        state.session,
        message.evse,
        message.connector,
        message.transaction,
        message.id_token,
        message.authorisation,
        as_text(message.meter_start),
        message.at.said,
        message.at.believed,
        message.at.received,
        message.command,
        message.doubts,
    )
    effects.append(Append(event))


def _metered(
    state: SessionState, message: MetersReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Store the readings, and take over the newest register and power. This is the hot path."""
    phase = SESSION.arrows[state.phase].get("metered")
    readings = message.readings
    # A late Stop's readings went past this state, so after the end nothing is sure to be new.
    ordered = _in_order(state, readings) and phase != "stopped"
    effects.append(
        AppendMeters(
            state.session,
            state.session,
            message.evse,
            message.connector,
            message.transaction,
            readings,
            ordered,
        )
    )
    state.metered = now
    state.dirty = True
    if phase is None:
        _phase_after(state, "metered", now, config, effects)
    elif phase != "stopped":
        for reading in readings:
            _take_over(state, reading)
        if phase != state.phase:
            _move(state, phase, state.newest, now, effects)
        elif now - state.told_at >= config.energy_event_interval_s * SECOND:
            _tell(state, state.newest, now, effects)


def _in_order(state: SessionState, readings: tuple[MeterReading, ...]) -> bool:
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


def _take_over(state: SessionState, reading: MeterReading) -> None:
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
            _doubt(state, METER_BACKWARDS)
            if wrong_scale(start, register):
                _doubt(state, UNIT_SCALE)
            return
        if register - start > MOST_WH and wrong_scale(start, register):
            _doubt(state, UNIT_SCALE)
    if known is not None and register < known:
        if believed == state.register_at:
            return
        _doubt(state, METER_BACKWARDS)
    state.register, state.register_at = register, believed


def _doubt(state: SessionState, doubt: str) -> None:
    if doubt not in state.doubts:
        state.doubts = (*state.doubts, doubt)


def _move(state: SessionState, phase: str, believed: int, now: int, effects: list[Effect]) -> None:
    if phase == state.phase:
        return
    state.phase = phase
    state.dirty = True
    _tell(state, believed, now, effects)


def _tell(state: SessionState, believed: int, now: int, effects: list[Effect]) -> None:
    state.told_at = now
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
    )
    effects.append(Append(event))


def _stopped(state: SessionState, message: Stopped, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Close with the Stop's own register; its transactionData goes into the meter stream, checked for repeats."""
    phase = _phase_after(state, "stopped", now, config, effects)
    if phase is None:
        return
    if message.readings:
        place = (state.session, state.session, state.evse, state.connector, state.transaction)
        effects.append(AppendMeters(*place, message.readings, _in_order(state, message.readings)))
    energy, doubts = energy_between(state.meter_start, message.meter_stop)
    duration, clock_doubts = seconds_between(state.started, message.at.believed)
    for doubt in (*doubts, *clock_doubts):
        _doubt(state, doubt)
    if state.register is not None and message.meter_stop < state.register:
        _doubt(state, METER_BACKWARDS)
    state.register, state.register_at = message.meter_stop, message.at.believed
    token_and_reason = (message.id_token, message.reason)
    _close(state, phase, message.at, token_and_reason, message.meter_stop, energy, duration, effects)


def _superseded(
    state: SessionState, message: Superseded, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Close without a Stop: energy and end are those of the last register, None where there was none."""
    phase = _phase_after(state, "superseded", now, config, effects)
    if phase is None:
        return
    _doubt(state, NO_STOP)
    duration = None
    at = Instant(None, message.at.believed, message.at.received)
    if state.register is not None:
        at = at._replace(believed=state.register_at)
        duration = seconds_between(state.started, at.believed)[0]
    _close(state, phase, at, ("", ""), state.register, state.energy, duration, effects)


def _close(
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
