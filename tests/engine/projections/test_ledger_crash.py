"""A ledger that is killed in the middle of its work has counted everything once when it has started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.ids import partition_of
from engine.journal.port import Write
from engine.journal.redis_streams import RedisJournal
from engine.projections.positions import read_positions
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from tests.engine.journal.valkey import Valkey
from tests.engine.projections.events import changed, records, started, stopped
from tests.warm import Warm

PARTITIONS = 3
SESSIONS = 240


async def fill(url: str) -> dict[int, int]:
    """Write whole sessions of many charge points in small commits; return the journal's heads."""
    journal = await RedisJournal.open(url, partitions=PARTITIONS)
    numbers = dict.fromkeys(range(PARTITIONS), 0)
    for number in range(SESSIONS):
        charge_point = f"CP-{number}"
        claim = await journal.claim(charge_point, "host", "life")
        partition = partition_of(charge_point, PARTITIONS)
        name = f"s{number}"
        for event in (started(name, charge_point), changed(name, charge_point), stopped(name, charge_point)):
            numbers[partition] += 1
            write = Write(charge_point, claim.epoch, records([event]))
            await journal.commit("life", {partition: (numbers[partition], [write])})
    heads = await journal.heads()
    await journal.aclose()
    return heads


def spawn(valkey: Valkey, database_url: str, **extra: str) -> Warm:
    module = "tests.engine.projections.ledger_process"
    return Warm(module, valkey.url, database_url, str(PARTITIONS), env=os.environ | extra)


async def audit(database: Database, heads: dict[int, int]) -> None:
    async with database.read() as connection:
        query = select(sessions.c.state, func.count()).group_by(sessions.c.state)
        assert (await connection.execute(query)).all() == [("stopped", SESSIONS)]
    assert await read_positions(database, "ledger") == heads


@pytest.mark.parametrize("point", ["ledger:after-rows-before-commit", "ledger:after-commit"])
async def test_a_kill_between_two_durable_steps_neither_loses_nor_doubles(
    point: str, valkey: Valkey, database: Database, database_url: str, tmp_path: Path
) -> None:
    heads = await fill(valkey.url)
    armed = {"RAYCHARGE_FAULT_POINT": point, "RAYCHARGE_FAULT_DIR": str(tmp_path)}
    first = spawn(valkey, database_url, **armed)
    assert await first.wait() == -signal.SIGKILL
    second = spawn(valkey, database_url, **armed)
    assert await second.wait() == 0
    await audit(database, heads)


@pytest.mark.long
async def test_kills_at_any_moment_neither_lose_nor_double(
    valkey: Valkey, database: Database, database_url: str
) -> None:
    heads = await fill(valkey.url)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(4):
        process = spawn(valkey, database_url)
        before = await read_positions(database, "ledger")
        async with asyncio.timeout(30):
            while process.returncode is None and await read_positions(database, "ledger") == before:  # noqa: ASYNC110
                await asyncio.sleep(chance.uniform(0.001, 0.01))
        if process.returncode is None:
            process.kill()
        await process.wait()
    last = spawn(valkey, database_url)
    assert await last.wait() == 0
    await audit(database, heads)
