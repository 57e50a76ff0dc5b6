"""Files are whole or not there: in the folder and in its twin."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import NotFound, StoreUnavailable, TooLarge
from engine.stores.files.folder import FolderFiles
from engine.stores.files.port import FileStore, MemoryFiles, Stored

CONTENT = bytes(range(256)) * 9_000
"""2.3 MB: several writes and several reads."""


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return MemoryFiles() if request.param == "memory" else FolderFiles(tmp_path / "files")


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def cut(data: bytes) -> AsyncIterator[bytes]:
    async for piece in pieces(data):
        yield piece
    raise ConnectionResetError("the station has gone")


async def content(store: FileStore, file: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(file, start, end)])


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_written_is_read_again_in_whole_and_in_part(store: FileStore) -> None:
    stored = await store.write(pieces(CONTENT), limit=len(CONTENT))
    assert (stored.size, stored.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert await content(store, stored.id, 0, stored.size) == CONTENT
    assert await content(store, stored.id, 300_000, 900_001) == CONTENT[300_000:900_001]
    await store.delete(stored.id)
    await store.delete(stored.id)
    with pytest.raises(NotFound):
        await content(store, stored.id, 0, 1)


async def test_what_is_cut_or_too_large_leaves_nothing(tmp_path: Path) -> None:
    store = FolderFiles(tmp_path)
    with pytest.raises(StoreUnavailable):
        await store.write(cut(CONTENT), limit=len(CONTENT))
    with pytest.raises(TooLarge):
        await store.write(pieces(CONTENT), limit=len(CONTENT) - 1)
    assert files_in(tmp_path) == []


async def test_names_that_are_no_ids_of_ours_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    store = FolderFiles(tmp_path / "files")
    for name in ("../secret", "..", "", "a/b", "/etc/passwd", "ab%2f", "ab\0", "ähnlich"):
        with pytest.raises(NotFound):
            await content(store, name, 0, 1)
        with pytest.raises(NotFound):
            await store.delete(name)


async def test_an_upload_leaves_the_rest_of_the_disk_to_the_journal(tmp_path: Path) -> None:
    store = FolderFiles(tmp_path, reserve=1 << 60)
    with pytest.raises(StoreUnavailable, match="are free"):
        await store.write(pieces(CONTENT), limit=len(CONTENT))
    assert files_in(tmp_path) == []


async def test_many_uploads_together_stop_at_the_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be short: what counts is what all of them have written."""
    reserve, disk = 100 << 20, 200 << 20

    def usage(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=disk - sum(path.stat().st_size for path in files_in(tmp_path)))

    async def body() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield bytes(1 << 20)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    store = FolderFiles(tmp_path, reserve=reserve)
    brought = await asyncio.gather(*(store.write(body(), limit=1 << 24) for _ in range(24)), return_exceptions=True)
    refused = [one for one in brought if isinstance(one, StoreUnavailable)]
    assert refused
    assert len(refused) + len([one for one in brought if isinstance(one, Stored)]) == 24
    # One piece of each may be on its way when the last of the free is seen.
    assert usage(tmp_path).free >= reserve - (24 << 20)


async def test_what_a_crash_left_is_found_when_it_is_old(tmp_path: Path) -> None:
    store = FolderFiles(tmp_path)
    known = await store.write(pieces(b"known"), limit=10)
    orphan = await store.write(pieces(b"no row"), limit=10)
    torn = tmp_path / "incoming" / "torn"
    torn.write_bytes(b"half")
    assert await store.orphans([known.id], older_than_s=60) == [], "it may be on its way still"
    for path in files_in(tmp_path):
        os.utime(path, (1, 1))
    assert await store.orphans([known.id], older_than_s=60) == [orphan.id]
    assert not torn.exists()
    assert await content(store, known.id, 0, 5) == b"known"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=3000), size=st.integers(1, 700), edges=st.tuples(st.integers(0, 3000), st.integers(0, 3000))
)
async def test_every_part_of_every_file_is_the_same(
    tmp_path: Path, data: bytes, size: int, edges: tuple[int, int]
) -> None:
    store = FolderFiles(tmp_path)
    stored = await store.write(pieces(data, size), limit=3000)
    start, end = sorted(min(edge, len(data)) for edge in edges)
    assert await content(store, stored.id, start, end) == data[start:end]
