"""A consumer that tests kill: feeds made-up entries to the analytics until all of them are in, whatever happens.

`python -m tests.engine.projections.analytics_consumer URL PARTITIONS ENTRIES BATCH`
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from engine.clock import SystemClock
from engine.errors import StoreUnavailable
from engine.projections.analytics import AnalyticsProjection
from engine.projections.dead_letters import DeadLetter
from engine.stores.analytics.client import ClickHouse
from tests.engine.projections.analytics_entries import entry


class NoDeadLetters:
    async def add(self, letters: Sequence[DeadLetter]) -> None:
        raise AssertionError(f"nothing here is to be refused: {letters}")


async def consume(url: str, partitions: int, entries: int, batch: int) -> None:
    sink = AnalyticsProjection(ClickHouse(url, timeout_s=30), NoDeadLetters(), SystemClock())
    positions: dict[int, int] = {}
    while not positions or min(positions.values()) < entries:
        try:
            if not positions:
                positions = await sink.open(partitions)
            ends = {p: min(at + batch, entries) for p, at in positions.items()}
            await sink.apply([entry(p, n) for p, at in positions.items() for n in range(at + 1, ends[p] + 1)])
            positions = ends
        except StoreUnavailable:
            positions = {}
            await asyncio.sleep(0.1)
    await sink.aclose()


if __name__ == "__main__":
    asyncio.run(consume(sys.argv[1], *map(int, sys.argv[2:5])))
