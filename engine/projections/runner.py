"""The loop that feeds one projection: read after its positions, apply, measure the lag, survive what is away.

    open ──► wait ──► gather a batch, fairly over the partitions ──► apply ──► wait …
      ▲                    │ Trimmed: from the archive                  │
      └──── back off ◄─────┴──────── StoreUnavailable, JournalUnavailable

The sink holds the position; the runner only remembers what the sink has taken, and asks it again after every trouble.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from engine.clock import Clock, SystemClock
from engine.errors import ConfigurationError, JournalUnavailable, StoreUnavailable, Unavailable
from engine.journal.port import Entry, Journal, Trimmed
from engine.journal.segments import ArchiveGap
from engine.journal.upcast import PRESENT
from engine.projections.lag import Lag
from engine.projections.port import Projection

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How large and how frequent batches are. Batches that leave something behind are followed at once by the next.

    `min_interval_s` between the starts of two `apply`; `wait_s` is also the longest time that a stop is noticed late.
    """

    entries: int = 200
    size: int = 8 * 1024 * 1024
    min_interval_s: float = 0.05
    wait_s: float = 0.5
    first_backoff_s: float = 0.1
    last_backoff_s: float = 5.0
    housekeeping_s: float = 1.0


class EntrySource(Protocol):
    """Older entries than the journal has: `segments.SegmentReader`. Blocks on files, so it is read in a thread."""

    def read(self, partition: int, after: int, count: int) -> list[Entry]: ...


Housekeeping = Callable[[], Awaitable[None]]


