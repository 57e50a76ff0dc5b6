"""Sends webhooks: signed with a time, tried again until the merchant answers with 2xx."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import aiohttp
import structlog

from actors.payment_provider.books import Books, Row
from engine.clock import SECOND, Clock

log = structlog.get_logger("payment_provider")
LOOK_EVERY_S = 0.1
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
HEADER = "Payment-Signature"


def signature(secret: bytes, at_s: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of the time, a dot and the body."""
    digest = hmac.new(secret, b"%d." % at_s + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


class Webhooks:
    """`run` sends whatever is due, until it is cancelled."""

    def __init__(self, books: Books, url: str, secret: bytes, clock: Clock) -> None:
        self._books, self._url, self._secret, self._clock = books, url, secret, clock

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                self._books.settle()
                for webhook in self._books.due():
                    delivered = await self._send(session, webhook)
                    pause = min(FIRST_PAUSE_S * 2 ** webhook["attempts"], LONGEST_PAUSE_S)
                    self._books.sent(webhook["number"], delivered, pause)
                await asyncio.sleep(LOOK_EVERY_S)

    async def _send(self, session: aiohttp.ClientSession, webhook: Row) -> bool:
        body = json.dumps({"id": webhook["event"], "type": "payment.changed", "payment": webhook["payment"]}).encode()
        signed = signature(self._secret, self._clock.now() // SECOND, body)
        headers = {"Content-Type": "application/json", HEADER: signed}
        try:
            async with session.post(self._url, data=body, headers=headers) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("webhook_not_delivered", webhook=webhook["event"], error=repr(error))
            return False
