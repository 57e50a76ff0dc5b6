"""Signed webhooks: one POST, JSON in, any 2xx out. No redirects, few seconds, few bytes."""

from __future__ import annotations

import asyncio
import ssl
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx
import orjson

from engine.clock import SECOND, Clock, to_iso
from engine.deliveries.senders.port import Message, Outcome, Target, failed
from engine.deliveries.senders.receivers import Forbidden, Receivers
from engine.deliveries.senders.signing import signature_headers

TIMEOUT_S = 10.0
"""From the first byte to the last: a receiver takes a message in, and thinks about it later."""
MAX_BODY = 256 * 1024
MAX_ANSWER = 16 * 1024
"""Bytes of an answer that are read at all."""
MAX_RETRY_AFTER_S = 3600.0
VERSION = 1
_AGENT = f"Raycharge/{version('raycharge')}"


class WebhookSender:
    """Connections are made for one message each: what is pinned to a judged address is used for nobody else.

    `trust` instead of the authorities that everybody trusts.
    """

    def __init__(
        self, receivers: Receivers, clock: Clock, *, timeout_s: float = TIMEOUT_S, trust: ssl.SSLContext | None = None
    ) -> None:
        self._receivers, self._clock, self._timeout_s = receivers, clock, timeout_s
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            verify=True if trust is None else trust,
            timeout=timeout_s,
            trust_env=False,
            follow_redirects=False,
            limits=limits,
        )

    async def send(self, target: Target, message: Message) -> Outcome:
        body = body_of(message)
        if len(body) > MAX_BODY:
            return failed(f"The message has {len(body)} bytes; a webhook has {MAX_BODY} at most.", final=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(target, message, body)
        except TimeoutError:
            return failed(f"No answer within {self._timeout_s:g} s.")
        except Forbidden as error:
            return failed(str(error))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return failed(f"{type(error).__name__}: {error}")

    async def _post(self, target: Target, message: Message, body: bytes) -> Outcome:
        url = httpx.URL(target.address)
        encrypted = url.scheme == "https"
        address = await self._receivers.resolve(url.host, url.port or (443 if encrypted else 80), encrypted=encrypted)
        headers = signature_headers(message.id, self._clock.now() // SECOND, body, target.secrets) | {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": _AGENT,
            "webhook-attempt": str(message.attempt),
        }
        pinned = url.copy_with(host=address)
        named = {"sni_hostname": url.raw_host.decode("ascii")}
        async with self._client.stream("POST", pinned, content=body, headers=headers, extensions=named) as answer:
            said = await _beginning(answer)
        return self._judged(answer, said)

    def _judged(self, answer: httpx.Response, said: bytes) -> Outcome:
        status = answer.status_code
        if answer.is_success:
            return Outcome(True, status)
        text = said.decode("utf-8", "replace")
        if answer.is_redirect:
            text = "It redirects, and redirects are not followed."
        return failed(
            f"It answers {status}: {text}", status, gone=status == 410, retry_after_s=self._retry_after(answer)
        )

    def _retry_after(self, answer: httpx.Response) -> float:
        """Seconds that the receiver asks to be left alone, at most an hour."""
        said = answer.headers.get("Retry-After", "").strip()
        if answer.status_code not in (429, 503) or not said:
            return 0.0
        if said.isdecimal() and len(said) < 10:
            return min(float(said), MAX_RETRY_AFTER_S)
        try:
            wanted = parsedate_to_datetime(said).timestamp() - self._clock.now() / SECOND
        except (ValueError, OverflowError):
            return 0.0
        return min(max(wanted, 0.0), MAX_RETRY_AFTER_S)

    async def aclose(self) -> None:
        await self._client.aclose()


def body_of(message: Message) -> bytes:
    """The JSON that a receiver gets: the same bytes at every try."""
    return orjson.dumps(
        {
            "id": message.id,
            "type": message.kind,
            "version": VERSION,
            "timestamp": to_iso(message.created),
            "network": message.network,
            "severity": message.severity or None,
            "data": dict(message.payload),
        },
        default=str,
    )


async def _beginning(answer: httpx.Response) -> bytes:
    """What fits of the answer; the rest is left unread, so that nobody fills our memory."""
    said = b""
    async for piece in answer.aiter_raw():
        said += piece
        if len(said) >= MAX_ANSWER:
            break
    return said[:MAX_ANSWER]
