"""Reading the ledger: newest first, filtered, page by page."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.projections.ledger import Ledger
from engine.stores.sessions import LedgerReader
from engine.stores.sql.engine import Database
from tests.engine.projections.events import T0, command, entry, started, stopped


async def written(database: Database) -> LedgerReader:
    said = [started(f"s{n}", f"CP-{n % 2}", believed=T0 + n // 2, id_token=f"card-{n % 3}") for n in range(9)]
    said += [stopped("s3", "CP-1", started=None), stopped("never started", "CP-1", started=None)]  # type: ignore[list-item]
    said += [command(f"c{n}", "requested", received=T0 + n) for n in range(5)]  # type: ignore[list-item]
    ledger = Ledger(database)
    await ledger.open(1)
    await ledger.apply([entry(1, said)])
    return LedgerReader(database)


async def test_pages_show_every_session_once_newest_first(database: Database) -> None:
    reader = await written(database)
    seen, cursor = [], None
    while True:
        page = await reader.sessions(cursor=cursor, limit=2)
        seen += [row.id for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ["s8", "s7", "s6", "s5", "s4", "s3", "s2", "s1", "s0", "never started"]


async def test_sessions_are_filtered(database: Database) -> None:
    reader = await written(database)
    assert [row.id for row in (await reader.sessions(charge_point="CP-0")).items] == ["s8", "s6", "s4", "s2", "s0"]
    assert [row.id for row in (await reader.sessions(active=False)).items] == ["s3", "never started"]
    assert [row.id for row in (await reader.sessions(id_token="card-1", active=True)).items] == ["s7", "s4", "s1"]


async def test_commands_are_listed_newest_first(database: Database) -> None:
    reader = await written(database)
    first = await reader.commands(charge_point="CP-1", limit=3)
    rest = await reader.commands(charge_point="CP-1", limit=3, cursor=first.cursor)
    assert [row.id for row in first.items + rest.items] == ["c4", "c3", "c2", "c1", "c0"]


async def test_what_is_not_there_is_not_found(database: Database) -> None:
    reader = LedgerReader(database)
    for attempt in (reader.session("x"), reader.command("x")):
        with pytest.raises(NotFound):
            await attempt
    assert await reader.connectors("x") == []
