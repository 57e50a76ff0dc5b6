"""What the stores' tests share: repositories over one database, with a change feed whose news are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from engine.stores.changes import Change


class Noted:
    """A change feed that remembers what was announced."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    async def announce(self, changes: Sequence[Change]) -> None:
        self.changes += changes

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Change]]:
        async def replay() -> AsyncIterator[Change]:
            for change in self.changes:
                yield change

        yield replay()
