"""Real stores for whoever needs one: a SQLite file, a PostgreSQL database where CI names a server, a Valkey."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from engine.ids import new_id
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.migrations import upgrade
from tests.books import fresh_books, url_of
from tests.engine.journal.valkey import Valkey

POSTGRES_URL = os.environ.get("RAYCHARGE_TEST_POSTGRES_URL", "")
DIALECTS = ["sqlite", "postgresql"] if POSTGRES_URL else ["sqlite"]


@asynccontextmanager
async def postgres_database(made_from: str = "template0") -> AsyncIterator[str]:
    """The URL of a database of its own, a copy of another one, which nobody may be connected with."""
    server = make_url(POSTGRES_URL).set(drivername="postgresql")
    name = f"raycharge_{new_id()}"
    admin = await asyncpg.connect(server.render_as_string(hide_password=False))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {made_from} STRATEGY FILE_COPY")
        yield server.set(database=name).render_as_string(hide_password=False)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest_asyncio.fixture(params=DIALECTS)
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        yield url_of(tmp_path / "books.sqlite3")
        return
    async with postgres_database() as url:
        yield url


@pytest_asyncio.fixture(scope="session")
async def postgres_template() -> AsyncIterator[str]:
    """The name of a PostgreSQL database with today's schema, to be copied: that takes a tenth of migrating one."""
    if not POSTGRES_URL:
        yield ""
        return
    async with postgres_database() as url:
        await upgrade(url)
        yield str(make_url(url).database)


@pytest_asyncio.fixture(params=DIALECTS)
async def database_url(request: pytest.FixtureRequest, postgres_template: str) -> AsyncIterator[str]:
    """The URL of a database with today's schema, of each kind."""
    if request.param == "sqlite":
        path = fresh_books()
        yield url_of(path)
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()
        return
    async with postgres_database(postgres_template) as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Connections to a fresh database."""
    opened = connect(database_url)
    yield opened
    await opened.aclose()


@pytest_asyncio.fixture(scope="session")
async def one_valkey() -> AsyncIterator[Valkey]:
    # Not pytest's tmp_path: a unix socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="rcp") as folder:
        server = Valkey(Path(folder))
        await server.start()
        yield server
        server.kill()


@pytest_asyncio.fixture
async def valkey(one_valkey: Valkey) -> Valkey:
    """The session's Valkey, emptied."""
    await one_valkey.call(("FLUSHALL",), ("SCRIPT", "FLUSH"))
    return one_valkey
