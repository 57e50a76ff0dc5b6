"""How far a projection has come, for those that keep it in SQL: read, and moved inside the rows' own transaction."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import StaleEpoch
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
