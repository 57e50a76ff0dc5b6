from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from engine.journal.memory import MemoryJournal
from engine.journal.port import Journal
from engine.journal.redis_streams import RedisJournal
from tests.engine.journal.valkey import Valkey


@pytest_asyncio.fixture(scope="session")
async def shared_valkey() -> AsyncIterator[Valkey]:
    # Not pytest's tmp_path: a unix socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="rcj") as folder:
        server = Valkey(Path(folder))
        await server.start()
        yield server
        server.kill()


@pytest_asyncio.fixture
async def valkey(shared_valkey: Valkey) -> Valkey:
    """The session's Valkey, emptied, its scripts forgotten."""
    await shared_valkey.call(("FLUSHALL",), ("SCRIPT", "FLUSH"))
    return shared_valkey


@pytest_asyncio.fixture
async def own_valkey() -> AsyncIterator[Valkey]:
    """A Valkey for one test, which may kill it."""
    with tempfile.TemporaryDirectory(prefix="rcj") as folder:
        server = Valkey(Path(folder))
        await server.start()
        yield server
        server.kill()


@pytest_asyncio.fixture
async def redis_journal(valkey: Valkey) -> AsyncIterator[RedisJournal]:
    journal = await RedisJournal.open(valkey.url, partitions=4)
    yield journal
    await journal.aclose()


@pytest_asyncio.fixture(params=["redis", "memory"])
async def journal(request: pytest.FixtureRequest, valkey: Valkey) -> AsyncIterator[Journal]:
    made: Journal
    if request.param == "memory":
        made = MemoryJournal(4)
    else:
        made = await RedisJournal.open(valkey.url, partitions=4)
    yield made
    await made.aclose()
