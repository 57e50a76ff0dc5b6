"""StartTransaction and StopTransaction: which are new, which are repeats, and which session they belong to.

A repeat gets the original answer and changes nothing (invariant 2). Nothing that a station tells is refused: what fits
nowhere becomes a session of its own with a doubt.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.charging import deviations, drift
from engine.charging.config import MachineConfig
from engine.charging.correlation import take_expected_start
from engine.charging.effects import Append, AppendMeters, Effect, OpenSession, Reply, SetTimer, TellSession
from engine.charging.events import SessionAmended
from engine.charging.kept import reservations
from engine.charging.messages import Instant, StartAnswer, StartReported, StopAnswer, StopReported, TokenStanding
from engine.charging.session.messages import ConnectorMoved, Finalise, Joined, Opened, Stopped, Superseded
from engine.charging.session.registers import (
    CLOCK_NONSENSE,
    LATE_STOP,
    STOP_BEFORE_START,
    UNKNOWN_TRANSACTION,
    as_text,
    energy_between,
    seconds_between,
)
from engine.charging.smart import charging as smart_charging
from engine.charging.state import TX, ChargePointState, Transaction
from engine.charging.transactions import memory, release
from engine.charging.transactions.release import FINALISE_TIMER
from engine.clock import SECOND

_DAY = 86_400 * SECOND
_SHOWS_FLOW = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})


def open_at(state: ChargePointState, evse: int, connector: int) -> str:
    """The session that is open on a connector, the youngest if there are several, "" if there is none."""
    found: Transaction | None = None
    for transaction in state.open.values():
        here = transaction.evse == evse and transaction.connector == connector
        if here and (found is None or transaction.started >= found.started):
            found = transaction
    return "" if found is None else found.session


def start_reported(
    state: ChargePointState, message: StartReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Answer a repeat as the first time; join a Stop that came before its Start; else open a new session.

    A refused token gets its transaction all the same (1.6, 4.8): the station decides what flows.
    """
    state.last_seen = now
    drift.observe(state, message.at, config)
    key = memory.start_key(message)
    original = memory.of_start(state, key, message.meter_start)
    if original is not None:
        standing = original.start_standing or message.standing.without({original.session})
        number = message.fresh_transaction if original.number is None else original.number
        effects.append(Reply(StartAnswer(number, standing)))
        return
    early = memory.stopped_before(state, message)
    if early is not None:
        _join(state, message, key, early, effects)
    else:
        _open(state, message, key, now, config, effects)
    state.dirty.add(TX)


