"""What a host keeps in memory of the registry: read whole, again after every change that is announced, and now and then
in case an announcement was missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import structlog

from engine.errors import StoreUnavailable
from engine.stores.changes import Change, ChangeFeed

log = structlog.get_logger("kept_book")
REFRESH_S = 60.0


class KeptBook:
    """Base of the books. Subclasses write `read`; `kind` is the kind of change that makes a book stale."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self._stale = asyncio.Event()
        # Of two readings at the same time the older one might be the last to be taken over.
        self._reading = asyncio.Lock()

    def changed(self, change: Change) -> None:
        """Something has changed: read again soon, if it is of this book's kind."""
        if change.kind == self.kind:
            self._stale.set()

    async def read(self) -> None:
        """Read all. Raises StoreUnavailable; the old book stays in use then. From outside call `read_anew`."""
        raise NotImplementedError

    async def read_changes(self) -> None:
        """Read what has changed; all, unless the book knows better. Raises StoreUnavailable."""
        await self.read()

    async def read_lately(self) -> None:
        """Make up for announcements that were missed, every minute; reads all, unless the book knows better."""
        await self.read()

    async def look_again(self) -> None:
        """`read_lately`, in turn with whoever reads already. Raises StoreUnavailable."""
        async with self._reading:
            await self.read_lately()

    async def read_anew(self) -> None:
        """Read all, in turn with whoever reads already. Raises StoreUnavailable."""
        async with self._reading:
            self._stale.clear()
            await self.read()

    async def catch_up(self) -> None:
        """Read what has changed, if anything has. Raises StoreUnavailable, and is stale still."""
        async with self._reading:
            if not self._stale.is_set():
                return
            self._stale.clear()
            try:
                await self.read_changes()
            except BaseException:
                self._stale.set()
                raise

    async def keep_current(self) -> None:
        """Read whenever something has changed, and every minute; for ever."""
        while True:
            waiting = asyncio.ensure_future(self._stale.wait())
            await asyncio.wait([waiting], timeout=REFRESH_S)
            waiting.cancel()
            try:
                await (self.catch_up() if self._stale.is_set() else self.look_again())
            except StoreUnavailable as error:
                log.warning("book_not_read", kind=self.kind, error=str(error))
                await asyncio.sleep(1.0)
                self._stale.set()


class HeardAtOnce:
    """A change feed whose announcements the books of this very process take in before they go out to the others.

    Whoever has changed something finds it changed when the answer comes, whichever book is asked.
    """

    def __init__(self, feed: ChangeFeed, books: Sequence[KeptBook] = ()) -> None:
        self._feed = feed
        self.books = tuple(books)

    async def announce(self, changes: Sequence[Change]) -> None:
        """As `ChangeFeed.announce`. Never raises: a book that cannot be read now is read as soon as it can."""
        for book in self.books:
            for change in changes:
                book.changed(change)
            try:
                await book.catch_up()
            except StoreUnavailable as error:
                log.warning("book_not_read", kind=book.kind, error=str(error))
        await self._feed.announce(changes)

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """As `ChangeFeed.listen`."""
        return self._feed.listen()
