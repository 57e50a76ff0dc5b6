"""The audit log in both databases: written with the change, by whoever acts, and never touched again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from engine.access.acting import SYSTEM, Actor, acting, acting_as
from engine.access.scope import EVERYWHERE, Scope
from engine.errors import InvalidInput, NotFound
from engine.stores.audit import AuditFilter, AuditLog, note
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log

OPS = Actor("user", "u1", "ops@north.example", "203.0.113.9", "c1")
NORTH = Scope(frozenset({"north"}))


async def write(database: Database, *, at: int = 1, network: str | None = "north") -> None:
    async with database.write() as connection:
        was, shall = {"name": "Old", "city": "Kiel"}, {"name": "New", "city": "Kiel"}
        await note(connection, at, "changed", "charge point", "CP-1", network=network, before=was, after=shall)


async def test_a_line_says_who_acts_and_only_what_differs(database: Database) -> None:
    with acting_as(OPS):
        await write(database)
        assert acting() is OPS
    await write(database, at=2, network=None)
    log = AuditLog(database)
    newest, first = (await log.page(AuditFilter(), EVERYWHERE, Wanted())).items
    assert (first.actor_kind, first.actor, first.actor_label, first.address) == ("user", "u1", OPS.label, OPS.address)
    assert (first.kind, first.before, first.after) == ("charge_point", {"name": "Old"}, {"name": "New"})
    assert newest.actor_kind == SYSTEM.kind
    assert [line.at for line in (await log.page(AuditFilter(), NORTH, Wanted())).items] == [1]
    assert await log.get(first.id, NORTH) == first
    with pytest.raises(NotFound):
        await log.get(newest.id, NORTH)
    with pytest.raises(InvalidInput):
        await log.page(AuditFilter(), EVERYWHERE, Wanted(sort="actor"))


async def test_a_change_that_fails_leaves_no_line(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await note(connection, 1, "changed", "charge point", "CP-1")
            raise NotFound("It failed afterwards.")

    with pytest.raises(NotFound):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(select(audit_log))).all() == []


@pytest.mark.parametrize(
    "change",
    [delete(audit_log), update(audit_log).values(actor="somebody else"), "TRUNCATE audit_log"],
    ids=["delete", "update", "truncate"],
)
async def test_nothing_changes_a_line_that_is_there(database: Database, change: Any) -> None:
    if isinstance(change, str) and database.dialect == "sqlite":
        return  # SQLite has no such statement
    await write(database)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as connection:
            await connection.execute(text(change) if isinstance(change, str) else change)
    assert len((await AuditLog(database).page(AuditFilter(), EVERYWHERE, Wanted())).items) == 1
