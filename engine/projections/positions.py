"""How far a projection has come, for those that keep it in SQL: read, and moved inside the rows' own transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND, Clock
from engine.errors import StaleEpoch
from engine.journal.port import Entry
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import positions

_move = (
    update(positions)
    .where(
        positions.c.projection == bindparam("of"),
        positions.c.partition == bindparam("part"),
        positions.c.position == bindparam("old"),
    )
    .values(position=bindparam("new"))
)


async def read_positions(database: Database, projection: str) -> dict[int, int]:
    """The last entry of each partition whose rows are written; partitions never read are left out."""
    async with database.read() as connection:
        rows = await connection.execute(
            select(positions.c.partition, positions.c.position).where(positions.c.projection == projection)
        )
        return {row.partition: row.position for row in rows}


async def open_positions(database: Database, projection: str, partitions: int) -> dict[int, int]:
    """The same for partitions 0 to `partitions` - 1, after making the rows that are missing."""
    known = await read_positions(database, projection)
    if missing := [number for number in range(partitions) if number not in known]:
        async with database.write() as connection:
            fresh = [{"projection": projection, "partition": number, "position": 0} for number in missing]
            await connection.execute(upsert(database.dialect, positions).on_conflict_do_nothing(), fresh)
        known = await read_positions(database, projection)
    return {number: known[number] for number in range(partitions)}


async def move_position(connection: AsyncConnection, projection: str, partition: int, old: int, new: int) -> None:
    """Move on, if the position is still where we left it; else raise StaleEpoch: another such projection runs."""
    moved = await connection.execute(_move, {"of": projection, "part": partition, "old": old, "new": new})
    if moved.rowcount != 1:
        raise StaleEpoch(
            f"Projection {projection} is no longer at entry {old} of partition {partition}: another one is running."
        )


PASSED_OVER_S = 10
PASSED_OVER_ENTRIES = 5000
"""How much of no interest is passed over before the position is written all the same: what a restart reads again."""


class Standing:
    """Where a projection stands that most entries do not concern, and that makes no transaction for those.

    Positions are written with the next entry of interest. Until then a restart reads the others again, and finds
    nothing in them again.
    """

    def __init__(self, projection: str, database: Database, clock: Clock) -> None:
        self._projection, self._database, self._clock = projection, database, clock
        self._written: dict[int, int] = {}
        self._read: dict[int, int] = {}
        self._passed = 0
        self._since = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Return where SQL stands."""
        self._written = await open_positions(self._database, self._projection, partitions)
        self._read, self._passed = {}, 0
        return dict(self._written)

    def passes_over(self, entries: Sequence[Entry]) -> bool:
        """Note that nothing in these is of interest. False when it is time to write the positions all the same."""
        now = self._clock.now()
        if not self._passed:
            self._since = now
        self._note(entries)
        self._passed += len(entries)
        return self._passed < PASSED_OVER_ENTRIES and now - self._since < PASSED_OVER_S * SECOND

    async def move(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        """Move on to the end of these, in the caller's transaction. Raises StaleEpoch: see `move_position`."""
        self._note(entries)
        for partition, number in self._read.items():
            await move_position(connection, self._projection, partition, self._written[partition], number)

    def moved(self) -> None:
        """The caller's transaction was committed."""
        self._written.update(self._read)
        self._read, self._passed = {}, 0

    def _note(self, entries: Sequence[Entry]) -> None:
        self._read.update({entry.partition: entry.number for entry in entries})