def _open(
    state: ChargePointState,
    message: StartReported,
    key: str,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    superseded = _superseded_by(state, message)
    standing = _own_standing(message, superseded)
    transaction, session = str(message.fresh_transaction), message.fresh_session
    place = (message.evse, message.connector)
    expected = take_expected_start(state, message.id_token, message.evse, now)
    command = "" if expected is None else expected.command
    for old in superseded:
        effects.append(TellSession(old.session, Superseded(message.at)))
        _close(state, old, now, config)
    state.open[transaction] = Transaction(
        transaction,
        message.fresh_transaction,
        session,
        *place,
        message.id_token,
        key,
        message.meter_start,
        message.at.believed,
        standing,
    )
    token = (message.id_token, standing.status)
    doubts = _clock_doubts(message.at)
    opened = Opened(*place, transaction, *token, message.meter_start, message.at, command, doubts, standing.group)
    release.taken(state, place, message.at.believed, now, effects)
    effects.append(OpenSession(session))
    effects.append(TellSession(session, opened))
    reservations.used(state, message.reservation, session, now, effects)
    connector = state.connectors.get(place)
    if connector is not None and not superseded and connector.status in _SHOWS_FLOW:
        effects.append(TellSession(session, ConnectorMoved(connector.status, message.at)))
    effects.append(Reply(StartAnswer(message.fresh_transaction, standing)))
    if superseded:
        arm(state, effects)


def _superseded_by(state: ChargePointState, message: StartReported) -> list[Transaction]:
    """What was open on this connector before; a younger one is not closed by a Start that comes late."""
    here = [
        transaction
        for transaction in state.open.values()
        if transaction.evse == message.evse
        and transaction.connector == message.connector
        and transaction.started <= message.at.believed
    ]
    return here + memory.crowded_out(state, here)


def _own_standing(message: StartReported, superseded: list[Transaction]) -> TokenStanding:
    """A token is not concurrent with itself: what this Start replaces is over, whether its Stop was lost or it never
    was more than this very Start, said anew with another time after a reconnect."""
    return message.standing.without({transaction.session for transaction in superseded})


def _clock_doubts(at: Instant) -> tuple[str, ...]:
    return (CLOCK_NONSENSE,) if at.believed > at.received + _DAY else ()


def _join(
    state: ChargePointState,
    message: StartReported,
    key: str,
    early: tuple[int, Transaction],
    effects: list[Effect],
) -> None:
    """The Stop came first: its session gets the Start's facts, and the Start a number that is closed already."""
    index, stop = early
    standing = message.standing.without({stop.session})
    joined = replace(
        stop,
        transaction=str(message.fresh_transaction),
        number=message.fresh_transaction,
        evse=message.evse,
        connector=message.connector,
        id_token=message.id_token,
        start_key=key,
        meter_start=message.meter_start,
        started=message.at.believed,
        start_standing=standing,
    )
    at = Instant(stop.stop_said, stop.stopped, message.at.received)
    amended = _amended(
        state.charge_point, joined, message.id_token, stop.id_token, at, stop.reason, (STOP_BEFORE_START,)
    )
    memory.replace(state, index, joined)
    effects.append(Append(amended))
    if stop.finalise_at:
        standing = message.standing
        token = (message.id_token, standing.status, standing.group)
        facts = (message.evse, message.connector, joined.transaction, *token)
        told = Joined(*facts, message.meter_start, message.at.believed, amended.doubts)
        effects.append(TellSession(stop.session, told))
    effects.append(Reply(StartAnswer(message.fresh_transaction, standing)))


def stop_reported(
    state: ChargePointState, message: StopReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Close the transaction; answer a repeat as the first time; keep what names a transaction that nobody knows."""
    state.last_seen = now
    drift.observe(state, message.at, config)
    key = memory.stop_key(message)
    standing = message.standing.for_ending() if message.id_token and message.standing is not None else None
    transaction = state.open.get(message.transaction)
    if transaction is not None:
        transaction.stop_key, transaction.meter_stop = key, message.meter_stop
        transaction.stopped, transaction.stop_standing = message.at.believed, standing
        effects.append(TellSession(transaction.session, _told(message)))
        _close(state, transaction, now, config)
        arm(state, effects)
    else:
        given_out = memory.of_number(state, message.transaction)
        original = memory.of_stop(state, key) if given_out is None else given_out[1]
        if original is None:
            _stop_unknown(state, message, key, standing, now, config, effects)
        elif given_out is not None and not original.stop_key:
            _stop_late(state, message, key, standing, given_out, effects)
        else:
            effects.append(Reply(StopAnswer(original.stop_standing)))
            return
    state.dirty.add(TX)
    effects.append(Reply(StopAnswer(standing)))


def _told(message: StopReported) -> Stopped:
    return Stopped(message.meter_stop, message.id_token, message.reason, message.at, message.readings)


def _close(state: ChargePointState, transaction: Transaction, now: int, config: MachineConfig) -> None:
    state.open.pop(transaction.transaction, None)
    smart_charging.transaction_over(state, transaction.transaction)
    transaction.finalise_at = now + int(config.finalise_after_s * SECOND)
    memory.remember(state, transaction, config.closed_transactions)


def _stop_late(
    state: ChargePointState,
    message: StopReported,
    key: str,
    standing: TokenStanding | None,
    found: tuple[int, Transaction],
    effects: list[Effect],
) -> None:
    """The Stop of a transaction that a later Start had closed: its register is the truth, so the session is amended."""
    index, transaction = found
    transaction.stop_key, transaction.meter_stop = key, message.meter_stop
    transaction.stopped, transaction.stop_standing = message.at.believed, standing
    amended = _amended(
        state.charge_point,
        transaction,
        transaction.id_token,
        message.id_token,
        message.at,
        message.reason,
        (LATE_STOP,),
    )
    memory.replace(state, index, transaction)
    if message.readings:
        effects.append(
            AppendMeters(
                transaction.session,
                transaction.session,
                transaction.evse,
                transaction.connector,
                message.transaction,
                message.readings,
                False,
            )
        )
    effects.append(Append(amended))


def _stop_unknown(
    state: ChargePointState,
    message: StopReported,
    key: str,
    standing: TokenStanding | None,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """Open and close a session of its own: its Start was lost, or is still to come."""
    transaction = Transaction(
        message.transaction, None, message.fresh_session, 0, 0, message.id_token, "", None, 0, None
    )
    transaction.stop_key, transaction.meter_stop = key, message.meter_stop
    transaction.stopped, transaction.stop_standing = message.at.believed, standing
    transaction.stop_said, transaction.reason = message.at.said, message.reason
    doubts = (UNKNOWN_TRANSACTION, *_clock_doubts(message.at))
    opened = Opened(0, 0, message.transaction, message.id_token, "", None, message.at, "", doubts)
    deviations.note(state, deviations.UNKNOWN_TRANSACTION, f"stop of {message.transaction}", now, effects)
    effects.append(OpenSession(message.fresh_session))
    effects.append(TellSession(message.fresh_session, opened))
    effects.append(TellSession(message.fresh_session, _told(message)))
    _close(state, transaction, now, config)
    arm(state, effects)


def _amended(
    charge_point: str,
    transaction: Transaction,
    id_token: str,
    stop_id_token: str,
    at: Instant,
    reason: str,
    doubts: tuple[str, ...],
) -> SessionAmended:
    energy, meter_doubts = energy_between(transaction.meter_start, transaction.meter_stop)
    duration, clock_doubts = seconds_between(transaction.started, at.believed)
    stop: Decimal | None = transaction.meter_stop
    return SessionAmended(
        charge_point,
        transaction.session,
        transaction.evse,
        transaction.connector,
        transaction.transaction,
        id_token,
        stop_id_token,
        as_text(transaction.meter_start),
        as_text(stop),
        as_text(energy),
        transaction.started,
        at.said,
        at.believed,
        at.received,
        duration,
        reason,
        (*doubts, *meter_doubts, *clock_doubts),
    )


def arm(state: ChargePointState, effects: list[Effect]) -> None:
    """Set the timer to when the next closed session becomes final; too many do not wait for that."""
    waiting = memory.awaiting(state)
    while len(waiting) > memory.MAX_WAITING:
        _finalise(state, *waiting.pop(0), effects)
    waiting = [(index, transaction) for index, transaction in waiting if transaction.session not in state.occupied]
    if waiting:
        effects.append(SetTimer(FINALISE_TIMER, min(transaction.finalise_at for _, transaction in waiting)))


def finalise(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """End the sessions whose time for late meter values is over, and whose connectors nobody blocks any more."""
    for index, transaction in memory.awaiting(state):
        if transaction.finalise_at <= now and transaction.session not in state.occupied:
            _finalise(state, index, transaction, effects)
    memory.trim(state, config.closed_transactions)
    arm(state, effects)


def _finalise(state: ChargePointState, index: int, transaction: Transaction, effects: list[Effect]) -> None:
    state.occupied.pop(transaction.session, None)
    effects.append(TellSession(transaction.session, Finalise()))
    transaction.finalise_at = 0
    memory.replace(state, index, transaction)
    state.dirty.add(TX)
