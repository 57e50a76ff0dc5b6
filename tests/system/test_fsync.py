"""What the page cache hides from SIGKILL: an fsync stands between every write and its answer, by system-call trace."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.embedded.valkey import RunningValkey, start_valkey
from engine.ids import partition_of
from engine.journal.activation import Activation
from engine.journal.committer import Committer
from engine.journal.port import Record
from engine.journal.redis_link import RedisLink, load_script
from engine.journal.redis_streams import RedisJournal
from engine.settings import Settings
from engine.stores.analytics.client import ClickHouse
from tests.actors.chdb_gateway.process import GatewayProcess
from tests.system.crash.trace import SYNCS, WRITES, Trace, command, read, unsynced

# .ci/run installs strace, and sets CI: there a missing one is a failure.
pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"), reason="strace is not installed (apt install strace)"
)
PARTITIONS = 2
ROUNDS = 20


@pytest.fixture
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningValkey]:
    running = await start_valkey(Settings(data_dir=tmp_path_factory.mktemp("v"), redis_max_memory_mb=64))
    yield running
    await running.stop()


async def commit(url: str) -> None:
    """Some flights over all partitions, each awaited as an answer to a charger is."""
    journal = await RedisJournal.open(url, partitions=PARTITIONS)
    committer = Committer(journal, "traced")
    activations = []
    for number in range(4):
        name = f"CP-{number}"
        claim = await journal.claim(name, "host", "traced")
        activations.append(Activation(name, partition_of(name, PARTITIONS), claim.epoch))
    for number in range(ROUNDS):
        landed = asyncio.Event()
        for activation in activations:
            committer.enqueue(activation, [Record("m", b'["%d"]' % number)])
        committer.enqueue(activations[0], [], landed.set)
        await landed.wait()
    await committer.aclose()
    await journal.aclose()


async def traced_commits(valkey: RunningValkey, file: Path) -> tuple[int, int]:
    pid = valkey.pid
    assert pid is not None
    with Trace(pid, file) as trace:
        await commit(valkey.url)
    return unsynced(trace.calls(), load_script("commit").sha, "", "appendonly")


async def test_valkey_syncs_its_file_between_a_commit_and_its_answer(valkey: RunningValkey, tmp_path: Path) -> None:
    requests, without = await traced_commits(valkey, tmp_path / "trace")
    assert requests >= ROUNDS
    assert without == 0


async def test_the_trace_turns_red_where_valkey_syncs_once_a_second(valkey: RunningValkey, tmp_path: Path) -> None:
    link = RedisLink(valkey.url)
    await link.call(("CONFIG", "SET", "appendfsync", "everysec"))
    await link.aclose()
    requests, without = await traced_commits(valkey, tmp_path / "trace")
    assert requests >= ROUNDS
    assert without > ROUNDS / 2


async def test_chdb_syncs_a_part_before_an_insert_is_answered(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "chdb").start()
    store = ClickHouse(gateway.url)
    synced = "ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    try:
        await store.execute(f"CREATE TABLE safe (n Int64) {synced}")
        await store.execute("CREATE TABLE fast (n Int64) ENGINE = MergeTree ORDER BY n")
        with Trace(gateway.pid, tmp_path / "trace") as trace:
            for number in range(5):
                for table in ("safe", "fast"):
                    await store.execute(f"INSERT INTO {table} SELECT {number}")
    finally:
        await store.aclose()
        gateway.end()
    calls = trace.calls()
    assert unsynced(calls, "INSERT INTO safe", "HTTP/1.1 200", "/chdb/") == (5, 0)
    assert unsynced(calls, "INSERT INTO fast", "HTTP/1.1 200", "/chdb/") == (5, 5)


_WRITER = """
import asyncio, os, sys
from engine.projections.positions import open_positions
from engine.stores.sql.engine import connect
from engine.stores.sql.migrations import upgrade

async def main():
    await upgrade(sys.argv[1])
    database = connect(sys.argv[1])
    for name in ("one", "two", "three"):
        await open_positions(database, name, 3)
        os.write(1, b"committed %s" % name.encode())
    await database.aclose()

asyncio.run(main())
"""


def test_sqlite_syncs_its_log_before_a_commit_returns(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/raycharge.sqlite3"
    subprocess.run(
        [*command(tmp_path / "trace"), sys.executable, "-c", _WRITER, url],
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )
    calls = read(tmp_path / "trace")
    told = [call for call in calls if call.name in WRITES and '"committed ' in call.text]
    assert len(told) == 3
    for call in told:
        written = [c for c in calls if c.name == "pwrite64" and "sqlite3-wal" in c.file and c.ended < call.began]
        synced = [c for c in calls if c.name in SYNCS and "sqlite3-wal" in c.file and c.ended < call.began]
        assert written[-1].ended < synced[-1].began
