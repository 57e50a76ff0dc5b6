"""TransactionEvent of 2.x: which transaction and session an event belongs to, and what the station is answered.

A station names its transactions itself and sends their events in any order, queued ones with old times (2.0.1 E04,
E11). Whether an event is a repeat is its session's to know; nothing that a station tells is refused.
"""

from __future__ import annotations

import hashlib
from typing import Final

from engine.charging import connectors, drift
from engine.charging.config import MachineConfig
from engine.charging.correlation import take_expected_start
from engine.charging.effects import AppendMeters, Effect, OpenSession, Reply, TellSession
from engine.charging.kept import parts as kept
from engine.charging.kept import reservations
from engine.charging.messages import NOTHING_TO_SAY, TokenStanding, TransactionAnswer, TransactionReported
from engine.charging.session.messages import Commanded, Opened, Superseded
from engine.charging.session.registers import begin_register
from engine.charging.session.told import ENDED, STARTED
from engine.charging.smart import charging as smart_charging
from engine.charging.standing import CONCURRENT
from engine.charging.state import CORE, TX, ChargePointState, Transaction
from engine.charging.transactions import memory
from engine.charging.transactions.classic import arm
from engine.clock import SECOND

_ANSWERED: Final = Reply(NOTHING_TO_SAY)
_TELL: Final = TellSession
_new_tuple: Final = tuple.__new__
_NAMED_BY_STATION = 0
_ENDED_KEY = "ended"

_STATUS_OF: Final = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
    "EVConnected": "Finishing",
}
"""What a charging state makes of an occupied connector. EVConnected counts only after charging: before, the table has
no arrow from Preparing to Finishing that means it."""


