"""The ledger: sessions, commands, connectors and boots in SQL, each event counted exactly once.

Rows and positions are one transaction, and a position moves only from where this ledger left it: after a kill at any
line the two agree, and a second ledger is noticed by its first commit. Events of a batch are folded first
(`ledger_rows.py`), so that a batch costs one statement for each shape of row, not one for each event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, case, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.faults import reach
from engine.journal.port import Entry
from engine.journal.records import EVENTS, STATUS
from engine.journal.upcast import PRESENT
from engine.projections import (
    audit_rows,
    consequence_rows,
    ledger_rows,
    security_event_rows,
    settlement_rows,
    signing_rows,
)
from engine.projections.dead_letters import DeadLetter, bury
from engine.projections.event_reading import CONTENT_ERRORS, EventReader, Origin
from engine.projections.ledger_rows import Change, Row
from engine.projections.positions import move_position, open_positions
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database, refuses_content
from engine.stores.sql.models import (
    charge_points,
    command_consequences,
    commands,
    connectors,
    security_events,
    session_prices,
    sessions,
    signing_requests,
)
from engine.stores.sql.tables.audit import audit_log

NAME = "ledger"

_FOLLOWING = (
    sessions,
    session_prices,
    commands,
    command_consequences,
    connectors,
    signing_requests,
    security_events,
    audit_log,
)
_TABLES: dict[str, Table] = {table.name: table for table in _FOLLOWING}
_READERS = (ledger_rows, settlement_rows, consequence_rows, signing_rows, security_event_rows, audit_rows)


class Ledger:
    """The SQL projection. `dead` counts the rows that went to the dead letters since this process started."""

    name = NAME
    channels = frozenset({EVENTS, STATUS})

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._reader = EventReader(NAME, clock or SystemClock())
        self._positions: dict[int, int] = {}
        self.dead = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Return where SQL stands."""
        self._positions = await open_positions(self._database, NAME, partitions)
        return dict(self._positions)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Write one batch. Raises StaleEpoch if another ledger has moved on, StoreUnavailable if SQL is away."""
        letters: list[DeadLetter] = []
        changes = list(self._read(entries, letters))
        moved = {entry.partition: entry.number for entry in entries}
        try:
            await self._commit(moved, changes, letters, careful=False)
        except Exception as error:
            if not refuses_content(error):
                raise
            # Rare enough that every other batch is spared the savepoint: nothing of the attempt has stayed.
            await self._commit(moved, changes, letters, careful=True)
        reach("ledger:after-commit")
        self._positions.update(moved)
        self.dead += len(letters)

    async def aclose(self) -> None:
        """Close the connections to SQL."""
        await self._database.aclose()

    def _read(self, entries: Sequence[Entry], letters: list[DeadLetter]) -> Iterator[tuple[Origin, Change]]:
        for entry in entries:
            for channel in (EVENTS, STATUS):
                for origin in self._reader.records(entry, channel, letters):
                    try:
                        event = PRESENT.lift_event(origin.record)
                        changes = [reader.read(event) for reader in _READERS]
                    except CONTENT_ERRORS as error:
                        letters.append(self._reader.letter(origin, error))
                    else:
                        yield from ((origin, change) for change in changes if change is not None)

    async def _commit(
        self,
        moved: dict[int, int],
        changes: Sequence[tuple[Origin, Change]],
        letters: list[DeadLetter],
        *,
        careful: bool,
    ) -> None:
        """Positions, rows and dead letters in one transaction. `careful`: what SQL refuses becomes a dead letter."""
        async with self._database.write() as connection:
            # First, so that a second ledger finds out (and in PostgreSQL waits) before it has written anything.
            for partition, number in moved.items():
                await move_position(connection, NAME, partition, self._positions[partition], number)
            if careful:
                await self._divide(connection, changes, letters)
            else:
                await _upsert(connection, [change for _, change in changes])
            await bury(connection, letters)
            reach("ledger:after-rows-before-commit")

    async def _divide(
        self, connection: AsyncConnection, changes: Sequence[tuple[Origin, Change]], letters: list[DeadLetter]
    ) -> None:
        """Write all of them, or find by halves the ones that SQL refuses, and write the others."""
        if not changes:
            return
        try:
            async with connection.begin_nested():
                await _upsert(connection, [change for _, change in changes])
        except Exception as error:
            if not refuses_content(error):
                raise
            if len(changes) == 1:
                letters.append(self._reader.letter(changes[0][0], error))
                return
            middle = len(changes) // 2
            await self._divide(connection, changes[:middle], letters)
            await self._divide(connection, changes[middle:], letters)


async def _upsert(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    for name, rows in ledger_rows.fold(changes).items():
        if name == charge_points.name:
            await _update_charge_points(connection, rows)
            continue
        table = _TABLES[name]
        keys = tuple(column.name for column in table.primary_key.columns)
        shapes: dict[tuple[frozenset[str], ...], list[dict[str, Any]]] = {}
        for key, row in rows.items():
            shape = frozenset(row.columns), frozenset(row.first), frozenset(row.running)
            values = dict(zip(keys, key, strict=True)) | row.columns | row.first | row.running
            shapes.setdefault(shape, []).append(values)
        for (columns, _, running), values_of in shapes.items():
            statement = _upsert_statement(connection.dialect.name, table, columns, running)
            await connection.execute(statement, values_of)


@lru_cache(maxsize=256)
def _upsert_statement(dialect: str, table: Table, columns: frozenset[str], running: frozenset[str]) -> Any:
    statement = upsert(dialect, table)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in columns}
    for name in running:
        changed[name] = case((table.c.stopped.is_(None), statement.excluded[name]), else_=table.c[name])
    if not changed:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


async def _update_charge_points(connection: AsyncConnection, rows: dict[tuple[str | int, ...], Row]) -> None:
    """What stations report about themselves. Only of charge points in the registry: a boot registers nobody."""
    names = next(iter(rows.values())).columns
    statement = (
        update(charge_points)
        .where(charge_points.c.id == bindparam("of"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    values = [
        {"of": key[0]} | {f"new_{name}": value for name, value in row.columns.items()} for key, row in rows.items()
    ]
    await connection.execute(statement, values)
