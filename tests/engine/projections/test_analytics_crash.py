from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.projections.analytics import TABLES
from engine.stores.analytics.client import ClickHouse
from tests.actors.chdb_gateway.process import GatewayProcess
from tests.engine.projections.test_analytics import counts, exactly
from tests.warm import Warm

PARTITIONS = 2
POINTS = ["after-takeover", "after-intent", *(f"after-{table.name}" for table in TABLES)]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path / "chdb").start()
    yield process
    process.end()


def consumer(gateway: GatewayProcess, entries: int, batch: int, **environment: str) -> Warm:
    module = "tests.engine.projections.analytics_consumer"
    return Warm(module, gateway.url, str(PARTITIONS), str(entries), str(batch), env={**os.environ, **environment})


async def finished(process: Warm) -> int:
    return await process.wait()


async def test_a_consumer_killed_between_any_two_steps_loses_and_doubles_nothing(
    gateway: GatewayProcess, tmp_path: Path
) -> None:
    deaths = 0
    points = ",".join(f"analytics:{point}" for point in POINTS)
    while True:
        process = consumer(gateway, 40, 8, RAYCHARGE_FAULT_POINT=points, RAYCHARGE_FAULT_DIR=str(tmp_path))
        code = await finished(process)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        deaths += 1
    assert deaths == len(POINTS)
    store = ClickHouse(gateway.url)
    assert await counts(store) == exactly(40 * PARTITIONS)
    await store.aclose()


@pytest.mark.long
async def test_a_gateway_killed_at_random_loses_and_doubles_nothing(gateway: GatewayProcess) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    process = consumer(gateway, 300, 10)
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0.2, 0.9))  # the moment of the kill is what is tried here
        gateway.end(signal.SIGKILL)
        gateway.start()
    assert await finished(process) == 0
    store = ClickHouse(gateway.url)
    assert await counts(store) == exactly(300 * PARTITIONS)
    await store.aclose()


@pytest.mark.long
async def test_consumers_killed_at_random_in_the_middle_of_inserts(gateway: GatewayProcess) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(3):
        process = consumer(gateway, 1000, 100)
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        process.kill()
        await finished(process)
    assert await finished(consumer(gateway, 1000, 100)) == 0
    store = ClickHouse(gateway.url)
    assert await counts(store) == exactly(1000 * PARTITIONS)
    await store.aclose()
