"""The archive's file form: the journal's entries in compressed segment files, one folder a partition.

    <root>/p<partition>/<first>-<last>.rcj.zst

A file is one zstd frame: the line `rcj 1`, then entry after entry, each with its length and a CRC-32. It is written
under a temporary name, fsynced, renamed, and its folder fsynced: a name that ends in `.rcj.zst` is whole, and the
highest `<last>` is the archive's position. Should a disk have lied about an fsync, the readable start of the newest
file counts.
"""

from __future__ import annotations

import bisect
import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import zstandard

from engine.errors import ConfigurationError, RaychargeError
from engine.faults import reach
from engine.journal.port import Entry

SUFFIX = ".rcj.zst"
MAGIC = b"rcj 1\n"
LEVEL = 3
"""zstd's default: the rows shrink to about a seventh at some 200 MB/s."""

_FRAME = struct.Struct("<II")  # length and CRC-32 of what follows
_ENTRY = struct.Struct("<QHB")  # number, version, how many channels
_CHANNEL = struct.Struct("<BI")  # lengths of name and rows


class ArchiveGap(RaychargeError):
    """Entries are missing in the archive: `missing` is the first, `resumes` the next that is there (None: damaged)."""

    def __init__(self, partition: int, missing: int, resumes: int | None) -> None:
        where = "and no later one can be read" if resumes is None else f"up to {resumes - 1}"
        super().__init__(f"The archive of partition {partition} lacks entry {missing} {where}.")
        self.partition, self.missing, self.resumes = partition, missing, resumes


class Segment(NamedTuple):
    """A segment file by its name. Ordered by first entry."""

    first: int
    last: int
    path: Path


def segments(root: Path, partition: int) -> list[Segment]:
    """The whole segment files of a partition in order, without those that a longer one covers."""
    found = []
    for path in (root / f"p{partition}").glob(f"*{SUFFIX}"):
        first, _, last = path.name.removesuffix(SUFFIX).partition("-")
        found.append(Segment(int(first), int(last), path))
    found.sort(key=lambda segment: (segment.first, -segment.last))
    kept: list[Segment] = []
    for segment in found:
        if not kept or segment.last > kept[-1].last:
            kept.append(segment)
    return kept


def write_segment(root: Path, entries: Sequence[Entry]) -> Segment:
    """Write consecutive entries of one partition into a new file; return when it is durable.

    Writing the same entries again is harmless. Raises OSError (a full disk) with nothing left behind, and ValueError
    for entries that do not follow one another.
    """
    partition, first, last = entries[0].partition, entries[0].number, entries[-1].number
    if any(entry.number != first + i or entry.partition != partition for i, entry in enumerate(entries)):
        raise ValueError("A segment holds consecutive entries of one partition.")
    folder = root / f"p{partition}"
    if not folder.exists():
        folder.mkdir(parents=True)
        _sync_folder(root)
    path = folder / f"{first:012d}-{last:012d}{SUFFIX}"
    partial = path.with_suffix(f".tmp{os.getpid()}")
    try:
        with partial.open("wb") as file:
            packer = zstandard.ZstdCompressor(level=LEVEL)
            with packer.stream_writer(file, closefd=False) as stream:
                stream.write(MAGIC)
                for entry in entries:
                    stream.write(_packed(entry))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return Segment(first, last, path)


def _packed(entry: Entry) -> bytes:
    pieces = [_ENTRY.pack(entry.number, entry.version, len(entry.channels))]
    for channel, rows in entry.channels.items():
        name = channel.encode()
        pieces += (_CHANNEL.pack(len(name), len(rows)), name, rows)
    body = b"".join(pieces)
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_segment(path: Path, partition: int) -> Iterator[Entry]:
    """The entries of a file, up to the first that is damaged or cut off.

    Raises ConfigurationError for a file of a newer release.
    """
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        magic = _take(stream, len(MAGIC))
        if magic is None:
            return
        if magic != MAGIC:
            raise ConfigurationError(f"{path} is no journal segment of this release: start the newer release again.")
        while (head := _take(stream, _FRAME.size)) is not None:
            length, checksum = _FRAME.unpack(head)
            body = _take(stream, length)
            if body is None or zlib.crc32(body) != checksum:
                return
            yield _unpacked(partition, body)


