"""The archive: everything is in its files, and trimming never passes what is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StoreUnavailable
from engine.journal.memory import MemoryJournal
from engine.journal.segments import Archive, SegmentReader, segments
from engine.projections.archive import ArchiveKeeping, ArchivePolicy, ArchiveProjection, trim_points
from engine.projections.runner import Pace, Runner
from tests.engine.journal.valkey import until
from tests.engine.projections.events import entry, linked
from tests.engine.projections.test_runner import Host

HOLDS_BACK = ArchivePolicy(segment_bytes=10**9, segment_s=3600.0)


def entries(first: int, last: int) -> list:  # type: ignore[type-arg]
    return [entry(number, [linked()], m=b"[1,2,3]", o=b'["as it is"]') for number in range(first, last + 1)]


async def test_entries_are_kept_as_they_are_in_all_channels(tmp_path: Path) -> None:
    archive = ArchiveProjection(Archive(tmp_path), ArchivePolicy(segment_bytes=1))
    await archive.open(1)
    await archive.apply(entries(1, 5))
    assert archive.archived == {0: 5}
    assert [one for n in range(5) for one in SegmentReader(tmp_path).read(0, n, 1)] == entries(1, 5)


async def test_what_waits_in_memory_is_not_archived(tmp_path: Path) -> None:
    archive = ArchiveProjection(Archive(tmp_path), HOLDS_BACK)
    await archive.open(1)
    await archive.apply(entries(1, 5))
    assert archive.archived == {0: 0}
    assert await archive.open(1) == {0: 0}
    await archive.apply(entries(1, 7))
    await archive.aclose()
    assert (archive.archived, archive.segments_written) == ({0: 7}, 1)
    assert await ArchiveProjection(Archive(tmp_path)).open(1) == {0: 7}


async def test_a_segment_that_has_waited_long_enough_is_closed(tmp_path: Path) -> None:
    archive = ArchiveProjection(Archive(tmp_path), ArchivePolicy(segment_bytes=10**9, segment_s=0.0))
    await archive.open(1)
    await archive.apply(entries(1, 3))
    await archive.close_due()
    assert archive.archived == {0: 3}


async def test_a_folder_that_takes_nothing_is_an_outage(tmp_path: Path) -> None:
    archive = ArchiveProjection(Archive(tmp_path), ArchivePolicy(segment_bytes=1))
    await archive.open(1)
    (tmp_path / "p0").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        await archive.apply(entries(1, 1))


async def test_the_journal_is_trimmed_behind_archive_and_ledger_only(tmp_path: Path) -> None:
    journal = MemoryJournal(1)
    host = Host(journal)
    await host.write(100)
    ledger = {0: 30}

    async def ledger_positions() -> Mapping[int, int]:
        if not ledger:
            raise StoreUnavailable("SQL is away")
        return ledger

    archive = ArchiveProjection(Archive(tmp_path), ArchivePolicy(segment_bytes=1000, segment_s=0.0, kept_bytes=1))
    keeping = ArchiveKeeping(journal, archive, ledger_positions)
    pace = Pace(min_interval_s=0.0, wait_s=0.01, housekeeping_s=0.0)
    stop = asyncio.Event()
    running = asyncio.create_task(Runner(journal, archive, pace=pace, housekeeping=keeping).run(stop))

    async def trimmed_to(wanted: int) -> None:
        async def reached() -> bool:
            return keeping.trimmed.get(0) == wanted

        await until(reached)

    await trimmed_to(29)
    ledger.clear()
    await host.write(20)

    async def archived() -> bool:
        return archive.archived == {0: 120}

    await until(archived)
    assert keeping.trimmed == {0: 29}
    ledger[0] = 110
    await trimmed_to(109)
    assert [one.number for one in await journal.read(0, 109, count=100)] == list(range(110, 121))
    assert SegmentReader(tmp_path).first(0) == 1
    stop.set()
    await running


async def test_small_files_are_joined_and_stay_readable(tmp_path: Path) -> None:
    policy = ArchivePolicy(segment_bytes=1, merge_files=4, upkeep_s=0.0)
    archive = ArchiveProjection(Archive(tmp_path), policy)
    await archive.open(1)
    await archive.apply(entries(1, 12))
    await archive.upkeep()
    assert len(segments(tmp_path, 0)) < 12
    assert [one.number for one in SegmentReader(tmp_path).read(0, 0, 100)][:12] == list(range(1, 13))


async def test_old_files_are_deleted_but_never_the_newest(tmp_path: Path) -> None:
    policy = ArchivePolicy(segment_bytes=1, retention_s=-1.0, merge_files=10**6, upkeep_s=0.0)
    archive = ArchiveProjection(Archive(tmp_path), policy)
    await archive.open(1)
    await archive.apply(entries(1, 5))
    await archive.upkeep()
    assert [(segment.first, segment.last) for segment in segments(tmp_path, 0)] == [(5, 5)]
    assert await ArchiveProjection(Archive(tmp_path)).open(1) == {0: 5}


POSITIONS = st.dictionaries(st.integers(0, 3), st.integers(0, 10_000))


@given(archived=POSITIONS, ledger=POSITIONS, kept=st.integers(1, 500))
def test_no_trim_point_passes_archive_or_ledger(archived: dict[int, int], ledger: dict[int, int], kept: int) -> None:
    for partition, point in trim_points(archived, ledger, kept).items():
        assert 0 < point <= min(archived[partition], ledger[partition]) - kept


def test_fault_points_kill_once_and_cost_nothing_when_off(tmp_path: Path) -> None:
    code = "from engine.faults import reach; reach('other'); reach('here'); print('alive')"

    def run(**extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], env=extra, capture_output=True, text=True, check=False)

    armed = {"RAYCHARGE_FAULT_POINT": "here,elsewhere", "RAYCHARGE_FAULT_DIR": str(tmp_path)}
    assert run().stdout == "alive\n"
    assert run(**armed).returncode == -9
    assert run(**armed).stdout == "alive\n"
