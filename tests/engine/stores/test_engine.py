"""Transactions and errors of the SQL store."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from engine.errors import StoreUnavailable
from engine.stores.sql.engine import Database, connect, refuses_content
from engine.stores.sql.models import positions, sessions


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(positions).values(projection="x", partition=0, position=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as connection:
        assert (await connection.execute(select(positions))).all() == []


async def test_many_writers_at_once_all_get_through(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as connection:
            seen = (await connection.execute(select(positions.c.partition))).all()
            await connection.execute(insert(positions).values(projection="x", partition=number, position=len(seen)))

    await asyncio.gather(*(write(number) for number in range(40)))
    async with database.read() as connection:
        assert len((await connection.execute(select(positions))).all()) == 40


async def test_decimals_come_back_to_the_last_digit(database: Database) -> None:
    exact = [Decimal("12345678901234567890.000000000000000001"), Decimal("0.1"), Decimal("-3E+5"), None]
    async with database.write() as connection:
        for number, value in enumerate(exact):
            row = {"id": str(number), "charge_point": "CP", "state": "started", "energy_wh": value, "updated": 0}
            await connection.execute(insert(sessions).values(row))
    async with database.read() as connection:
        found = (await connection.execute(select(sessions.c.energy_wh).order_by(sessions.c.id))).scalars().all()
    assert found == exact


async def test_an_unreachable_server_is_said_to_be_unavailable(unused_tcp_port: int) -> None:
    away = connect(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")
    with pytest.raises(StoreUnavailable):
        async with away.read():
            pass
    await away.aclose()


async def test_a_file_that_cannot_be_opened_is_said_to_be_unavailable(tmp_path: Path) -> None:
    away = connect(f"sqlite+aiosqlite:///{tmp_path}/folder/books.sqlite3")
    (tmp_path / "folder" / "books.sqlite3").mkdir()
    with pytest.raises(StoreUnavailable):
        async with away.read():
            pass
    await away.aclose()


async def test_what_a_row_contains_is_no_outage(database: Database) -> None:
    row = {"projection": "x", "partition": 0, "position": 1}
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with database.write() as connection:
            await connection.execute(insert(positions), [row, row])
    assert refuses_content(caught.value)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with database.write() as connection:
            await connection.execute(insert(positions).values(projection="y", partition=0, position=2**70))
    assert refuses_content(caught.value)


async def test_sqlite_waits_for_the_disk_at_every_commit(tmp_path: Path) -> None:
    opened = connect(f"sqlite+aiosqlite:///{tmp_path}/books.sqlite3")
    async with opened.read() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [(await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in asked]
    await opened.aclose()
    assert found == ["wal", 2, 1, 10_000]
