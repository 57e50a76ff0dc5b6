"""A session told by 2.x's TransactionEvents: in any order, each once, what is said once carried forward (2.0.1 E).

Arrival is not order: a charging state counts only if no younger one is known, and what comes after the Ended amends the
session instead of reopening it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, AppendMeters, Effect, TellChargePoint
from engine.charging.events import SessionAmended, SessionIdentified
from engine.charging.messages import Instant, MeterReading, TransactionReported
from engine.charging.session.bill import cost_of
from engine.charging.session.course import close, doubt, in_order, phase_after, take_over, tell
from engine.charging.session.marks import freeze, frozen, passed, stated
from engine.charging.session.messages import Commanded
from engine.charging.session.registers import (
    LATE_STOP,
    METER_BACKWARDS,
    MISSING_EVENTS,
    MISSING_START,
    NO_BEGIN,
    NO_STOP,
    as_text,
    begin_register,
    energy_between,
    register_and_power,
    seconds_between,
    went_back,
)
from engine.charging.session.reports import CostKnown
from engine.charging.session.settling import flows, settle, show_running_cost
from engine.charging.session.state import EventMemory, SessionState
from engine.charging.transitions import SESSION
from engine.clock import SECOND

STARTED: Final = "Started"
UPDATED: Final = "Updated"
ENDED: Final = "Ended"
_APPEND: Final = AppendMeters
_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""

_MOVES = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
    "EVConnected": "Finishing",
    "Idle": "Finishing",
}
"""2.x's ChargingState → the cause in the session's table; what is connected and takes nothing moves no session."""

MOST_AHEAD = 256
"""Events beyond a gap that are remembered one by one. A station that leaves more out has lost the gap."""


def event_told(
    state: SessionState, message: TransactionReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Take one event; a repeat changes nothing (invariant 2)."""
    memory = state.events
    if memory is None:
        memory = state.events = EventMemory()
    if not _is_new(memory, message):
        return
    state.dirty = True
    if state.phase == "stopped":
        _late(state, memory, message, config, effects)
        return
    _learn(state, memory, message, config, effects)
    moved = False
    if message.readings:
        if _take_begin(state, message.readings):
            effects.append(Append(_identified(state, message.at)))
        _metered(state, memory, message.readings, effects)
        state.metered = now
        if message.event != STARTED and (state.energy or state.power):
            moved = _follow(state, "metered", now, config, effects)
    if message.charging_state:
        moved = _stated(state, memory, message, now, config, effects) or moved
    if state.pricing is not None and message.event == UPDATED:
        _priced(state, message, now, config, effects)
    if message.event == ENDED:
        _ended(state, memory, message, now, config, effects)
    elif moved or now - state.told_at >= config.energy_event_interval_s * SECOND:
        tell(state, message.at.believed, now, effects)