def event_reported(
    state: ChargePointState, message: TransactionReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Answer, and hand the event to its transaction's session, which is opened if need be and may know its cost."""
    state.last_seen = now
    if not message.offline:
        drift.observe(state, message.at, config)
    if message.standing is not None and message.standing.status == CONCURRENT:
        message = message._replace(standing=_own_standing(state, message, message.standing))
    transaction, place = state.open.get(message.transaction), 0
    if transaction is None:
        found = memory.of_number(state, message.transaction)
        if found is not None and not _is_new_of_old_name(message, found[1]):
            _late(state, message, found, effects)
            return
        transaction = _open(state, message, now, config, effects)
    else:
        place = transaction.evse
        if (message.evse and not transaction.evse) or (message.id_token and transaction.start_standing is None):
            _carry_forward(state, transaction, message)
        if message.remote_start is not None:
            _commanded(state, transaction, message, message.remote_start, now, effects)
    transaction.heard += 1
    reservations.used(state, message.reservation, transaction.session, now, effects)
    standing = message.standing
    if message.event == STARTED:
        transaction.first_event = message.seq
        if standing is not None:
            standing = transaction.start_standing or standing
    effects.append(_ANSWERED if standing is None else Reply(TransactionAnswer(standing)))
    effects.append(_new_tuple(_TELL, (transaction.session, message)))
    if message.charging_state or message.event == ENDED:
        _show(state, transaction, message, effects)
    if message.event == ENDED:
        _end(state, transaction, message, now, config)
        arm(state, effects)
    elif transaction.evse != place and not message.offline and kept.NEEDS in state.kept:
        smart_charging.transaction_begun(state, transaction.evse, now, effects)


def _own_standing(state: ChargePointState, message: TransactionReported, standing: TokenStanding) -> TokenStanding:
    """A token is not concurrent with itself: with this transaction, or with those that this one replaces.

    One that is shown to end the transaction is not asked how many are open.
    """
    transaction = state.open.get(message.transaction)
    if message.event == ENDED or (transaction is not None and transaction.start_standing is not None):
        return standing.for_ending()
    if transaction is not None:
        return standing.without({transaction.session})
    return standing.without({old.session for old in _superseded_by(state, message)})


def _is_new_of_old_name(message: TransactionReported, known: Transaction) -> bool:
    """A station that counts its transactions anew after a reset: a Started after that name's end is another's."""
    return message.event == STARTED and bool(known.stopped) and message.at.believed > known.stopped


def _open(
    state: ChargePointState, message: TransactionReported, now: int, config: MachineConfig, effects: list[Effect]
) -> Transaction:
    superseded = _superseded_by(state, message)
    for old in superseded:
        effects.append(TellSession(old.session, Superseded(message.at)))
        _close(state, old, now + int(config.late_events_s * SECOND), config)
    if superseded:
        arm(state, effects)
    place = (message.evse, message.connector or _only_connector(state, message.evse))
    id_token = "" if message.id_token is None or message.event == ENDED else message.id_token
    session = _session_of(state.charge_point, message)
    expected = take_expected_start(state, id_token, message.evse, now, message.remote_start)
    command = "" if expected is None else expected.command
    if expected is not None and message.event != ENDED:
        # A station need not repeat whom it was to start for.
        id_token = id_token or expected.id_token
    transaction = Transaction(
        *(message.transaction, _NAMED_BY_STATION, session),
        *place,
        id_token,
        start_key="",
        meter_start=None,
        started=message.at.believed,
        start_standing=message.standing if message.id_token and message.event != ENDED else None,
    )
    state.open[message.transaction] = transaction
    state.dirty.add(TX)
    standing = transaction.start_standing
    authorisation = "" if standing is None else standing.status
    meter_start = begin_register(message.readings) if message.event == STARTED else None
    group = "" if standing is None else standing.group
    token = (id_token, authorisation)
    opened = Opened(*place, message.transaction, *token, meter_start, message.at, command, group=group)
    effects.append(OpenSession(session))
    effects.append(TellSession(session, opened))
    return transaction


def _session_of(charge_point: str, message: TransactionReported) -> str:
    """A name for the session that no other has: this transaction as it was first heard of."""
    words = f"{charge_point}\x00{message.transaction}\x00{message.at.received}"
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()


def _only_connector(state: ChargePointState, evse: int) -> int:
    """The connector of an EVSE of which the event tells none: its only one as far as is known, else its first."""
    known = [connector for place, connector in state.connectors if place == evse]
    return known[0] if len(known) == 1 else min(evse, 1)


def _superseded_by(state: ChargePointState, message: TransactionReported) -> list[Transaction]:
    """What was open on this EVSE before: it has one transaction at a time, so the Ended of that one was lost."""
    starts = message.event == STARTED and message.evse
    here = [
        transaction
        for transaction in state.open.values()
        if starts and transaction.evse == message.evse and transaction.started <= message.at.believed
    ]
    return here + memory.crowded_out(state, here)


def _carry_forward(state: ChargePointState, transaction: Transaction, message: TransactionReported) -> None:
    """EVSE and token are said once, in whichever event. What the station says of the token is above what we presume."""
    if message.evse and not transaction.evse:
        transaction.evse = message.evse
        transaction.connector = message.connector or _only_connector(state, message.evse)
        state.dirty.add(TX)
    if message.id_token and transaction.start_standing is None and message.event != ENDED:
        transaction.id_token, transaction.start_standing = message.id_token, message.standing
        state.dirty.add(TX)


def _commanded(
    state: ChargePointState,
    transaction: Transaction,
    message: TransactionReported,
    remote_start: int,
    now: int,
    effects: list[Effect],
) -> None:
    """A remote start that came to a transaction under way: the cable was in first (F01)."""
    expected = take_expected_start(state, transaction.id_token, transaction.evse, now, remote_start)
    if expected is not None:
        transaction.id_token = transaction.id_token or expected.id_token
        effects.append(TellSession(transaction.session, Commanded(expected.command, expected.id_token, message.at)))
        state.dirty |= {CORE, TX}


def _show(
    state: ChargePointState, transaction: Transaction, message: TransactionReported, effects: list[Effect]
) -> None:
    """Let the connector's status follow, unless the event is old news."""
    status = "Finishing" if message.event == ENDED else _STATUS_OF.get(message.charging_state)
    if status is None or message.offline:
        return
    place = (transaction.evse, transaction.connector)
    known = state.connectors.get(place)
    if status == "Finishing" and (known is None or known.status == "Preparing"):
        return
    connectors.follow_transaction(state, place, status, message.at, effects)


def _end(
    state: ChargePointState, transaction: Transaction, message: TransactionReported, now: int, config: MachineConfig
) -> None:
    """Close the transaction. Where events are missing, its session waits for them longer."""
    transaction.stop_key = _ENDED_KEY
    transaction.stopped, transaction.stop_standing = message.at.believed, message.standing
    first = transaction.first_event
    complete = first is not None and transaction.heard >= message.seq - first + 1
    patience = config.finalise_after_s if complete else config.late_events_s
    _close(state, transaction, now + int(patience * SECOND), config)


def _close(state: ChargePointState, transaction: Transaction, finalise_at: int, config: MachineConfig) -> None:
    state.open.pop(transaction.transaction, None)
    smart_charging.transaction_over(state, transaction.transaction)
    transaction.finalise_at = finalise_at
    memory.remember(state, transaction, config.closed_transactions)
    state.dirty.add(TX)


def _late(
    state: ChargePointState, message: TransactionReported, found: tuple[int, Transaction], effects: list[Effect]
) -> None:
    """An event after its transaction's end. A final session keeps its values and is not amended any more."""
    index, transaction = found
    standing: TokenStanding | None = message.standing
    total_cost = transaction.total_cost if message.event == ENDED else None
    if standing is not None and message.event == STARTED:
        standing = transaction.start_standing or standing
    elif standing is not None and message.event == ENDED and transaction.stop_key:
        standing = transaction.stop_standing or standing
    if message.event == ENDED and not transaction.stop_key:
        transaction.stop_key = _ENDED_KEY
        transaction.stopped, transaction.stop_standing = message.at.believed, message.standing
        memory.replace(state, index, transaction)
        state.dirty.add(TX)
    said_nothing = standing is None and total_cost is None
    effects.append(_ANSWERED if said_nothing else Reply(TransactionAnswer(standing, total_cost)))
    if transaction.finalise_at:
        effects.append(TellSession(transaction.session, message))
    elif message.readings:
        place = (transaction.session, transaction.session, transaction.evse, transaction.connector)
        effects.append(AppendMeters(*place, message.transaction, message.readings, False))