class Runner:
    """Runs one projection. What it attributes are plain numbers for whoever scrapes them.

    `lag` in entries and seconds, `applied` entries and `batches` since the start, `failures` of a store or the
    journal, `trouble` the text of the one that lasts ("" if none).
    """

    def __init__(
        self,
        journal: Journal,
        projection: Projection,
        *,
        archive: EntrySource | None = None,
        pace: Pace | None = None,
        housekeeping: Housekeeping | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._journal, self._projection, self._archive = journal, projection, archive
        self._pace = pace or Pace()
        self._housekeeping = housekeeping
        self._clock = clock or SystemClock()
        self._first = 0
        self._average = 4096.0
        self._last_apply = self._last_housekeeping = 0.0
        self.positions: dict[int, int] = {}
        self.heads: dict[int, int] = {}
        self.lag = Lag()
        self.applied = self.batches = self.failures = 0
        self.trouble = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set; the batch in hand is finished first.

        Raises StaleEpoch when another projection of this name has taken over, ConfigurationError when the journal
        does not fit to the positions; everything that passes by itself is waited for.
        """
        backoff = self._pace.first_backoff_s
        opened = False
        while not stop.is_set():
            try:
                if not opened:
                    await self._open()
                    opened = True
                await self._turn(stop)
                backoff, self.trouble = self._pace.first_backoff_s, ""
            except Unavailable as error:
                opened = False
                self._note(error)
                # Spread out, so that the consumers of a store that comes back do not all knock at once.
                await _pause(stop, backoff * random.uniform(0.5, 1.0))
                backoff = min(backoff * 2, self._pace.last_backoff_s)

    async def _open(self) -> None:
        self.positions = await self._projection.open(self._journal.partitions)
        self.heads = await self._journal.heads()
        for partition, position in self.positions.items():
            if position > self.heads.get(partition, 0):
                raise ConfigurationError(
                    f"{self._projection.name} has read partition {partition} up to entry {position}, but the journal "
                    f"ends at {self.heads.get(partition, 0)}: it is older than this store, or another one. "
                    "Restore both from the same backup, or give the right RAYCHARGE_REDIS_URL."
                )
        self._measure()

    async def _turn(self, stop: asyncio.Event) -> None:
        """Wait for news, then apply until nothing is left."""
        await self._journal.wait(self.positions, self._pace.wait_s)
        loop = asyncio.get_running_loop()
        rest = self._last_apply + self._pace.min_interval_s - loop.time()
        if rest > 0:
            await _pause(stop, rest)
        self._last_apply = loop.time()
        more = True
        while more:
            batch, more = await self._gather()
            if batch:
                await self._apply(batch)
            await self._keep_house()
            if stop.is_set():
                return

    async def _gather(self) -> tuple[list[Entry], bool]:
        """The next batch within the limits, and whether they cut it. Each partition gets its share of both."""
        self.heads = await self._journal.heads()
        self._measure()
        behind = [p for p, position in self.positions.items() if self.heads.get(p, 0) > position]
        if not behind:
            return [], False
        # Another partition goes first every time: the last one is the one that a limit cuts.
        self._first = (self._first + 1) % len(behind)
        batch: list[Entry] = []
        cut = False
        left = self._pace.size
        for turn, partition in enumerate(behind[self._first :] + behind[: self._first]):
            share = max(1, (self._pace.entries - len(batch)) // (len(behind) - turn))
            count = max(1, min(share, int(left / (len(behind) - turn) / self._average)))
            entries = await self._read(partition, count)
            for entry in entries:
                size = sum(map(len, entry.channels.values()))
                self._average += (size - self._average) / 16
                if batch and left < size:
                    cut = True
                    break
                left -= size
                batch.append(entry)
            cut = cut or (bool(entries) and entries[-1].number < self.heads[partition])
        return batch, cut

    async def _read(self, partition: int, count: int) -> list[Entry]:
        after = self.positions[partition]
        try:
            entries = await self._journal.read(partition, after, count=count)
        except Trimmed as trimmed:
            entries = await self._read_archive(trimmed, after, count)
        if entries and entries[0].number != after + 1:
            raise ConfigurationError(
                f"Partition {partition} goes on with entry {entries[0].number} after {after}: entries are missing."
            )
        return [PRESENT.lift_entry(entry) for entry in entries]

    async def _read_archive(self, trimmed: Trimmed, after: int, count: int) -> list[Entry]:
        entries: list[Entry] = []
        if self._archive is not None:
            try:
                entries = await asyncio.to_thread(self._archive.read, trimmed.partition, after, count)
            except ArchiveGap:
                entries = []
            except OSError as error:
                # A file that was merged away under the reader's hands is found in its new place the next time.
                raise StoreUnavailable(f"The archive cannot be read: {error}") from error
        if entries:
            return entries
        reopened = await self._projection.open(self._journal.partitions)
        if reopened.get(trimmed.partition, 0) > after:
            # A sink that keeps no position (the live feed) goes on at the head.
            self.positions = reopened
            return []
        raise ConfigurationError(
            f"{self._projection.name} stands at entry {after} of partition {trimmed.partition}; the journal begins at "
            f"{trimmed.first} and the archive does not hold what is between. Restore the archive's segments."
        ) from trimmed

    async def _apply(self, batch: list[Entry]) -> None:
        await self._projection.apply(batch)
        # Here too: a projection that is behind for long does not come to the end of its turn, and works all the same.
        self.trouble = ""
        for entry in batch:
            self.positions[entry.partition] = entry.number
        self.applied += len(batch)
        self.batches += 1
        self._measure()

    async def _keep_house(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._housekeeping is not None and now - self._last_housekeeping >= self._pace.housekeeping_s:
            self._last_housekeeping = now
            await self._housekeeping()

    def _measure(self) -> None:
        now = self._clock.now()
        self.lag.saw(self.heads, now)
        self.lag.measure(self.positions, now)

    def _note(self, error: Unavailable) -> None:
        self.failures += 1
        if not self.trouble:
            blame = {JournalUnavailable: "journal", StoreUnavailable: "store"}.get(type(error), "other")
            log.warning("projection.waits", projection=self._projection.name, blame=blame, error=str(error))
        self.trouble = str(error)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake up when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
