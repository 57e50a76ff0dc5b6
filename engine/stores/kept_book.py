"""What a host keeps in memory of the registry: read whole, again after every change that is announced, and now and then
in case an announcement was missed."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import structlog

from engine.errors import StoreUnavailable
from engine.stores.changes import Change

log = structlog.get_logger("kept_book")
REFRESH_S = 60.0


class KeptBook:
    """Base of the books. Subclasses write `read`; `kind` is the kind of change that makes a book stale."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self._stale = asyncio.Event()

    def changed(self, change: Change) -> None:
        """Something has changed: read again soon, if it is of this book's kind."""
        if change.kind == self.kind:
            self._stale.set()

    async def read(self) -> None:
        """Read all. Raises StoreUnavailable; the old book stays in use then."""
        raise NotImplementedError

    async def keep_current(self) -> None:
        """Read whenever something has changed, and every minute; for ever."""
        while True:
            waiting = asyncio.ensure_future(self._stale.wait())
            await asyncio.wait([waiting], timeout=REFRESH_S)
            waiting.cancel()
            self._stale.clear()
            try:
                await self.read()
            except StoreUnavailable as error:
                log.warning("book_not_read", kind=self.kind, error=str(error))
                await asyncio.sleep(1.0)
                self._stale.set()
