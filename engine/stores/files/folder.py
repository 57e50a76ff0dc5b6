"""Files in a local folder, each whole after a crash: written beside, fsynced, renamed, and the folder fsynced.

    FOLDER/incoming/ID      being written; what a crash left there is removed by the next sweep
    FOLDER/ab/abcdef…       whole files, by id

The disk is shared with the journal and the stores, so an upload stops before it is full: theirs is the last of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterable, Collection
from pathlib import Path
from typing import BinaryIO

import structlog

from engine.errors import NotFound, StoreUnavailable
from engine.ids import new_id
from engine.stores.files.port import CHUNK, Stored, too_large

RESERVE = 512 * 1024 * 1024
"""Bytes of the disk that are left to the others."""

_GATHERED = 1024 * 1024
"""Bytes that are written at a time: each time costs a thread's turn."""

log = structlog.get_logger(__name__)


class FolderFiles:
    """The `FileStore`. The folder is made when it is first written to."""

    def __init__(self, folder: Path, *, reserve: int = RESERVE) -> None:
        self._folder, self._reserve = folder, reserve

    async def write(self, chunks: AsyncIterable[bytes], *, limit: int) -> Stored:
        incoming = _Incoming(self._folder, self._reserve)
        try:
            await asyncio.to_thread(incoming.begin)
            gathered: list[bytes] = []
            size = waiting = 0
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                gathered.append(chunk)
                waiting += len(chunk)
                if waiting >= _GATHERED:
                    await asyncio.to_thread(incoming.add, b"".join(gathered))
                    gathered, waiting = [], 0
            await asyncio.to_thread(incoming.add, b"".join(gathered))
            return await asyncio.to_thread(incoming.finish, self._path(incoming.id))
        except OSError as error:
            raise StoreUnavailable(f"The folder of files cannot be written: {error}") from error
        finally:
            incoming.abandon()

    async def read(self, file: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        try:
            opened = await asyncio.to_thread(_open, self._path(file), start)
        except FileNotFoundError as error:
            raise NotFound("There is no such file.", field="file") from error
        except OSError as error:
            raise StoreUnavailable(f"A file cannot be read: {error}") from error
        try:
            while start < end:
                chunk = await asyncio.to_thread(opened.read, min(CHUNK, end - start))
                if not chunk:
                    raise StoreUnavailable(f"The file {file} is shorter than it was.")
                start += len(chunk)
                yield chunk
        except OSError as error:
            raise StoreUnavailable(f"A file cannot be read: {error}") from error
        finally:
            opened.close()

    async def delete(self, file: str) -> None:
        try:
            await asyncio.to_thread(self._path(file).unlink, True)
        except OSError as error:
            raise StoreUnavailable(f"A file cannot be deleted: {error}") from error

    async def orphans(self, known: Collection[str], *, older_than_s: float) -> list[str]:
        try:
            return await asyncio.to_thread(self._orphans, set(known), time.time() - older_than_s)
        except OSError as error:
            raise StoreUnavailable(f"The folder of files cannot be read: {error}") from error

    def _orphans(self, known: set[str], before: float) -> list[str]:
        found = []
        for path in self._folder.glob("*/*") if self._folder.is_dir() else ():
            if path.name in known or path.stat().st_mtime > before:
                continue
            if path.parent.name == "incoming":
                path.unlink(missing_ok=True)
                log.info("upload_remains_removed", file=path.name)
            else:
                found.append(path.name)
        return found

    def _path(self, file: str) -> Path:
        """Only ids of ours come here; what is none is no path either."""
        if not (file.isascii() and file.isalnum()):
            raise NotFound("There is no such file.", field="file")
        return self._folder / file[:2] / file


class _Incoming:
    """A file being written. All but `abandon` block on the disk."""

    def __init__(self, folder: Path, reserve: int) -> None:
        self.id = new_id()
        self._path = folder / "incoming" / self.id
        self._reserve = reserve
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._size = 0

    def begin(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._look()
        self._file = self._path.open("xb")

    def add(self, data: bytes) -> None:
        assert self._file is not None
        # Each time: as many uploads as there may be at once would be beyond the reserve before a rarer look.
        self._look()
        self._hash.update(data)
        self._file.write(data)
        self._size += len(data)

    def finish(self, path: Path) -> Stored:
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.replace(self._path, path)
        for folder in (path.parent, path.parent.parent):
            _sync(folder)
        return Stored(self.id, self._size, self._hash.hexdigest())

    def abandon(self) -> None:
        """Close, and leave nothing where the file did not become whole."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _look(self) -> None:
        if shutil.disk_usage(self._path.parent).free < self._reserve:
            raise StoreUnavailable(f"Less than {self._reserve >> 20} MiB of the disk are free: files wait.")


def _open(path: Path, start: int) -> BinaryIO:
    opened = path.open("rb")
    opened.seek(start)
    return opened


def _sync(folder: Path) -> None:
    """Make the names in a folder durable: a rename alone may be undone by a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
