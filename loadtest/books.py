"""The SQL books of a test installation, asked from outside as an auditor would: a SQLite file, or PostgreSQL.

`RAYCHARGE_TEST_SYSTEM_POSTGRES_URL` names a server on which every installation of a test run gets a database of its
own; without it the books are the embedded default.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, make_url

from engine.ids import new_id

SERVER = "RAYCHARGE_TEST_SYSTEM_POSTGRES_URL"

Rows = list[tuple[Any, ...]]


def server_url() -> str:
    """The PostgreSQL server of this test run, "" for SQLite."""
    return os.environ.get(SERVER, "")


def make_database(server: str) -> str:
    """A fresh database on the server; its URL for RAYCHARGE_DATABASE_URL."""
    name = f"raycharge_{new_id()}"
    url = make_url(server)
    _wait_for(_execute(url, f"CREATE DATABASE {name}"))
    return url.set(database=name, drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def drop_database(server: str, url: str) -> None:
    """Remove it, whoever is still connected."""
    _wait_for(_execute(make_url(server), f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)"))


def sqlite_rows(path: Path, query: str) -> Rows:
    """Rows of a query on a SQLite file that others are writing to."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30.0)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def postgres_rows(url: str, query: str) -> Rows:
    """Rows of a query on PostgreSQL, in the types that SQLite has: exact decimals as text, truth as 0 or 1."""
    rows: list[Any] = _wait_for(_fetch(make_url(url), query))
    return [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return int(value) if isinstance(value, bool) else value


def _wait_for(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: the test that asks may be within an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _execute(url: URL, statement: str) -> None:
    connection = await asyncpg.connect(_address(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch(url: URL, query: str) -> list[Any]:
    connection = await asyncpg.connect(_address(url))
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
