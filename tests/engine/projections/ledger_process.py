"""A ledger in a process of its own, for tests that kill it: ends when it has read all that was there."""

from __future__ import annotations

import asyncio
import sys

from engine.journal.redis_streams import RedisJournal
from engine.projections.ledger import Ledger
from engine.projections.runner import Pace, Runner
from engine.stores.sql.engine import connect


async def main(redis_url: str, database_url: str, partitions: int) -> None:
    journal = await RedisJournal.open(redis_url, partitions=partitions)
    ledger = Ledger(connect(database_url))
    runner = Runner(journal, ledger, pace=Pace(entries=10, min_interval_s=0.0, wait_s=0.05))
    stop = asyncio.Event()
    running = asyncio.create_task(runner.run(stop))
    wanted = await journal.heads()
    while not running.done() and runner.positions != wanted:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    stop.set()
    await running
    await ledger.aclose()
    await journal.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
