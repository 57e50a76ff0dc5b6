"""The projection into ClickHouse: rows go on as the bytes that the hosts wrote, each exactly once.

ClickHouse has no transaction over an insert and a position, and no insert can be trusted to be dropped when it is sent
twice. So, for each batch:

1. The *intent* is written: for each partition the range of entries that is about to be inserted, under a new version.
   It lies in ClickHouse itself (`projection_intents`), because then a store that is restored from a backup, wiped or
   replaced brings its own position along, and nothing else has to be durable.
2. One insert for each table carries the rows. Each line names the version; the store refuses lines whose version is
   not the newest one, so a request of a consumer that died or was replaced cannot write once a newer intent stands.
3. A batch is complete when the next intent is written. Whoever opens the projection therefore takes the newest intent
   as uncertain: it writes the same range again under a version of its own (from here on older requests are refused),
   waits until none is running, and hands the range to `analytics_repair.py`, which reads back what is there and inserts
   what is missing.

On the gateway "none is running" holds by itself: writes run one after another, so what came before our intent has ended
when it stands. On a server it is read from `system.processes`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.clock import Clock
from engine.errors import StoreUnavailable
from engine.faults import reach
from engine.journal.port import Entry
from engine.journal.records import MESSAGES, METERS, SESSIONS, STATUS
from engine.projections.analytics_repair import Repair, Table, line
from engine.projections.dead_letters import DeadLetter
from engine.stores.analytics.client import ClickHouse, Refused
from engine.stores.analytics.migrations import migrate

NAME = "analytics"

TABLES = (
    Table("meter_values", METERS, samples=True),
    Table("ocpp_messages", MESSAGES),
    Table("connector_status", STATUS),
    Table("sessions", SESSIONS),
)

MAX_BODY = 32 * 1024 * 1024
"""Bytes in one insert: enough for a minute of a busy system, and little enough that chDB keeps it one block."""

_NONCE_BITS = 16
_QUERY_ID = "raycharge-analytics-"
_WAIT_FOR_RUNNING_S = 60.0


class Burial(Protocol):
    """Where refused rows go: `DeadLetters`, or a list in tests."""

    async def add(self, letters: Sequence[DeadLetter]) -> None: ...


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of a partition: those above `after`, up to and including `up_to`."""

    after: int
    up_to: int