def _take(stream: zstandard.ZstdDecompressionReader, size: int) -> bytes | None:
    """Exactly `size` bytes, or None where the file ends or is damaged before."""
    pieces = []
    while size > 0:
        try:
            piece = stream.read(size)
        except zstandard.ZstdError:
            return None
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _unpacked(partition: int, body: bytes) -> Entry:
    number, version, count = _ENTRY.unpack_from(body)
    at = _ENTRY.size
    channels = {}
    for _ in range(count):
        name_length, length = _CHANNEL.unpack_from(body, at)
        at += _CHANNEL.size
        name = body[at : at + name_length].decode()
        at += name_length
        channels[name] = body[at : at + length]
        at += length
    return Entry(partition, number, version, channels)


class Archive:
    """The segment files of all partitions under one root, for the archive projection."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def position(self, partition: int) -> int:
        """The last entry that is safely archived, 0 for none. Cuts a damaged newest file back to what is whole."""
        there = segments(self.root, partition)
        while there:
            newest = there.pop()
            entries = list(read_segment(newest.path, partition))
            if entries and entries[-1].number == newest.last:
                return newest.last
            if entries:
                write_segment(self.root, entries)
            newest.path.unlink()
            there = segments(self.root, partition)
        return 0

    def append(self, entries: Sequence[Entry]) -> Segment:
        """See `write_segment`."""
        return write_segment(self.root, entries)

    def remove_older_than(self, age_s: float, partition: int) -> int:
        """Delete files written longer ago, never the newest, which holds the position. Returns how many went.

        Files that a longer one covers, and what a crash left half written, go at once.
        """
        there = segments(self.root, partition)
        keep = {segment.path for segment in there}
        oldest = time.time() - age_s
        for segment in there[:-1]:
            if segment.path.stat().st_mtime >= oldest:
                break
            keep.discard(segment.path)
        gone = [path for path in (self.root / f"p{partition}").glob("*") if path not in keep]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def merge(self, partition: int, *, min_files: int, max_bytes: int) -> int:
        """Join the oldest run of small neighbouring files into one, if there are `min_files` of them that together have
        at most `max_bytes`. Returns how many files were joined. A kill at any line loses nothing.

        A merged file counts as old as its youngest part.
        """
        run: list[Segment] = []
        size = 0
        for segment in segments(self.root, partition):
            here = segment.path.stat().st_size
            if run and (size + here > max_bytes or segment.first != run[-1].last + 1):
                if len(run) >= min_files:
                    break
                run, size = [], 0
            run.append(segment)
            size += here
        if len(run) < min_files:
            return 0
        youngest = run[-1].path.stat().st_mtime
        merged = write_segment(self.root, [entry for part in run for entry in read_segment(part.path, partition)])
        os.utime(merged.path, (youngest, youngest))
        reach("archive:after-merge-before-removal")
        for part in run:
            part.path.unlink(missing_ok=True)
        return len(run)


class SegmentReader:
    """Reads entries by number, for rebuilds and for projections that lag behind the journal's start."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[int, tuple[Segment, list[Entry]]] = {}

    def first(self, partition: int) -> int:
        """The oldest entry that the archive has; 0 for none."""
        there = segments(self._root, partition)
        return there[0].first if there else 0

    def read(self, partition: int, after: int, count: int) -> list[Entry]:
        """Entries with a number above `after`, in order, at most `count`, perhaps fewer; none where the archive ends.

        Raises ArchiveGap if entry `after + 1` is missing although later ones are there.
        """
        segment = self._segment(partition, after + 1)
        if segment is None:
            return []
        if segment.first > after + 1:
            raise ArchiveGap(partition, after + 1, segment.first)
        entries = self._entries(partition, segment)
        found = entries[after + 1 - segment.first :][:count]
        if not found and self._segment(partition, segment.last + 1) is not None:
            raise ArchiveGap(partition, after + 1, segment.last + 1)
        return found

    def _segment(self, partition: int, number: int) -> Segment | None:
        """The file that holds this entry, or else the next one."""
        opened = self._open.get(partition)
        if opened is not None and opened[0].first <= number <= opened[0].last:
            return opened[0]
        there = segments(self._root, partition)
        at = bisect.bisect_left(there, number, key=lambda segment: segment.last)
        return there[at] if at < len(there) else None

    def _entries(self, partition: int, segment: Segment) -> list[Entry]:
        opened = self._open.get(partition)
        if opened is None or opened[0] != segment:
            opened = (segment, list(read_segment(segment.path, partition)))
            self._open[partition] = opened
        return opened[1]