def _stated(
    state: SessionState,
    memory: EventMemory,
    message: TransactionReported,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> bool:
    """Take on the charging state, unless a younger one is known; whether the phase is another now."""
    cause = _MOVES.get(message.charging_state)
    if cause is not None and message.event != ENDED and state.pricing is not None:
        flows(state, state.pricing, cause, message.at.believed, now, config, effects)
    if message.seq <= memory.stated:
        return False
    memory.stated = message.seq
    return cause is not None and message.event != ENDED and _follow(state, cause, now, config, effects)


def _priced(
    state: SessionState, message: TransactionReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Energy that flows before the station has told EVSE and token is priced by what is known."""
    if state.phase != "started":
        freeze(state, config)
    if state.pricing is not None and message.readings and not message.offline:
        show_running_cost(state, state.pricing, message.at.believed, now, config, effects)


def _is_new(memory: EventMemory, message: TransactionReported) -> bool:
    """Whether this event was not heard before, and remember it.

    Some stations use a number twice: an event that is younger than all before it is none that is said again.
    """
    seq, at = message.seq, message.at
    if seq < memory.next or seq in memory.ahead:
        if at.believed <= memory.newest or at.believed == at.received:
            return False
    elif seq == memory.next:
        memory.next = seq + 1
    elif message.event == STARTED and not memory.begun:
        # Numbers begin anew with each transaction (E01); of a station that goes on counting, the Started is the first.
        memory.next = seq + 1
        memory.ahead = tuple(other for other in memory.ahead if other > seq)
    else:
        memory.ahead = tuple(sorted((*memory.ahead, seq)))
        if len(memory.ahead) > MOST_AHEAD:
            memory.next, memory.ahead = memory.ahead[0] + 1, memory.ahead[1:]
    if memory.ahead and memory.ahead[0] == memory.next:
        _close_up(memory)
    if at.believed > memory.newest:
        memory.newest = at.believed
    return True


def _close_up(memory: EventMemory) -> None:
    """The gap before what was ahead is filled."""
    ahead = list(memory.ahead)
    while ahead and ahead[0] == memory.next:
        memory.next = ahead.pop(0) + 1
    memory.ahead = tuple(ahead)


def _learn(
    state: SessionState,
    memory: EventMemory,
    message: TransactionReported,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """Carry forward what is said once, and tell of it where the session was known without it before."""
    first_start = message.event == STARTED and not memory.begun
    if not first_start and not message.evse and message.id_token is None:
        return
    before = (state.evse, state.connector, state.id_token, state.started, state.meter_start)
    _take_facts(state, memory, message)
    if state.pricing is not None and state.evse and state.authorisation:
        freeze(state, config)
    if (state.evse, state.connector, state.id_token, state.started, state.meter_start) != before:
        effects.append(Append(_identified(state, message.at)))


def _take_facts(state: SessionState, memory: EventMemory, message: TransactionReported) -> None:
    if message.event == STARTED and not memory.begun:
        memory.begun = True
        state.started = message.at.believed
        register = begin_register(message.readings)
        if register is not None:
            state.meter_start = register
    if message.evse and not state.evse:
        state.evse = message.evse
    if message.connector and not state.connector:
        state.connector = message.connector
    if message.id_token and not state.authorisation and message.event != ENDED:
        state.id_token = message.id_token
        state.authorisation = message.standing.status if message.standing is not None else ""
        if state.pricing is not None and message.standing is not None:
            state.pricing.group = message.standing.group


def commanded(state: SessionState, message: Commanded, effects: list[Effect]) -> None:
    """Remember the command that led here, if none did before, and whom it is for until the station says that."""
    if not state.command:
        state.command, state.dirty = message.command, True
        state.id_token = state.id_token or message.id_token
        effects.append(Append(_identified(state, message.at)))


def _identified(state: SessionState, at: Instant) -> SessionIdentified:
    return SessionIdentified(
        state.charge_point,
        state.session,
        state.evse,
        state.connector,
        state.transaction,
        state.id_token,
        state.authorisation,
        as_text(state.meter_start),
        at.said if state.started == at.believed else None,
        at.believed if state.started is None else state.started,
        at.received,
        state.command,
        state.doubts,
        *frozen(state),
    )


def _take_begin(state: SessionState, readings: tuple[MeterReading, ...]) -> bool:
    """The register of the beginning may come after the Started, with the EVSE (J02). Whether it did."""
    if state.meter_start is not None and NO_BEGIN not in state.doubts:
        return False
    register = begin_register(readings, stated=True)
    if register is None:
        return False
    _resolve(state, NO_BEGIN)
    state.meter_start = register
    return True


def _metered(
    state: SessionState, memory: EventMemory, readings: tuple[MeterReading, ...], effects: list[Effect]
) -> None:
    """Store the readings and take over the newest register and power. This is the hot path."""
    ordered = in_order(state, readings)
    session, transaction = state.session, state.transaction
    meters = (session, session, state.evse, state.connector, transaction, readings, ordered)
    effects.append(_new_tuple(_APPEND, meters))
    pricing = state.pricing
    for reading in readings:
        before_at, before = state.register_at, state.register
        take_over(state, reading)
        if pricing is not None and state.register_at >= pricing.keep_from and state.register_at != before_at:
            passed(state, pricing, before_at, before, reading)
    if state.meter_start is None and memory.begun and state.register is not None:
        # The Started told no register: energy counts from the first one that came, which is a doubt.
        state.meter_start = state.register
        doubt(state, NO_BEGIN)


def _follow(state: SessionState, cause: str, now: int, config: MachineConfig, effects: list[Effect]) -> bool:
    """Move by the session's table; whether the phase is another now."""
    phase = SESSION.arrows[state.phase].get(cause)
    if phase is None:
        phase = phase_after(state, cause, now, config, effects)
    if phase is None or phase == state.phase:
        return False
    state.phase = phase
    if phase.startswith("suspended"):
        state.power = None
    return True


def _ended(
    state: SessionState,
    memory: EventMemory,
    message: TransactionReported,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """Close with the register that the Ended tells, or with the newest one known."""
    phase = phase_after(state, "stopped", now, config, effects)
    if phase is None:
        return
    memory.stop = (message.at, message.id_token or "", message.reason)
    _note_gaps(state, memory)
    _take_stop_register(state, message)
    energy, duration = _judge(state, message.at.believed)
    close(state, phase, message.at, memory.stop[1:], state.register, energy, duration, effects)
    freeze(state, config)
    _total_cost_known(state, memory, message.at.believed, effects)
    if _complete(memory):
        settle(state, message.at.believed, now, config, effects)


def _complete(memory: EventMemory) -> bool:
    """Whether all events of the transaction have come, as far as their numbers tell."""
    return memory.begun and not memory.ahead


def _total_cost_known(state: SessionState, memory: EventMemory, ended: int, effects: list[Effect]) -> None:
    """The cost in all, if there is a price. Where the energy is not sure, no cost is told.

    A station that told all its events and no register has metered nothing that could be charged for.
    """
    if state.pricing is None or (state.register is None and not _complete(memory)):
        return
    cost = cost_of(state, state.pricing, ended, ended)
    if cost is not None:
        effects.append(TellChargePoint(CostKnown(state.session, state.transaction, cost, final=True)))


def _take_stop_register(state: SessionState, message: TransactionReported) -> None:
    """The Ended's own register is the truth, also where it is below what came before (which is a doubt)."""
    for reading in reversed(message.readings):
        register = register_and_power(reading.samples)[0]
        if register is not None:
            if state.register is not None and went_back(state.register, register):
                doubt(state, METER_BACKWARDS)
            state.register, state.register_at = register, reading.at.believed
            return


def _judge(state: SessionState, stopped: int) -> tuple[Decimal | None, int | None]:
    """Energy (Wh) and seconds from what is known now, with the doubts about them noted."""
    energy, doubts = energy_between(state.meter_start, state.register)
    duration, clock_doubts = seconds_between(state.started, stopped)
    for found in (*doubts, *clock_doubts):
        doubt(state, found)
    return energy, duration


def _late(
    state: SessionState,
    memory: EventMemory,
    message: TransactionReported,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """An event after the Ended: its values are stored, and what it teaches amends the session."""
    before = _summary(state, memory)
    _learn(state, memory, message, config, effects)
    cause = _MOVES.get(message.charging_state)
    if cause is not None and message.event != ENDED and state.pricing is not None:
        stated(state, state.pricing, cause, message.at.believed)
    if message.readings:
        place = (state.session, state.session, state.evse, state.connector, state.transaction)
        effects.append(AppendMeters(*place, message.readings, False))
        _take_begin(state, message.readings)
        for reading in message.readings:
            take_over(state, reading)
        state.power = None
    if message.event == ENDED and memory.stop is None:
        # A later transaction had closed this one.
        memory.stop = (message.at, message.id_token or "", message.reason)
        _take_stop_register(state, message)
        _resolve(state, NO_STOP)
        doubt(state, LATE_STOP)
        _total_cost_known(state, memory, message.at.believed, effects)
    _note_gaps(state, memory)
    if memory.stop is not None and _summary(state, memory) != before:
        effects.append(Append(_amended(state, memory.stop, message.at.received)))
    if memory.stop is not None and _complete(memory):
        settle(state, memory.stop[0].believed, message.at.received, config, effects)


def _summary(state: SessionState, memory: EventMemory) -> tuple[object, ...]:
    facts = (state.evse, state.connector, state.id_token, state.started, state.meter_start)
    return (*facts, state.register, state.doubts, memory.stop)


def _note_gaps(state: SessionState, memory: EventMemory) -> None:
    """Doubt what is known to be incomplete, for as long as it is."""
    for cause, holds in ((MISSING_START, not memory.begun), (MISSING_EVENTS, memory.begun and bool(memory.ahead))):
        if holds:
            doubt(state, cause)
        else:
            _resolve(state, cause)


def _resolve(state: SessionState, settled: str) -> None:
    """A doubt that is none any more."""
    state.doubts = tuple(known for known in state.doubts if known != settled)


def _amended(state: SessionState, stop: tuple[Instant, str, str], received: int) -> SessionAmended:
    at, stop_token, reason = stop
    energy, duration = _judge(state, at.believed)
    return SessionAmended(
        state.charge_point,
        state.session,
        state.evse,
        state.connector,
        state.transaction,
        state.id_token,
        stop_token,
        as_text(state.meter_start),
        as_text(state.register),
        as_text(energy),
        state.started,
        at.said,
        at.believed,
        received,
        duration,
        reason,
        state.doubts,
    )
