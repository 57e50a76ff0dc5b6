"""The certificate authority as a Ray actor of its own, and the reference by which everybody else reaches it.

Its keys are in this process and nowhere else: a gateway that is broken into cannot take them along (1.6 white paper,
A02.FR.04). Stations' requests come to it by the journal and the ledger (`signing.py`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import ray
import structlog
from ray.exceptions import RayError, RayTaskError

from actors.config import AUTHORITY, NAMESPACE
from actors.fleet import RayFleet
from actors.resident import Resident
from actors.signing import Signing
from actors.stores import open_stores
from engine.access.acting import Actor, acting, acting_as
from engine.errors import RaychargeError
from engine.security.configured import other_authority, own_authority
from engine.security.local_authority import LocalAuthority
from engine.security.port import AuthorityUnavailable
from engine.stores.signing_requests import SigningRequests

log = structlog.get_logger("authority")
KEEP_EVERY_S = 12 * 3600.0
ANSWER_WITHIN_S = 20.0


class AuthorityActor(Resident):
    """The Ray actor named `authority`; there is one where `pki init` has made roots, or another authority is set."""

    _authority: LocalAuthority | None = None

    async def run(self) -> None:
        settings = self.config.settings
        stores = await open_stores(self.config)
        tasks: list[asyncio.Task[None]] = []
        other = other_authority(settings, stores.certificates)
        try:
            own = self._authority = own_authority(settings, stores.certificates)
            work = [stores.follow_changes(), self._until_stopped()]
            if own is not None:
                await _keep(own, settings.tls_folder)
                work.append(_keep_for_ever(own, settings.tls_folder))
            if (signer := other or own) is not None:
                requests, fleet = SigningRequests(stores.database), RayFleet(self.config, stores)
                work.append(Signing(requests, signer, stores.registry, stores.certificates, fleet.operate).run())
            tasks += [asyncio.create_task(each) for each in work]
            self.ready, self.trouble = True, ""
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._authority = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if other is not None:
                await other.aclose()
            await stores.aclose()

    async def _until_stopped(self) -> None:
        await self.stopping.wait()

    def _open(self) -> LocalAuthority:
        if self._authority is None:
            raise AuthorityUnavailable(
                f"Our own certificate authority is not there: {self.trouble or 'none was made'}."
            )
        return self._authority

    async def revoke(self, serial_number: str, reason: str, actor: Actor) -> None:
        """Make a certificate of ours void and publish that. Raises NotFound, Conflict, InvalidInput."""
        with acting_as(actor):
            await self._open().revoke(serial_number, reason)
        log.info("revoked", serial_number=serial_number, reason=reason)


class RayAuthority:
    """What the façade asks of the authority, over Ray."""

    async def revoke(self, serial_number: str, reason: str) -> None:
        """Raises NotFound, Conflict, InvalidInput, Unavailable."""
        await _asked("revoke", serial_number, reason, acting())


async def _keep(own: LocalAuthority, tls_folder: Path) -> None:
    """Sign anew what would run out: revocation lists, and the gateway's certificates if they are ours."""
    await own.publish()
    for path in await own.renew_server(tls_folder):
        log.info("server_certificate_renewed", path=str(path))


async def _keep_for_ever(own: LocalAuthority, tls_folder: Path) -> None:
    while True:
        await asyncio.sleep(KEEP_EVERY_S)
        await _keep(own, tls_folder)


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
