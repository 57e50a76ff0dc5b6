"""What happened to a job, in the order in which it happened; nothing of it is ever changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.ids import new_id
from engine.stores.sql.tables.maintenance import maintenance_notes

NOTE = "note"
"""A person's own words; every other kind is what the system wrote down of a step."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a job's history. `at` in microseconds."""

    id: str
    at: int
    kind: str
    author: str
    author_label: str
    text: str


async def write_down(connection: AsyncConnection, at: int, job: str, kind: str, text: str) -> Note:
    """Add a line at `at` (microseconds), in the name of whoever acts."""
    who = acting()
    made = Note(new_id(), at, kind, who.id, who.label, text)
    row = {"id": made.id, "job": job, "at": at, "kind": kind, "author": who.id, "author_label": who.label, "text": text}
    await connection.execute(insert(maintenance_notes), row)
    return made
