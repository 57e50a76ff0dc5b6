"""SIGKILL of Valkey under writers: no acknowledged row is lost, none is there twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import orjson

from engine.ids import partition_of
from engine.journal.activation import Activation
from engine.journal.committer import Committer
from engine.journal.port import Record
from engine.journal.redis_streams import RedisJournal
from tests.engine.journal.valkey import Valkey

WRITERS = 8
KILLS = 10


class Writer:
    """A host with four actors; each enqueues its next row when the last one was acknowledged, as a station does."""

    def __init__(self, name: str, journal: RedisJournal) -> None:
        self.name = name
        self.acknowledged: list[str] = []
        self.enqueued = 0
        self.stopping = False
        self._journal = journal
        self.committer = Committer(journal, name)

    async def start(self) -> None:
        for i in range(4):
            charge_point = f"{self.name}-{i}"
            claim = await self._journal.claim(charge_point, self.name, self.name)
            partition = partition_of(charge_point, self._journal.partitions)
            self._next(Activation(charge_point, partition, claim.epoch, parts=lambda: {"state": b"x" * 300}))

    def _next(self, actor: Activation) -> None:
        if self.stopping:
            return
        self.enqueued += 1
        row = f"{actor.charge_point}/{self.enqueued}"

        def done() -> None:
            self.acknowledged.append(row)
            self._next(actor)

        self.committer.enqueue(actor, [Record("m", orjson.dumps(row), self.name, b"%08d" % self.enqueued)], done)


async def test_ten_kills_under_eight_writers_lose_and_double_nothing(own_valkey: Valkey) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    journals = [await RedisJournal.open(own_valkey.url, partitions=4) for _ in range(WRITERS)]
    writers = [Writer(f"host-{i}", journal) for i, journal in enumerate(journals)]
    for writer in writers:
        await writer.start()
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(0.1, 0.3))
        own_valkey.kill()
        await own_valkey.start()
    await asyncio.sleep(0.2)
    for writer in writers:
        writer.stopping = True
        await writer.committer.flush()
    stored = Counter(await _all_rows(journals[0]))
    acknowledged = Counter(row for writer in writers for row in writer.acknowledged)
    assert len(acknowledged) > 1000
    assert sum(writer.committer.metrics.retries for writer in writers) >= KILLS, "the kills were felt"
    assert acknowledged - stored == Counter(), "acknowledged and lost"
    assert max(stored.values()) == 1, "stored twice"
    assert stored == acknowledged, "all was flushed, so that all that is stored was acknowledged"
    for journal in journals:
        await journal.aclose()


async def _all_rows(journal: RedisJournal) -> list[str]:
    rows: list[str] = []
    for partition in range(journal.partitions):
        at = 0
        while entries := await journal.read(partition, at, count=500):
            assert [entry.number for entry in entries] == list(range(at + 1, at + 1 + len(entries)))
            at = entries[-1].number
            for entry in entries:
                rows += orjson.loads(entry.channels["m"])
    return rows
