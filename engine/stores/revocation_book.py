"""Which certificates of our own authority are void, from memory: a handshake waits for no store.

Read whole at start, again after every revocation that is announced, and now and then in case one was missed.
"""

from __future__ import annotations

import asyncio

import structlog

from engine.errors import StoreUnavailable
from engine.stores.certificates import Certificates
from engine.stores.changes import CERTIFICATE, Change

log = structlog.get_logger("revocation_book")
REFRESH_S = 60.0


class RevocationBook:
    """The void serial numbers of this process."""

    def __init__(self, source: Certificates) -> None:
        self._source = source
        self._stale = asyncio.Event()
        self.serial_numbers: frozenset[str] = frozenset()

    def changed(self, change: Change) -> None:
        """A certificate was revoked: read again soon."""
        if change.kind == CERTIFICATE:
            self._stale.set()

    async def read(self) -> None:
        """Read all. Raises StoreUnavailable; the old book stays in use then."""
        self._stale.clear()
        self.serial_numbers = frozenset(revoked.serial_number for revoked in await self._source.revoked())

    async def keep_current(self) -> None:
        """Read whenever something has changed, and every minute; for ever."""
        while True:
            waiting = asyncio.ensure_future(self._stale.wait())
            await asyncio.wait([waiting], timeout=REFRESH_S)
            waiting.cancel()
            try:
                await self.read()
            except StoreUnavailable as error:
                log.warning("revocations_not_read", error=str(error))
                await asyncio.sleep(1.0)
                self._stale.set()
