"""The session's machine: from the Start to the last late meter value.

`step` is called by whoever performs a charge point's `TellSession`, in the same step and commit. A state belongs to
`step`, which changes it in place; `dirty` says that its snapshot part is to be written.
"""

from __future__ import annotations

from typing import Final, assert_never

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, AppendMeters, Effect, ForgetSession
from engine.charging.events import SessionStarted
from engine.charging.messages import Instant, MetersReported, TransactionReported
from engine.charging.session.course import close, doubt, in_order, move, phase_after, take_over, tell
from engine.charging.session.marks import freeze, frozen, passed
from engine.charging.session.messages import (
    Commanded,
    ConnectorMoved,
    Finalise,
    Joined,
    Opened,
    PriceDue,
    Released,
    SessionMessage,
    Stopped,
    Superseded,
)
from engine.charging.session.pricing import NEVER, Pricing
from engine.charging.session.registers import (
    METER_BACKWARDS,
    NO_STOP,
    UNKNOWN_TRANSACTION,
    as_text,
    energy_between,
    seconds_between,
    went_back,
)
from engine.charging.session.settling import flows, joined, price_due, released, settle, stopped
from engine.charging.session.state import Closing, SessionState
from engine.charging.session.told import commanded, event_told
from engine.charging.transitions import SESSION
from engine.clock import SECOND

__all__ = ["SessionState", "step"]

_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""
_APPEND: Final = AppendMeters


def step(
    state: SessionState, message: SessionMessage, now: int, config: MachineConfig
) -> tuple[SessionState, list[Effect]]:
    """Take one message. Raises IllegalTransition only when `config.strict`."""
    effects: list[Effect] = []
    match message:
        case MetersReported():
            _metered(state, message, now, config, effects)
        case TransactionReported():
            event_told(state, message, now, config, effects)
        case ConnectorMoved():
            if state.pricing is not None:
                flows(state, state.pricing, message.status, message.at.believed, now, config, effects)
            phase = phase_after(state, message.status, now, config, effects)
            if phase is not None:
                if phase.startswith("suspended"):
                    state.power = None
                move(state, phase, message.at.believed, now, effects)
        case Commanded():
            commanded(state, message, effects)
        case Opened():
            _opened(state, message, now, config, effects)
        case Stopped():
            _stopped(state, message, now, config, effects)
        case Superseded():
            _superseded(state, message, now, config, effects)
        case Joined():
            joined(state, message, now, config, effects)
        case Released():
            released(state, message, now, config, effects)
        case PriceDue():
            price_due(state, now, config, effects)
        case Finalise():
            if state.closing is None:
                # Stopped under a release that settled nothing yet.
                state.closing = Closing(state.register_at or now, "")
            settle(state, state.closing.stopped, now, config, effects)
            phase = phase_after(state, "finalise", now, config, effects)
            if phase is not None:
                state.phase = phase
                effects.append(ForgetSession(state.session))
        case _:
            assert_never(message)
    return state, effects


def _opened(state: SessionState, message: Opened, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    phase = phase_after(state, "opened", now, config, effects)
    if phase is None:
        return
    state.phase, state.dirty = phase, True
    state.evse, state.connector, state.transaction = message.evse, message.connector, message.transaction
    state.id_token, state.authorisation, state.command = message.id_token, message.authorisation, message.command
    state.meter_start = message.meter_start
    state.doubts = message.doubts
    state.started = None if UNKNOWN_TRANSACTION in message.doubts else message.at.believed
    state.pricing = None if config.tariffs.nothing or state.started is None else Pricing(group=message.group)
    if message.evse and message.authorisation:
        freeze(state, config)
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
        config.tariffs.network_of(state.charge_point),
        *frozen(state),
    )
    effects.append(Append(event))


def _metered(
    state: SessionState, message: MetersReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Store the readings, and take over the newest register and power. This is the hot path."""
    phase = SESSION.arrows[state.phase].get("metered")
    readings = message.readings
    # A late Stop's readings went past this state, so after the end nothing is sure to be new.
    ordered = in_order(state, readings) and phase != "stopped"
    session = state.session
    evse, connector, transaction = message.evse, message.connector, message.transaction
    effects.append(_new_tuple(_APPEND, (session, session, evse, connector, transaction, readings, ordered)))
    state.metered = now
    state.dirty = True
    if phase is None:
        phase_after(state, "metered", now, config, effects)
    elif phase != "stopped":
        pricing = state.pricing
        for reading in readings:
            before_at, before = state.register_at, state.register
            take_over(state, reading)
            if pricing is not None and state.register_at >= pricing.keep_from and state.register_at != before_at:
                passed(state, pricing, before_at, before, reading)
        if phase != state.phase:
            move(state, phase, state.newest, now, effects)
        elif now - state.told_at >= config.energy_event_interval_s * SECOND:
            tell(state, state.newest, now, effects)


def _stopped(state: SessionState, message: Stopped, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Close with the Stop's own register; its transactionData goes into the meter stream, checked for repeats."""
    phase = phase_after(state, "stopped", now, config, effects)
    if phase is None:
        return
    if message.readings:
        place = (state.session, state.session, state.evse, state.connector, state.transaction)
        effects.append(AppendMeters(*place, message.readings, in_order(state, message.readings)))
        _told_with_stop(state, message)
    energy, doubts = energy_between(state.meter_start, message.meter_stop)
    duration, clock_doubts = seconds_between(state.started, message.at.believed)
    for found in (*doubts, *clock_doubts):
        doubt(state, found)
    if state.register is not None and went_back(state.register, message.meter_stop):
        doubt(state, METER_BACKWARDS)
    state.register, state.register_at = message.meter_stop, message.at.believed
    token_and_reason = (message.id_token, message.reason)
    close(state, phase, message.at, token_and_reason, message.meter_stop, energy, duration, effects)
    stopped(state, now, config, effects)


def _told_with_stop(state: SessionState, message: Stopped) -> None:
    """Where the price asks for more registers than the last one, those told with the Stop count too."""
    pricing = state.pricing
    if pricing is None or pricing.keep_from == NEVER:
        return
    for reading in message.readings:
        before_at, before = state.register_at, state.register
        if before_at < reading.at.believed <= message.at.believed:
            take_over(state, reading)
            if state.register_at >= pricing.keep_from and state.register_at != before_at:
                passed(state, pricing, before_at, before, reading)


def _superseded(
    state: SessionState, message: Superseded, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Close without a Stop: energy and end are those of the last register, None where there was none."""
    phase = phase_after(state, "superseded", now, config, effects)
    if phase is None:
        return
    doubt(state, NO_STOP)
    duration = None
    at = Instant(None, message.at.believed, message.at.received)
    if state.register is not None:
        at = at._replace(believed=state.register_at)
        duration = seconds_between(state.started, at.believed)[0]
    close(state, phase, at, ("", ""), state.register, state.energy, duration, effects)
    settle(state, at.believed, now, config, effects)