class AnalyticsProjection:
    """See `Projection`. One at a time may write to a store; an older one is refused as soon as a newer one is open."""

    name = NAME
    channels = frozenset(table.channel for table in TABLES)

    def __init__(self, store: ClickHouse, burial: Burial, clock: Clock, *, message_log_days: int = 90) -> None:
        self._store, self._burial, self._clock, self._days = store, burial, clock, message_log_days
        self._nonce = int.from_bytes(os.urandom(_NONCE_BITS // 8), "big")
        self._version = 0
        self._positions: dict[int, int] = {}
        self._uncertain: dict[int, int] = {}

    async def open(self, partitions: int) -> dict[int, int]:
        """Bring the schema up to date, shut out whoever wrote before, and return where to go on.

        The positions are those before the newest intent; `apply` then inserts only what is missing of that range.
        """
        await migrate(self._store, message_log_days=self._days)
        spans, before = await self._read_intents()
        for partition in range(partitions):
            spans.setdefault(partition, Span(0, 0))
        # All partitions, not only the uncertain ones: an intent of a consumer that died, which a server may still be
        # about to write, then lies below ours everywhere and says nothing about any position.
        await self._intend(spans, before)
        reach("analytics:after-takeover")
        await self._wait_for_running()
        self._uncertain = {partition: span.up_to for partition, span in spans.items() if span.up_to > span.after}
        self._positions = {partition: span.after for partition, span in spans.items()}
        return dict(self._positions)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Write the rows of these entries, and with them the positions."""
        if not entries:
            return
        reached = {entry.partition: entry.number for entry in entries}
        await self._intend(self._spans(reached), self._version)
        reach("analytics:after-intent")
        doubtful = [entry for entry in entries if entry.number <= self._uncertain.get(entry.partition, 0)]
        certain = [entry for entry in entries if entry.number > self._uncertain.get(entry.partition, 0)]
        repair = Repair(self._store, self._burial, self._clock, self._version)
        for table in TABLES:
            await self._land(table, certain, repair)
            if doubtful:
                await repair.run(table, doubtful)
            reach(f"analytics:after-{table.name}")
        for partition, number in reached.items():
            self._positions[partition] = number
            if number >= self._uncertain.get(partition, 0):
                self._uncertain.pop(partition, None)

    async def aclose(self) -> None:
        """Say that the last batch was complete, so that the next start need not read it back; close the connection."""
        try:
            if self._version and not self._uncertain:
                await self._intend({p: Span(at, at) for p, at in self._positions.items()}, self._version)
        except StoreUnavailable:
            pass  # then the next start reads the last batch back
        finally:
            await self._store.aclose()

    def _spans(self, reached: dict[int, int]) -> dict[int, Span]:
        """What the next intent covers: the batch, and all that is still uncertain, or it would pass for complete."""
        ends = dict(self._uncertain)
        for partition, number in reached.items():
            ends[partition] = max(number, ends.get(partition, 0))
        return {partition: Span(self._positions.get(partition, 0), end) for partition, end in ends.items()}

    async def _read_intents(self) -> tuple[dict[int, Span], int]:
        """What is uncertain in each partition (an empty span where nothing is), and the newest version (0: none)."""
        rows = await self._store.rows(
            "SELECT partition_no, argMax(after, version), argMax(up_to, version), max(version) "
            f"FROM projection_intents WHERE sink = '{NAME}' GROUP BY partition_no"
        )
        newest: int = max((row[3] for row in rows), default=0)
        return {row[0]: Span(row[1] if row[3] == newest else row[2], row[2]) for row in rows}, newest

    async def _intend(self, spans: dict[int, Span], before: int) -> None:
        """Write an intent under the version after `before`, unless somebody else has written one since.

        The low bits are this instance's own, so that two that open a server at the same moment differ.
        """
        version = (((before >> _NONCE_BITS) + 1) << _NONCE_BITS) | self._nonce
        rows = ",".join(f"({partition},{span.after},{span.up_to})" for partition, span in spans.items())
        await self._store.execute(
            "INSERT INTO projection_intents (sink, partition_no, version, after, up_to) "
            f"SELECT '{NAME}', x.1, {version}, x.2, x.3 "
            f"FROM values('x Tuple(UInt16, UInt64, UInt64)', {rows}) WHERE throwIf(ifNull("
            f"(SELECT max(version) FROM projection_intents WHERE sink = '{NAME}'), 0) != {before}, 'superseded') = 0",
            {"query_id": f"{_QUERY_ID}{version}-intent"},
        )
        self._version = version

    async def _wait_for_running(self) -> None:
        deadline = asyncio.get_running_loop().time() + _WAIT_FOR_RUNNING_S
        running = f"SELECT count() FROM system.processes WHERE query_id LIKE '{_QUERY_ID}%'"
        while (await self._store.rows(running))[0][0]:
            if asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailable("An insert of an earlier consumer is still running in ClickHouse.")
            await asyncio.sleep(0.1)

    async def _land(self, table: Table, entries: Sequence[Entry], repair: Repair) -> None:
        """The fast path: the channel's bytes as they are, in one insert (more only when there is very much)."""
        for number, body in enumerate(_bodies(table, entries, self._version)):
            try:
                query_id = f"{_QUERY_ID}{self._version}-{table.name}-{number}"
                await self._store.insert(table.landing, body, query_id=query_id)
            except Refused:
                await repair.run(table, entries)
                return


def _bodies(table: Table, entries: Iterable[Entry], version: int) -> Iterable[bytes]:
    parts: list[bytes] = []
    size = 0
    for entry in entries:
        rows = entry.channels.get(table.channel, b"[]")
        if len(rows) <= 2:
            continue
        if size + len(rows) > MAX_BODY and parts:
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(line(entry, 0, version, rows))
        size += len(rows)
    if parts:
        yield b"".join(parts)
