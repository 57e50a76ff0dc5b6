"""The memory of closed transactions: by which a repeat of a Start or Stop is known, and answered as the first time.

Rows are kept as the bytes in which they are stored, since hundreds of thousands of them lie in a host and hardly ever
is one looked at. A row begins with its transaction's id and ends with its finalise_at: both are found without reading.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import orjson

from engine.charging.messages import Instant, StartReported, StopReported, TokenStanding
from engine.charging.state import ChargePointState, Transaction

MAX_OPEN = 256
"""More transactions than any station has under way: of one that begins ever more, the oldest are closed for them."""

MAX_WAITING = 256
"""Closed transactions whose sessions wait for late events; of more, the longest closed become final early."""

_FINAL = b",0]"
_UNPRICED = 17
"""Items of a row. That of a transaction with a total cost has one more, before the last."""


def start_key(message: StartReported) -> str:
    """Digest of what makes two Starts of a station the same: connector, idTag, timestamp, meterStart (invariant 2)."""
    return _digest(
        f"{message.evse}.{message.connector}", message.id_token.lower(), _time(message.at), _number(message.meter_start)
    )


def stop_key(message: StopReported) -> str:
    """Digest of what makes two Stops the same where the transaction alone does not: also timestamp and meterStop."""
    return _digest(message.transaction, _time(message.at), _number(message.meter_stop))


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=8).hexdigest()


def _time(at: Instant) -> str:
    return str(at.believed) if at.said is None else at.said


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f")


def pack(transaction: Transaction) -> bytes:
    """One transaction as a JSON array."""
    t = transaction
    return orjson.dumps(
        [
            t.transaction,
            t.number,
            t.session,
            t.evse,
            t.connector,
            t.id_token,
            t.start_key,
            None if t.meter_start is None else str(t.meter_start),
            t.started,
            _packed_standing(t.start_standing),
            t.stop_key,
            None if t.meter_stop is None else str(t.meter_stop),
            t.stopped,
            _packed_standing(t.stop_standing),
            t.stop_said,
            t.reason,
            *(() if t.total_cost is None else (str(t.total_cost),)),
            t.finalise_at,
        ]
    )


def unpack(row: bytes | list[Any]) -> Transaction:
    """The opposite of `pack`; takes the array as well."""
    values = orjson.loads(row) if isinstance(row, bytes) else list(row)
    for index in (7, 11):
        values[index] = None if values[index] is None else Decimal(values[index])
    for index in (9, 13):
        values[index] = None if values[index] is None else TokenStanding(*values[index])
    if len(values) > _UNPRICED:
        values.append(Decimal(values.pop(_UNPRICED - 1)))
    return Transaction(*values)


def _packed_standing(standing: TokenStanding | None) -> list[Any] | None:
    return None if standing is None else [standing.status, standing.expires, standing.group]


def remember(state: ChargePointState, transaction: Transaction, limit: int) -> None:
    """Add a closed transaction; the oldest make room, but none whose session is not final yet."""
    state.closed.append(pack(transaction))
    trim(state, limit)


def trim(state: ChargePointState, limit: int) -> None:
    """Drop the oldest rows above `limit`, as far as their sessions are final."""
    surplus = len(state.closed) - limit
    if surplus <= 0:
        return
    left = []
    for row in state.closed:
        if surplus > 0 and row.endswith(_FINAL):
            surplus -= 1
        else:
            left.append(row)
    state.closed = left


def crowded_out(state: ChargePointState, closing: list[Transaction]) -> list[Transaction]:
    """The oldest open transactions that have to be closed, besides those `closing` anyway, for one more to begin."""
    surplus = len(state.open) - len(closing) + 1 - MAX_OPEN
    if surplus <= 0:
        return []
    others = [transaction for transaction in state.open.values() if transaction not in closing]
    return others[:surplus]


def replace(state: ChargePointState, index: int, transaction: Transaction) -> None:
    """Write a changed row back to where it stood."""
    state.closed[index] = pack(transaction)


def of_start(state: ChargePointState, key: str, meter_start: Decimal) -> Transaction | None:
    """The transaction that this Start opened, if the Start is a repeat (invariant 2).

    While open it always is; afterwards if its meterStop was above this meterStart, since a register does not go back,
    or if it never was stopped.
    """
    for transaction in state.open.values():
        if transaction.start_key == key:
            return transaction
    needle = f'"{key}"'.encode()
    for row in reversed(state.closed):
        if needle in row:
            transaction = unpack(row)
            stop = transaction.meter_stop
            if transaction.start_key == key and (stop is None or stop > meter_start):
                return transaction
    return None


def of_number(state: ChargePointState, transaction: str) -> tuple[int, Transaction] | None:
    """The closed transaction whose id we gave out, with its index."""
    prefix = b"[" + orjson.dumps(transaction) + b","
    for index in range(len(state.closed) - 1, -1, -1):
        if state.closed[index].startswith(prefix):
            found = unpack(state.closed[index])
            if found.number is not None:
                return index, found
    return None


def of_stop(state: ChargePointState, key: str) -> Transaction | None:
    """The closed transaction that a Stop in the same words closed."""
    needle = f'"{key}"'.encode()
    for row in reversed(state.closed):
        if needle in row:
            transaction = unpack(row)
            if transaction.stop_key == key:
                return transaction
    return None


def stopped_before(state: ChargePointState, message: StartReported) -> tuple[int, Transaction] | None:
    """The Stop of an unknown transaction that belongs to this Start, which comes after it (design, section 11).

    It fits if it was said later than this Start, its register is not below, and it names the same token or none. Of
    several the earliest is taken: the first Stop after a Start is that Start's.
    """
    best: tuple[int, Transaction] | None = None
    for index, row in enumerate(state.closed):
        if b",null," not in row[:200]:
            continue
        stop = unpack(row)
        if stop.number is not None or stop.meter_stop is None:
            continue
        fits = (
            stop.stopped > message.at.believed
            and stop.meter_stop >= message.meter_start
            and stop.id_token.lower() in ("", message.id_token.lower())
        )
        if fits and (best is None or stop.stopped < best[1].stopped):
            best = index, stop
    return best


def awaiting(state: ChargePointState) -> list[tuple[int, Transaction]]:
    """The closed transactions whose sessions are not final yet, with their indexes."""
    return [(index, unpack(row)) for index, row in enumerate(state.closed) if not row.endswith(_FINAL)]
