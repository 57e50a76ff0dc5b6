"""Our own certificate authority as the façade wants it: its book in SQL, its key in the Ray actor `authority`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from actors.authority import RayAuthority
from api.ports.security import Certificate
from engine.access.scope import Scope
from engine.security.local_authority import lists_file, roots_file
from engine.security.port import AuthorityUnavailable
from engine.stores.certificates import Certificates, Issued
from engine.stores.paging import to_cursor
from engine.stores.signing_requests import SigningRequest, SigningRequests


class OwnAuthority:
    """The `Authority` port."""

    def __init__(self, book: Certificates, requests: SigningRequests, pki_folder: Path) -> None:
        self._book, self._requests, self._folder, self._actor = book, requests, pki_folder, RayAuthority()

    async def certificates(
        self, *, scope: Scope, charge_point: str | None, after: str, limit: int
    ) -> Sequence[Certificate]:
        cursor = to_cursor(after) if after else None
        page = await self._book.page(charge_point=charge_point, cursor=cursor, limit=limit, scope=scope)
        return [_certificate(row) for row in page.items]

    async def revoke(self, serial_number: str, reason: str, scope: Scope) -> Certificate:
        await self._book.get(serial_number, scope)
        await self._actor.revoke(serial_number, reason)
        return _certificate(await self._book.get(serial_number))

    async def roots(self) -> bytes:
        return await self._read(roots_file(self._folder))

    async def revocation_lists(self) -> bytes:
        # As it was published last: whoever comes by must not have anything signed.
        return await self._read(lists_file(self._folder))

    async def requests(
        self, *, scope: Scope, charge_point: str | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[SigningRequest]:
        return await self._requests.latest(charge_point=charge_point, before=after, limit=limit, scope=scope)

    async def _read(self, path: Path) -> bytes:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise AuthorityUnavailable("There is no certificate authority.") from error


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
