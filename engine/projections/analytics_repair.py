"""The slow path of the analytics: reads back what is in a table, inserts what is missing, buries what is refused.

Only here are rows taken apart in Python: after a start (the last batch may be half written) and after the store has
refused a batch for its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from engine.clock import Clock
from engine.journal.port import Entry
from engine.projections.dead_letters import DeadLetter, reason
from engine.stores.analytics.client import ClickHouse, Refused

if TYPE_CHECKING:
    from engine.projections.analytics import Burial

SAMPLES = 65_536
"""Index of a meter value: the record's place in the entry times this, plus the sample's place in the record."""

CHUNK = 5_000
"""Rows that are inserted at a time."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the analytics and the journal channel that fills it. `samples`: one record makes several rows."""

    name: str
    channel: str
    samples: bool = False

    @property
    def landing(self) -> str:
        """The table that takes the journal's bytes."""
        return f"{self.name}_landing"


class Missing(NamedTuple):
    """Rows that are not in the table: those of one record from index `first` on."""

    entry: Entry
    record: int
    first: int
    row: Any


def line(entry: Entry, index: int, version: int, rows: bytes) -> bytes:
    """One line of an insert: the rows of an entry, the first of them with this index."""
    return b"[%d,%d,%d,%d,%b]\n" % (entry.partition, entry.number, index, version, rows)


class Repair:
    """Brings tables into the state that they should have for given entries, under one intent's version."""

    def __init__(self, store: ClickHouse, burial: Burial, clock: Clock, version: int) -> None:
        self._store, self._burial, self._clock, self._version = store, burial, clock, version
        self._inserts = 0

    async def run(self, table: Table, entries: Sequence[Entry]) -> None:
        """Insert what the table lacks of these entries. Raises StoreUnavailable; then run it again."""
        readable = await self._bury_unreadable(table, entries)
        if not readable:
            return
        missing = await self._missing(table, readable)
        for at in range(0, len(missing), CHUNK):
            await self._insert(table, missing[at : at + CHUNK])

    async def _bury_unreadable(self, table: Table, entries: Sequence[Entry]) -> list[tuple[Entry, list[Any]]]:
        readable: list[tuple[Entry, list[Any]]] = []
        for entry in entries:
            data = entry.channels.get(table.channel, b"[]")
            try:
                rows = orjson.loads(data)
                if not isinstance(rows, list):
                    raise ValueError("the channel is no array")
            except ValueError as error:
                await self._bury(table, entry, -1, data, error)
                continue
            if rows:
                readable.append((entry, rows))
        return readable

    async def _missing(self, table: Table, entries: Sequence[tuple[Entry, list[Any]]]) -> list[Missing]:
        there = await self._present(table, [entry for entry, _ in entries])
        found: list[Missing] = []
        for entry, rows in entries:
            for record, row in enumerate(rows):
                found += _lacking(table, entry, record, row, there)
        return found

    async def _present(self, table: Table, entries: Sequence[Entry]) -> set[tuple[int, int, int]]:
        """(partition, entry, index) of all rows of these entries that the table holds."""
        where: list[str] = []
        for partition, group in groupby(sorted(entries, key=lambda e: (e.partition, e.number)), lambda e: e.partition):
            numbers = [entry.number for entry in group]
            where.append(f"(partition_no = {partition} AND entry BETWEEN {numbers[0]} AND {numbers[-1]})")
        rows = await self._store.rows(f"SELECT partition_no, entry, idx FROM {table.name} WHERE {' OR '.join(where)}")
        return {(row[0], row[1], row[2]) for row in rows}

    async def _insert(self, table: Table, missing: Sequence[Missing]) -> None:
        """Insert; when the store refuses, halve until the rows that are to blame stand alone."""
        if not missing:
            return
        lines = [line(m.entry, m.first, self._version, orjson.dumps([m.row])) for m in missing]
        self._inserts += 1
        try:
            query_id = f"raycharge-analytics-{self._version}-repair-{table.name}-{self._inserts}"
            await self._store.insert(table.landing, b"".join(lines), query_id=query_id)
        except Refused as error:
            if len(missing) == 1:
                only = missing[0]
                await self._bury(table, only.entry, only.record, orjson.dumps(only.row), error)
                return
            half = len(missing) // 2
            await self._insert(table, await self._still(table, missing[:half]))
            await self._insert(table, await self._still(table, missing[half:]))

    async def _still(self, table: Table, missing: Sequence[Missing]) -> Sequence[Missing]:
        """Those that are missing yet: a refused insert may have written some of its rows."""
        there = await self._present(table, [m.entry for m in missing])
        return [m for m in missing if (m.entry.partition, m.entry.number, m.first) not in there]

    async def _bury(self, table: Table, entry: Entry, record: int, row: bytes, error: Exception) -> None:
        text = row.decode("utf-8", "replace")
        now = self._clock.now()
        letter = DeadLetter("analytics", entry.partition, entry.number, table.channel, record, text, reason(error), now)
        await self._burial.add([letter])


def _lacking(table: Table, entry: Entry, record: int, row: Any, there: set[tuple[int, int, int]]) -> list[Missing]:
    """What the table lacks of one record: nothing, all of it as one row to insert, or single samples."""
    key = (entry.partition, entry.number)
    if not table.samples:
        return [] if (*key, record) in there else [Missing(entry, record, record, row)]
    first = record * SAMPLES
    samples = row[8] if isinstance(row, list) and len(row) == 9 and isinstance(row[8], list) else [None]
    lacking = [place for place in range(len(samples)) if (*key, first + place) not in there]
    if len(lacking) == len(samples):
        return [Missing(entry, record, first, row)] if samples else []
    return [Missing(entry, record, first + place, [*row[:8], [samples[place]]]) for place in lacking]
