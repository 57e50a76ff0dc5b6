"""Where the bytes of files are: the port, and its in-memory twin. `folder.py` is the real one.

A file has an id of our own and nothing else: no name that anybody sent ever becomes a path.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, Collection
from dataclasses import dataclass
from typing import Protocol

from engine.errors import NotFound, TooLarge
from engine.ids import new_id

CHUNK = 256 * 1024
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is whole and on disk. `sha256` in hexadecimal digits."""

    id: str
    size: int
    sha256: str


class FileStore(Protocol):
    """Whole files or none. All methods raise StoreUnavailable when the disk does not take part."""

    async def write(self, chunks: AsyncIterable[bytes], *, limit: int) -> Stored:
        """Keep what comes. Raises TooLarge beyond `limit` bytes, and whatever `chunks` raises; nothing is left then."""
        ...

    def read(self, file: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `end`. Raises NotFound if there is no such file."""
        ...

    async def delete(self, file: str) -> None:
        """Forget a file; one that is not there is no error."""
        ...

    async def orphans(self, known: Collection[str], *, older_than_s: float) -> list[str]:
        """Files that nobody knows (a crash came between the file and its row), and have been there for so long."""
        ...


def too_large(limit: int) -> TooLarge:
    """The error of `FileStore.write`."""
    return TooLarge(f"A file has at most {limit} bytes here.", field="body", remedy="Send a smaller file.")


class MemoryFiles:
    """The twin: files in a dictionary."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def write(self, chunks: AsyncIterable[bytes], *, limit: int) -> Stored:
        data = bytearray()
        async for chunk in chunks:
            data += chunk
            if len(data) > limit:
                raise too_large(limit)
        stored = Stored(new_id(), len(data), hashlib.sha256(data).hexdigest())
        self.files[stored.id] = bytes(data)
        return stored

    async def read(self, file: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        if file not in self.files:
            raise NotFound("There is no such file.", field="file")
        data = self.files[file][start:end]
        for at in range(0, len(data), CHUNK):
            yield data[at : at + CHUNK]

    async def delete(self, file: str) -> None:
        self.files.pop(file, None)

    async def orphans(self, known: Collection[str], *, older_than_s: float) -> list[str]:
        return sorted(self.files.keys() - set(known))
