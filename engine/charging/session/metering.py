"""MeterValues: which session they belong to. The way to an open session is the hot path and does nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from engine.charging import deviations, drift
from engine.charging.config import MachineConfig
from engine.charging.connectors import ACKNOWLEDGED
from engine.charging.effects import AppendMeters, Effect, ForgetSession, TellSession
from engine.charging.messages import MeterReading, MetersReported
from engine.charging.session.registers import register_and_power
from engine.charging.state import CORE, ChargePointState
from engine.charging.transactions import memory
from engine.clock import SECOND

_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""
_TELL: Final = TellSession
_ACKNOWLEDGED: Final = ACKNOWLEDGED

_DAY = 86_400 * SECOND

KEPT_DAYS = 3
"""How many days' streams outside of transactions keep their digests for good; older ones expire (7 days later)."""


def meters_reported(
    state: ChargePointState, message: MetersReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Hand the readings to the session of their transaction, open or closed; else store them as the station's own."""
    state.last_seen = now
    readings = message.readings
    if readings:
        drift.observe(state, readings[-1].at, config)
        transaction = state.open.get(message.transaction)
        if transaction is not None:
            effects.append(_new_tuple(_TELL, (transaction.session, message)))
        elif not message.transaction or not _late(state, message, effects):
            _outside(state, message, now, effects)
    effects.append(_ACKNOWLEDGED)


def _late(state: ChargePointState, message: MetersReported, effects: list[Effect]) -> bool:
    """Values after the Stop: stored under their session, which they do not reopen."""
    found = memory.of_number(state, message.transaction)
    if found is None:
        return False
    session = found[1].session
    if found[1].finalise_at:
        effects.append(TellSession(session, message))
    else:
        effects.append(
            AppendMeters(
                session, session, message.evse, message.connector, message.transaction, message.readings, False
            )
        )
    return True


def _outside(state: ChargePointState, message: MetersReported, now: int, effects: list[Effect]) -> None:
    """Values of no transaction, or of one that nobody knows: they show live power and belong to no session."""
    if message.transaction:
        detail = f"meter values of {message.transaction}"
        deviations.note(state, deviations.UNKNOWN_TRANSACTION, detail, now, effects)
    for day, group in groupby(message.readings, key=lambda reading: reading.at.believed // _DAY):
        readings = tuple(group)
        _open_day(state, day, effects)
        effects.append(
            AppendMeters(
                stream_of(state.charge_point, day),
                "",
                message.evse,
                message.connector,
                message.transaction,
                readings,
                _in_order(state, readings),
            )
        )
    connector = state.connectors.get((message.evse, message.connector))
    power = register_and_power(message.readings[-1].samples)[1]
    if connector is not None and power is not None:
        connector.power = power
    state.dirty.add(CORE)


def stream_of(charge_point: str, day: int) -> str:
    """The name of a day's meter stream outside of transactions; `day` counts from 1970-01-01 (UTC)."""
    try:
        date = datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        date = str(day)
    return f"{charge_point}:{date}"


def _open_day(state: ChargePointState, day: int, effects: list[Effect]) -> None:
    """Remember the day's stream; the one that was opened first makes room."""
    if day in state.loose_days:
        return
    state.loose_days.append(day)
    if len(state.loose_days) > KEPT_DAYS:
        effects.append(ForgetSession(stream_of(state.charge_point, state.loose_days.pop(0))))


def _in_order(state: ChargePointState, readings: tuple[MeterReading, ...]) -> bool:
    """Whether each reading is younger than all that this station ever sent outside of transactions, on any day."""
    ordered = True
    for reading in readings:
        if reading.at.believed > state.loose_newest:
            state.loose_newest = reading.at.believed
        else:
            ordered = False
    return ordered
