"""The archive's files survive kills, torn ends and retention, and tell of what is missing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigurationError
from engine.journal.port import Entry
from engine.journal.segments import Archive, ArchiveGap, SegmentReader, read_segment, segments, write_segment


def entries(first: int, last: int, partition: int = 0) -> list[Entry]:
    return [Entry(partition, n, 1, {"m": b"[%d]" % n * 50, "e": b"[]"}) for n in range(first, last + 1)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.binary(max_size=300), max_size=4), min_size=1, max_size=20))
def test_entries_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, many: list[dict[str, bytes]]) -> None:
    root = tmp_path_factory.mktemp("archive")
    written = [Entry(3, 7 + i, 2, channels) for i, channels in enumerate(many)]
    segment = write_segment(root, written)
    assert list(read_segment(segment.path, 3)) == written


def test_a_reader_goes_on_over_the_files_borders(tmp_path: Path) -> None:
    archive, reader = Archive(tmp_path), SegmentReader(tmp_path)
    for first in (1, 11, 21):
        archive.append(entries(first, first + 9))
    archive.append(entries(1, 5, partition=1))
    read: list[int] = []
    while some := reader.read(0, len(read), 7):
        read += [entry.number for entry in some]
    assert read == list(range(1, 31))
    assert [e.number for e in reader.read(1, 3, 100)] == [4, 5]
    assert reader.read(2, 0, 100) == []
    assert (archive.position(0), archive.position(1), archive.position(2)) == (30, 5, 0)
    archive.append(entries(31, 33))
    assert [e.number for e in reader.read(0, 30, 100)] == [31, 32, 33]


def test_missing_entries_are_told(tmp_path: Path) -> None:
    archive, reader = Archive(tmp_path), SegmentReader(tmp_path)
    archive.append(entries(5, 9))
    archive.append(entries(20, 29))
    with pytest.raises(ArchiveGap) as gap:
        reader.read(0, 0, 10)
    assert (gap.value.missing, gap.value.resumes) == (1, 5)
    with pytest.raises(ArchiveGap) as gap:
        reader.read(0, 9, 10)
    assert (gap.value.missing, gap.value.resumes) == (10, 20)
    assert reader.first(0) == 5


@pytest.mark.parametrize("cut", [0, 3, 20, -1])
def test_a_torn_newest_file_counts_as_far_as_it_is_whole(tmp_path: Path, cut: int) -> None:
    archive = Archive(tmp_path)
    archive.append(entries(1, 10))
    torn = archive.append([Entry(0, n, 1, {"m": os.urandom(200_000)}) for n in range(11, 21)])
    content = torn.path.read_bytes()
    torn.path.write_bytes(content[:cut])
    whole = len(list(read_segment(torn.path, 0)))
    assert whole == (9 if cut == -1 else 0) or cut == -1
    assert archive.position(0) == 10 + whole
    assert archive.position(0) == 10 + whole
    archive.append(entries(11 + whole, 30))
    read: list[int] = []
    reader = SegmentReader(tmp_path)
    while some := reader.read(0, len(read), 100):
        read += [entry.number for entry in some]
    assert read == list(range(1, 31))


def test_a_damaged_file_in_the_middle_is_a_gap(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    damaged = archive.append(entries(1, 10))
    archive.append(entries(11, 20))
    damaged.path.write_bytes(damaged.path.read_bytes()[:30])
    with pytest.raises(ArchiveGap):
        SegmentReader(tmp_path).read(0, 0, 100)


def test_half_written_files_are_not_seen_and_go_with_retention(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.append(entries(1, 10))
    (tmp_path / "p0" / "000000000011-000000000020.rcj.tmp77").write_bytes(b"half")
    assert archive.position(0) == 10
    assert archive.remove_older_than(1000, 0) == 1
    assert [(s.first, s.last) for s in segments(tmp_path, 0)] == [(1, 10)]


def test_retention_deletes_old_files_but_never_the_position(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for first in (1, 11, 21):
        written = archive.append(entries(first, first + 9))
        age = time.time() - (5000 if first < 30 else 0)
        os.utime(written.path, (age, age))
    assert archive.remove_older_than(10_000, 0) == 0
    assert archive.remove_older_than(1000, 0) == 2
    assert archive.position(0) == 30
    assert SegmentReader(tmp_path).first(0) == 21


def test_small_files_are_merged_and_read_the_same(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for n in range(1, 31):
        archive.append(entries(n, n))
    assert archive.merge(0, min_files=40, max_bytes=10_000_000) == 0
    assert archive.merge(0, min_files=10, max_bytes=10_000_000) == 30
    assert [(s.first, s.last) for s in segments(tmp_path, 0)] == [(1, 30)]
    assert SegmentReader(tmp_path).read(0, 0, 100) == entries(1, 30)
    assert archive.position(0) == 30


def test_a_kill_between_merging_and_deleting_leaves_every_entry_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for n in range(1, 11):
        archive.append(entries(n, n))
    archive.append(entries(1, 10))
    archive.append(entries(11, 12))
    assert SegmentReader(tmp_path).read(0, 0, 100) == entries(1, 10)
    assert archive.remove_older_than(1000, 0) == 9 + 1
    assert [(s.first, s.last) for s in segments(tmp_path, 0)] == [(1, 10), (11, 12)]


def test_a_newer_releases_file_is_refused(tmp_path: Path) -> None:
    import zstandard

    path = tmp_path / "x"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"rcj 9\n..."))
    with pytest.raises(ConfigurationError, match="newer release"):
        list(read_segment(path, 0))


def test_entries_that_do_not_follow_one_another_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="consecutive"):
        write_segment(tmp_path, entries(1, 2) + entries(4, 5))
