"""Which certificates of our own authority are void, from memory: a handshake waits for no store.

Read whole at start, again after every revocation that is announced, and now and then in case one was missed.
"""

from __future__ import annotations

from engine.stores.certificates import Certificates
from engine.stores.changes import CERTIFICATE
from engine.stores.kept_book import KeptBook


class RevocationBook(KeptBook):
    """The void serial numbers of this process."""

    kind = CERTIFICATE

    def __init__(self, source: Certificates) -> None:
        super().__init__()
        self._source = source
        self.serial_numbers: frozenset[str] = frozenset()

    async def read(self) -> None:
        """Read all. Raises StoreUnavailable; the old book stays in use then."""
        self.serial_numbers = frozenset(revoked.serial_number for revoked in await self._source.revoked())
