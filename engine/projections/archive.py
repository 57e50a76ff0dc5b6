"""The archive: every entry of the journal, as it stands, in segment files; and what may then be trimmed.

Entries are gathered in memory until a partition has enough of them or they have waited long enough, then become one
durable file (`engine/journal/segments.py`). What is in memory is not archived: `archived` and `open` tell only what is
fsynced, so a crash reads the rest from the journal again, and trimming never passes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from engine.errors import StoreUnavailable
from engine.faults import reach
from engine.journal import segments
from engine.journal.port import Entry, Journal
from engine.journal.records import CHANNELS

NAME = "archive"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ArchivePolicy:
    """When a segment is closed, how long it is kept, what stays in the journal behind those who read it.

    `kept_bytes` (per partition) spares projections that are a little late the way through the archive. Small files are
    joined into ones of at most `merged_bytes` (compressed), which a reader can hold in memory.
    """

    segment_bytes: int = 8 * 1024 * 1024
    segment_s: float = 5.0
    retention_s: float = 30 * 86_400.0
    kept_bytes: int = 16 * 1024 * 1024
    merged_bytes: int = 4 * 1024 * 1024
    merge_files: int = 32
    upkeep_s: float = 60.0


class _Gathered:
    """What is in memory of one partition."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.size = 0
        self.since = 0.0


class ArchiveProjection:
    """Writes the segment files. `archived` maps a partition to its last durable entry."""

    name = NAME
    channels = frozenset(CHANNELS)

    def __init__(self, archive: segments.Archive, policy: ArchivePolicy | None = None) -> None:
        self._archive = archive
        self.policy = policy or ArchivePolicy()
        self._gathered: dict[int, _Gathered] = {}
        self._average = 4096.0
        self._last_upkeep = 0.0
        self.archived: dict[int, int] = {}
        self.segments_written = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Forget what is only in memory and return what the files hold."""
        self._gathered.clear()
        try:
            for partition in range(partitions):
                self.archived[partition] = await asyncio.to_thread(self._archive.position, partition)
        except OSError as error:
            raise StoreUnavailable(f"The archive's folder cannot be used: {error}") from error
        return dict(self.archived)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Gather, and close the segments that are full. Raises StoreUnavailable when the disk is full or away."""
        now = asyncio.get_running_loop().time()
        for entry in entries:
            gathered = self._gathered.setdefault(entry.partition, _Gathered())
            if not gathered.entries:
                gathered.since = now
            size = sum(map(len, entry.channels.values()))
            self._average += (size - self._average) / 64
            gathered.entries.append(entry)
            gathered.size += size
            if gathered.size >= self.policy.segment_bytes:
                await self._close(entry.partition)

    async def close_due(self) -> None:
        """Close the segments that have waited long enough."""
        now = asyncio.get_running_loop().time()
        for partition, gathered in list(self._gathered.items()):
            if gathered.entries and now - gathered.since >= self.policy.segment_s:
                await self._close(partition)

    async def upkeep(self) -> None:
        """Now and then: join small files, delete those older than the retention."""
        now = asyncio.get_running_loop().time()
        if now - self._last_upkeep < self.policy.upkeep_s:
            return
        self._last_upkeep = now
        await asyncio.to_thread(self._tidy)

    @property
    def kept_entries(self) -> int:
        """How many entries of a partition stay in the journal behind the trimming."""
        return max(1, int(self.policy.kept_bytes / max(1.0, self._average)))

    async def aclose(self) -> None:
        """Close all segments."""
        for partition in list(self._gathered):
            await self._close(partition)

    async def _close(self, partition: int) -> None:
        gathered = self._gathered.pop(partition)
        if not gathered.entries:
            return
        try:
            segment = await asyncio.to_thread(self._archive.append, gathered.entries)
        except OSError as error:
            raise StoreUnavailable(f"The archive takes no more: {error}") from error
        self.archived[partition] = segment.last
        self.segments_written += 1
        reach("archive:after-segment-before-trim")

    def _tidy(self) -> None:
        policy = self.policy
        for partition in list(self.archived):
            try:
                self._archive.merge(partition, min_files=policy.merge_files, max_bytes=policy.merged_bytes)
                self._archive.remove_older_than(policy.retention_s, partition)
            except OSError as error:
                log.warning("archive.untidy", partition=partition, error=str(error))


def trim_points(archived: Mapping[int, int], ledger: Mapping[int, int], kept: int) -> dict[int, int]:
    """Up to which entry each partition may be trimmed: what both have, less the newest `kept` of those."""
    points = {p: min(position, ledger.get(p, 0)) - kept for p, position in archived.items()}
    return {p: point for p, point in points.items() if point > 0}


async def trim_journal(
    journal: Journal, archive: ArchiveProjection, ledger_positions: Mapping[int, int]
) -> dict[int, int]:
    """Trim every partition as far as archive and ledger allow; return how far that is. Raises JournalUnavailable."""
    points = trim_points(archive.archived, ledger_positions, archive.kept_entries)
    for partition, point in points.items():
        await journal.trim(partition, point)
        reach("archive:after-trim")
    return points


class ArchiveKeeping:
    """The archive runner's housekeeping: close what is due, trim the journal, keep the files in order.

    `ledger_positions` reads how far the ledger's rows are durable. While SQL is away nothing is trimmed; the archive
    itself goes on. `trimmed` maps a partition to the last entry that was dropped.
    """

    def __init__(
        self,
        journal: Journal,
        archive: ArchiveProjection,
        ledger_positions: Callable[[], Awaitable[Mapping[int, int]]],
    ) -> None:
        self._journal, self._archive, self._ledger_positions = journal, archive, ledger_positions
        self.trimmed: dict[int, int] = {}

    async def __call__(self) -> None:
        await self._archive.close_due()
        try:
            ledger = await self._ledger_positions()
        except StoreUnavailable as error:
            log.warning("archive.trims_nothing", error=str(error))
        else:
            self.trimmed |= await trim_journal(self._journal, self._archive, ledger)
        await self._archive.upkeep()
