"""Rows that a store refused for their content: kept whole, with the reason, so that the rest can go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import dead_letters

MAX_ERROR = 2000
"""Characters of the reason that are kept."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused row. `index` is its place in the entry's channel, -1 for the channel as a whole; `row` its JSON."""

    projection: str
    partition: int
    entry: int
    channel: str
    index: int
    row: str
    error: str
    at: int


def reason(error: BaseException) -> str:
    """What a dead letter says about `error`: its type and text, without what a text column cannot hold."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}".replace("\x00", "\\0")[:MAX_ERROR]


async def bury(connection: AsyncConnection, letters: Sequence[DeadLetter]) -> None:
    """Write the letters within the caller's transaction. Burying the same row again changes nothing."""
    if not letters:
        return
    # The row is JSON text, in which NUL is written as an escape; what was no JSON at all may still hold the character.
    rows = [asdict(replace(letter, row=letter.row.replace("\x00", "\\0"))) for letter in letters]
    await connection.execute(upsert(connection.dialect.name, dead_letters).on_conflict_do_nothing(), rows)


class DeadLetters:
    """The table for projections whose rows go to another store, and for whoever raises the alert."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, letters: Sequence[DeadLetter]) -> None:
        """Write the letters durably."""
        if letters:
            async with self._database.write() as connection:
                await bury(connection, letters)

    async def counts(self) -> dict[str, int]:
        """How many letters each projection has."""
        query = select(dead_letters.c.projection, func.count()).group_by(dead_letters.c.projection)
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def newest(self, limit: int = 100) -> list[DeadLetter]:
        """The newest letters first."""
        columns = [dead_letters.c[field.name] for field in fields(DeadLetter)]
        query = select(*columns).order_by(dead_letters.c.at.desc()).limit(limit)
        async with self._database.read() as connection:
            return [DeadLetter(*row) for row in await connection.execute(query)]
