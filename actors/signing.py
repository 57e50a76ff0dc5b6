"""Works stations' requests for certificates off: signs each once, and has the certificate sent to its station.

The requests come from the ledger and every step is written down before the next, so a restart goes on where it was:
the command has its id before it is given, and a command that was sent is never sent again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Protocol

import structlog

from actors.commands import Ended
from engine.charging.events import CommandOutcome
from engine.charging.operations import Operation, SendCertificate
from engine.errors import InvalidInput, Unavailable
from engine.ids import new_id
from engine.security.port import CertificateAuthority
from engine.stores.certificates import Certificates
from engine.stores.registry import Registry
from engine.stores.signing_requests import (
    ASKED,
    INSTALLED,
    REFUSED,
    REJECTED,
    UNDELIVERED,
    SigningRequest,
    SigningRequests,
)

log = structlog.get_logger("signing")
LOOK_EVERY_S = 0.5
AFTER_TROUBLE_S = 5.0
AT_ONCE = 50
OF_ONE_STATION = 3
"""Requests of one station that are signed and not yet delivered: it may ask as often as it likes."""

DELIVER_WITHIN_S = 3600.0
"""How long a certificate waits for a station that is offline."""

REQUESTED_BY = "certificate authority"
_ENDS = {CommandOutcome.ACCEPTED: INSTALLED, CommandOutcome.REJECTED: REJECTED}


class Operate(Protocol):
    """Has an operation carried out by a station: `RayFleet.operate`."""

    async def __call__(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> Ended: ...


class Signing:
    """`run` until cancelled."""

    def __init__(
        self,
        requests: SigningRequests,
        authority: CertificateAuthority,
        registry: Registry,
        book: Certificates,
        operate: Operate,
    ) -> None:
        self._requests, self._authority, self._registry = requests, authority, registry
        self._book, self._operate = book, operate
        self._under_way: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._over_meanwhile: set[tuple[str, int]] = set()
        # A delivery may wait an hour for its station: it must not hold up who is to be signed for.
        self._signing = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Look for requests, for ever."""
        try:
            while True:
                pause = await self._look()
                await asyncio.sleep(pause)
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def _look(self) -> float:
        """Begin what is new; the seconds until the next look."""
        # What ends while we read may be among what is read, as it was before.
        self._over_meanwhile.clear()
        try:
            found = await self._requests.unfinished(limit=4 * AT_ONCE + len(self._under_way))
        except Unavailable as error:
            log.warning("requests_not_read", error=str(error))
            return AFTER_TROUBLE_S
        busy = Counter(charge_point for charge_point, _ in self._under_way)
        for request in found:
            key = request.charge_point, request.received
            if key in self._over_meanwhile:
                continue
            if key not in self._under_way and busy[request.charge_point] < OF_ONE_STATION:
                busy[request.charge_point] += 1
                task = self._under_way[key] = asyncio.create_task(self._serve(request))
                task.add_done_callback(partial(self._over, key))
        return LOOK_EVERY_S

    def _over(self, key: tuple[str, int], task: asyncio.Task[None]) -> None:
        self._under_way.pop(key, None)
        self._over_meanwhile.add(key)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("request_not_ended", charge_point=key[0], exc_info=error)

    async def _serve(self, request: SigningRequest) -> None:
        try:
            if request.state == ASKED:
                async with self._signing:
                    request = await self._sign(request)
            if request.state != REFUSED:
                await self._deliver(request)
        except Unavailable as error:
            log.warning("request_waits", charge_point=request.charge_point, error=str(error))
            await asyncio.sleep(AFTER_TROUBLE_S)
        except Exception:
            # A mistake of ours must not make the loop try the same request for ever.
            log.error("request_failed", charge_point=request.charge_point, exc_info=True)
            await self._requests.ended(request, REFUSED, "an error of ours; see the log of the authority")

    async def _sign(self, request: SigningRequest) -> SigningRequest:
        charge_point = request.charge_point
        try:
            known = await self._registry.get(charge_point)
            names = {known.id, known.certificate_name or known.id}
            signed = await self._authority.sign(charge_point, names, request.csr, request.use)
        except InvalidInput as error:
            log.warning(
                "security_event",
                event_type="csr_refused",
                charge_point=charge_point,
                use=request.use,
                detail=str(error),
            )
            return await self._requests.ended(request, REFUSED, f"{error.message} {error.remedy}")
        log.info("signed", charge_point=charge_point, use=request.use, serial_number=signed.serial_number)
        return await self._requests.signed(request, signed.serial_number, new_id())

    async def _deliver(self, request: SigningRequest) -> None:
        certificate = await self._book.get(request.serial_number)
        operation = SendCertificate(certificate.pem, request.use, request.request)
        try:
            ended = await self._operate(
                request.charge_point,
                operation,
                timeout_s=DELIVER_WITHIN_S,
                wait=True,
                requested_by=REQUESTED_BY,
                command_id=request.command,
            )
        except InvalidInput as error:
            await self._requests.ended(request, UNDELIVERED, error.message)
            return
        await self._requests.ended(request, _ENDS.get(ended.outcome, UNDELIVERED), ended.outcome)
        log.info("delivered", charge_point=request.charge_point, outcome=ended.outcome)
