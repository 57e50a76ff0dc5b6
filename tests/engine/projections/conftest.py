from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.engine.journal.valkey import Valkey


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
