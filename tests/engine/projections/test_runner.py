"""The runner: order, limits, troubles and the way through the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.clock import ManualClock
from engine.errors import ConfigurationError, StaleEpoch, StoreUnavailable
from engine.ids import partition_of
from engine.journal.memory import MemoryJournal
from engine.journal.port import Entry, Write
from engine.journal.segments import Archive, SegmentReader
from engine.projections.runner import Pace, Runner
from tests.engine.journal.valkey import until
from tests.engine.projections.events import linked, records

QUICK = Pace(min_interval_s=0.0, wait_s=0.01, first_backoff_s=0.001, last_backoff_s=0.01)


class Shelf:
    """A sink in memory whose positions outlive a failure, as those of a store do."""

    name = "shelf"
    channels = frozenset({"e"})

    def __init__(self) -> None:
        self.taken: list[list[tuple[int, int]]] = []
        self.positions: dict[int, int] = {}
        self.failures: list[Exception] = []
        self.opened = 0

    async def open(self, partitions: int) -> dict[int, int]:
        self.opened += 1
        return {p: self.positions.get(p, 0) for p in range(partitions)}

    async def apply(self, entries: Sequence[Entry]) -> None:
        if self.failures:
            raise self.failures.pop()
        self.taken.append([(entry.partition, entry.number) for entry in entries])
        for one in entries:
            assert one.number == self.positions.get(one.partition, 0) + 1
            self.positions[one.partition] = one.number

    async def aclose(self) -> None:
        return None


class Host:
    """Writes link events of a few charge points, one entry each."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal
        self.numbers = dict.fromkeys(range(journal.partitions), 0)

    async def write(self, count: int, charge_points: int = 7) -> None:
        for number in range(count):
            name = f"CP-{number % charge_points}"
            claim = await self.journal.claim(name, "host", "life")
            partition = partition_of(name, self.journal.partitions)
            self.numbers[partition] += 1
            write = Write(name, claim.epoch, records([linked(name)]))
            await self.journal.commit("life", {partition: (self.numbers[partition], [write])})


@asynccontextmanager
async def running(runner: Runner) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield
    finally:
        stop.set()
        if not task.done():
            await task


async def until_level(runner: Runner, journal: MemoryJournal) -> None:
    async def level() -> bool:
        return runner.positions == await journal.heads()

    await until(level)


async def until_failed(runner: Runner, times: int) -> None:
    async def failed() -> bool:
        return runner.failures >= times

    await until(failed)


async def test_every_entry_arrives_once_and_in_order_also_after_troubles() -> None:
    journal, shelf = MemoryJournal(3), Shelf()
    host = Host(journal)
    await host.write(50)
    shelf.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
    runner = Runner(journal, shelf, pace=QUICK)
    async with running(runner):
        await until_level(runner, journal)
        journal.away = "restarting"
        await until_failed(runner, 3)
        assert runner.trouble
        journal.away = ""
        await host.write(30)
        await until_level(runner, journal)
    assert shelf.opened >= 4
    assert runner.trouble == ""
    assert shelf.positions == await journal.heads()


async def test_one_that_is_behind_is_well_again_with_its_next_batch_not_with_its_last() -> None:
    journal = MemoryJournal(1)
    await Host(journal).write(20)
    told: list[str] = []

    class Slow(Shelf):
        async def apply(self, entries: Sequence[Entry]) -> None:
            await super().apply(entries)
            told.append(runner.trouble)

    shelf = Slow()
    shelf.failures = [StoreUnavailable("away")]
    runner = Runner(journal, shelf, pace=Pace(entries=1, min_interval_s=0.0, wait_s=0.01, first_backoff_s=0.001))
    async with running(runner):
        await until_level(runner, journal)
    assert "away" in told[0]
    assert set(told[1:]) == {""}


async def test_no_batch_has_more_entries_or_bytes_than_allowed_and_no_partition_starves() -> None:
    journal, shelf = MemoryJournal(3), Shelf()
    await Host(journal).write(90)
    size = sum(len(rows) for rows in (await journal.read(0, 0, count=1))[0].channels.values())
    limits = Pace(entries=6, size=size * 4 + size // 2, min_interval_s=0.0, wait_s=0.01)
    runner = Runner(journal, shelf, pace=limits)
    async with running(runner):
        await until_level(runner, journal)
    assert max(map(len, shelf.taken)) <= 5
    behind = set(range(3))
    for batch in shelf.taken[:3]:
        behind -= {partition for partition, _ in batch}
    assert not behind


async def test_batches_are_as_far_apart_as_asked() -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    host = Host(journal)
    runner = Runner(journal, shelf, pace=Pace(min_interval_s=0.2, wait_s=0.01))
    async with running(runner):
        for _ in range(30):
            await host.write(1)
            await asyncio.sleep(0.02)
        await until_level(runner, journal)
    assert 3 <= len(shelf.taken) <= 8


async def test_lag_is_told_in_entries_and_seconds() -> None:
    journal, shelf, clock = MemoryJournal(1), Shelf(), ManualClock()
    host = Host(journal)
    await host.write(5)
    shelf.failures = [StoreUnavailable("away")] * 1000
    runner = Runner(journal, shelf, pace=QUICK, clock=clock)
    async with running(runner):
        await until_failed(runner, 2)
        clock.advance(30)
        await until_failed(runner, runner.failures + 2)
        assert (runner.lag.entries, runner.lag.seconds) == (5, 30.0)
        shelf.failures.clear()
        await until_level(runner, journal)
    assert (runner.lag.entries, runner.lag.seconds) == (0, 0.0)


async def test_what_was_trimmed_is_read_from_the_archive(tmp_path: Path) -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    await Host(journal).write(40)
    archive = Archive(tmp_path)
    archive.append(await journal.read(0, 0, count=15))
    archive.append(await journal.read(0, 15, count=15))
    await journal.trim(0, 28)
    runner = Runner(journal, shelf, archive=SegmentReader(tmp_path), pace=QUICK)
    async with running(runner):
        await until_level(runner, journal)
    assert shelf.positions == {0: 40}


async def test_what_neither_journal_nor_archive_have_stops_the_runner(tmp_path: Path) -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    await Host(journal).write(10)
    await journal.trim(0, 5)
    with pytest.raises(ConfigurationError, match="archive does not hold"):
        await Runner(journal, shelf, archive=SegmentReader(tmp_path), pace=QUICK).run(asyncio.Event())


async def test_a_journal_older_than_the_store_stops_the_runner() -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    shelf.positions = {0: 3}
    with pytest.raises(ConfigurationError, match="older than this store"):
        await Runner(journal, shelf, pace=QUICK).run(asyncio.Event())


async def test_a_projection_that_was_replaced_stops() -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    await Host(journal).write(1)
    shelf.failures = [StaleEpoch("another one runs")]
    with pytest.raises(StaleEpoch):
        await Runner(journal, shelf, pace=QUICK).run(asyncio.Event())


async def test_stopping_finishes_the_batch_in_hand() -> None:
    journal, shelf = MemoryJournal(1), Shelf()
    await Host(journal).write(5)
    entered, go_on = asyncio.Event(), asyncio.Event()
    apply = shelf.apply

    async def slow(entries: Sequence[Entry]) -> None:
        entered.set()
        await go_on.wait()
        await apply(entries)

    shelf.apply = slow  # type: ignore[method-assign]
    stop = asyncio.Event()
    task = asyncio.create_task(Runner(journal, shelf, pace=QUICK).run(stop))
    await entered.wait()
    stop.set()
    go_on.set()
    await task
    assert shelf.positions == {0: 5}
