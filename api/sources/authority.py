"""Our own certificate authority as the façade wants it: its book in SQL, its key in the Ray actor `authority`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from actors.authority import RayAuthority
from api.security_ports import Certificate
from engine.security.local_authority import roots_file
from engine.security.port import AuthorityUnavailable
from engine.stores.certificates import Certificates, Issued
from engine.stores.paging import to_cursor


class OwnAuthority:
    """The `Authority` port."""

    def __init__(self, book: Certificates, pki_folder: Path) -> None:
        self._book, self._folder, self._actor = book, pki_folder, RayAuthority()

    async def certificates(self, *, charge_point: str | None, after: str, limit: int) -> Sequence[Certificate]:
        cursor = to_cursor(after) if after else None
        page = await self._book.page(charge_point=charge_point, cursor=cursor, limit=limit)
        return [_certificate(row) for row in page.items]

    async def revoke(self, serial_number: str, reason: str) -> Certificate:
        await self._actor.revoke(serial_number, reason)
        return _certificate(await self._book.get(serial_number))

    async def roots(self) -> bytes:
        try:
            return await asyncio.to_thread(roots_file(self._folder).read_bytes)
        except FileNotFoundError as error:
            raise AuthorityUnavailable("There is no certificate authority.") from error

    async def revocation_lists(self) -> bytes:
        return await self._actor.revocation_lists()


def _certificate(row: Issued) -> Certificate:
    return Certificate(
        row.serial_number,
        row.subject,
        row.issuer,
        row.charge_point,
        row.kind,
        row.not_before,
        row.not_after,
        row.revoked,
        row.revocation_reason,
        row.pem,
    )
