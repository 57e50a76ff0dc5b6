"""The certificate authority as a Ray actor of its own, and the reference by which everybody else reaches it.

Its keys are in this process and nowhere else: a gateway that is broken into can ask for signatures of requests, which
are checked here, but not take the keys along (1.6 white paper, A02.FR.04).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import ray
import structlog
from ray.exceptions import RayError, RayTaskError

from actors.config import AUTHORITY, NAMESPACE
from actors.resident import Resident
from engine.errors import RaychargeError
from engine.security.local_authority import LocalAuthority
from engine.security.port import AuthorityUnavailable, Signed
from engine.stores.certificates import Certificates
from engine.stores.changes import PubSubChangeFeed
from engine.stores.pubsub import RedisPubSub
from engine.stores.sql.engine import connect

log = structlog.get_logger("authority")
PUBLISH_EVERY_S = 12 * 3600.0
ANSWER_WITHIN_S = 20.0


class AuthorityActor(Resident):
    """The Ray actor named `authority`; there is one where `raycharge admin pki init` has made roots."""

    _authority: LocalAuthority | None = None

    async def run(self) -> None:
        settings = self.config.settings
        database = connect(settings.sql_url, pool_size=1)
        bus = RedisPubSub.from_url(self.config.redis_url)
        try:
            book = Certificates(database, PubSubChangeFeed(bus))
            self._authority = LocalAuthority(settings.pki_folder, settings.organisations, book)
            await self._authority.publish()
            self.ready, self.trouble = True, ""
            while not self.stopping.is_set():
                await asyncio.wait([asyncio.ensure_future(self.stopping.wait())], timeout=PUBLISH_EVERY_S)
                await self._authority.publish()
        finally:
            self._authority = None
            await bus.aclose()
            await database.aclose()

    def _open(self) -> LocalAuthority:
        if self._authority is None:
            raise AuthorityUnavailable(f"The certificate authority is not ready: {self.trouble}")
        return self._authority

    async def sign(self, charge_point: str, names: Collection[str], csr: str, kind: str) -> Signed:
        """See `CertificateAuthority.sign`."""
        try:
            signed = await self._open().sign(charge_point, names, csr, kind)
        except RaychargeError as error:
            log.warning("not_signed", charge_point=charge_point, kind=kind, error=str(error))
            raise
        log.info("signed", charge_point=charge_point, kind=kind, serial_number=signed.serial_number)
        return signed

    async def revoke(self, serial_number: str, reason: str) -> None:
        """Make a certificate of ours void and publish that. Raises NotFound, Conflict, InvalidInput."""
        await self._open().revoke(serial_number, reason)
        log.info("revoked", serial_number=serial_number, reason=reason)

    async def revocation_lists(self) -> bytes:
        """The lists of all roots, signed now, as PEM."""
        return await self._open().publish()


class RayAuthority:
    """The `CertificateAuthority` port over Ray, and what else the façade asks of it."""

    async def sign(self, charge_point: str, names: Collection[str], csr: str, kind: str) -> Signed:
        """Raises RequestRefused for what must not be signed, Unavailable while nobody can tell."""
        signed: Signed = await _asked("sign", charge_point, tuple(names), csr, kind)
        return signed

    async def revoke(self, serial_number: str, reason: str) -> None:
        """Raises NotFound, Conflict, InvalidInput, Unavailable."""
        await _asked("revoke", serial_number, reason)

    async def revocation_lists(self) -> bytes:
        """Raises Unavailable."""
        lists: bytes = await _asked("revocation_lists")
        return lists


async def _asked(method: str, *arguments: Any) -> Any:
    try:
        handle = ray.get_actor(AUTHORITY, namespace=NAMESPACE)
        return await asyncio.wait_for(getattr(handle, method).remote(*arguments), timeout=ANSWER_WITHIN_S)
    except RayTaskError as error:
        if isinstance(error.cause, RaychargeError):
            raise error.cause from None
        raise
    except ValueError as error:
        raise AuthorityUnavailable("There is no certificate authority. Run: raycharge admin pki init") from error
    except (RayError, TimeoutError) as error:
        raise AuthorityUnavailable("The certificate authority does not answer.") from error
