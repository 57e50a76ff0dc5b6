"""The worker that takes push messages to the browsers' push services: hold one, send it, mark it.

waiting ── hold ──► send ──► sent, its text wiped
   ▲                 │ 429, 5xx, no connection, a kill at any line: again after a while
   ├─────────────────┤
                     ├─► gone (404, 410): the browser has ended the subscription, so it is deleted
                     └─► dead: refused for good, expired, or the last try failed

A message that goes out twice, after a kill between sending and marking, has the same topic (RFC 8030, 5.4) and the same
tag: the push service replaces the first one, or the browser does.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

import httpx
import structlog
from pydantic import ValidationError
from sqlalchemy import delete, select, update
from webpush import WebPush, WebPushException, WebPushSubscription

from engine.clock import SECOND, Clock
from engine.deliveries.senders.receivers import Forbidden
from engine.faults import reach
from engine.notices.endpoints import Endpoints
from engine.notices.vapid import Vapid
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.notices import push_messages, push_subscriptions

log = structlog.get_logger("push")
WAITING, SENT, DEAD = "waiting", "sent", "dead"
POLL_S = 1.0
TIMEOUT_S = 15.0
HOLD_US = 60 * SECOND
RETRY_S = (10, 30, 120, 600, 1800, 3600)
KEPT_US = 7 * 86_400 * SECOND
"""How long rows of messages that have ended are kept: until then none of the same key is sent again."""

_M, _S = push_messages.c, push_subscriptions.c


@dataclass(frozen=True, slots=True)
class _Held:
    id: str
    key: str
    subscription: str
    body: str
    attempts: int
    expires: int
    endpoint: str | None
    p256dh: str
    auth: str


class PushSending:
    """`run` works until it is told to stop; `send_one` tries the message that is due longest."""

    def __init__(
        self, database: Database, vapid: Vapid, contact: str, clock: Clock, endpoints: Endpoints | None = None
    ) -> None:
        self._database, self._clock, self._endpoints = database, clock, endpoints or Endpoints()
        self._sealing = WebPush(vapid.private_pem, vapid.public_pem, subscriber=contact)
        # What is pinned to a judged address is used for nobody else.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, limits=limits)

    async def run(self, stop: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stop.is_set():
            if await self.send_one():
                continue
            await self._sweep()
            try:
                async with asyncio.timeout(POLL_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def aclose(self) -> None:
        """Close the connections to push services."""
        await self._http.aclose()

    async def send_one(self) -> bool:
        """False if none is due."""
        held = await self._hold()
        if held is None:
            return False
        reach("push:held")
        if held.endpoint is None:
            await self._end(held, DEAD, "The browser is not subscribed any more.")
            return True
        try:
            status, told = await self._post(held)
        except (Forbidden, ValidationError, WebPushException, ValueError) as error:
            await self._end(held, DEAD, str(error))
            return True
        except (OSError, httpx.HTTPError) as error:
            await self._again(held, f"{type(error).__name__}: {error}")
            return True
        reach("push:sent-before-mark")
        if status in (404, 410):
            await self._gone(held)
        elif 200 <= status < 300:
            await self._end(held, SENT, "")
        elif status == 429 or status >= 500:
            await self._again(held, f"{status} {told}")
        else:
            await self._end(held, DEAD, f"{status} {told}")
        return True

    async def _post(self, held: _Held) -> tuple[int, str]:
        """The push service's status, and the beginning of what it says."""
        target = await self._endpoints.target(held.endpoint or "")
        keys = {"p256dh": held.p256dh, "auth": held.auth}
        subscription = WebPushSubscription.model_validate({"endpoint": held.endpoint, "keys": keys})
        ttl = max(1, (held.expires - self._clock.now()) // SECOND)
        sealed = self._sealing.get(held.body, subscription, ttl=ttl)
        topic = hashlib.sha256(held.key.encode()).hexdigest()[:32]
        headers = {**sealed.headers, "Host": target.host, "Urgency": "high", "Topic": topic}
        headers["Content-Type"] = "application/octet-stream"
        # The name that was resolved goes into TLS, so that the certificate is checked against it.
        extensions = {"sni_hostname": target.name}
        wanted = {"content": sealed.encrypted, "headers": headers, "extensions": extensions}
        async with asyncio.timeout(TIMEOUT_S), self._http.stream("POST", target.url, **wanted) as answer:
            async for part in answer.aiter_bytes(200):
                return answer.status_code, part[:200].decode(errors="replace")
        return answer.status_code, ""

    async def _hold(self) -> _Held | None:
        now = self._clock.now()
        due = select(push_messages).where(_M.state == WAITING, _M.due <= now).order_by(_M.due, _M.id).limit(1)
        async with self._database.read() as connection:
            # Most of the time there is nothing, and SQLite has one writer at a time.
            if (await connection.execute(due)).first() is None:
                return None
        async with self._database.write() as connection:
            expired = update(push_messages).where(_M.state == WAITING, _M.due <= now, _M.expires <= now)
            await connection.execute(expired.values(state=DEAD, ended=now, error="Not delivered in time.", body=""))
            row = (await connection.execute(due.with_for_update(skip_locked=True))).first()
            if row is None:
                return None
            held = update(push_messages).where(_M.id == row.id)
            await connection.execute(held.values(due=now + HOLD_US, attempts=row.attempts + 1))
            there = select(_S.endpoint, _S.p256dh, _S.auth).where(_S.id == row.subscription)
            browser = (await connection.execute(there)).one_or_none()
        found = (None, "", "") if browser is None else tuple(browser)
        return _Held(row.id, row.key, row.subscription, row.body, row.attempts + 1, row.expires, *found)

    async def _end(self, held: _Held, state: str, error: str) -> None:
        now = self._clock.now()
        log.info("push_ended", message=held.id, state=state, error=error, attempts=held.attempts)
        async with self._database.write() as connection:
            ours = update(push_messages).where(_M.id == held.id, _M.state == WAITING)
            await connection.execute(ours.values(state=state, error=error[:200], ended=now, body=""))
            if state == SENT:
                reached = update(push_subscriptions).where(_S.id == held.subscription)
                await connection.execute(reached.values(reached=now))

    async def _again(self, held: _Held, error: str) -> None:
        if held.attempts > len(RETRY_S):
            await self._end(held, DEAD, error)
            return
        due = self._clock.now() + RETRY_S[held.attempts - 1] * SECOND
        log.warning("push_failed", message=held.id, error=error, attempts=held.attempts)
        async with self._database.write() as connection:
            ours = update(push_messages).where(_M.id == held.id, _M.state == WAITING)
            await connection.execute(ours.values(due=due, error=error[:200]))

    async def _gone(self, held: _Held) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(push_subscriptions).where(_S.id == held.subscription))
            others = update(push_messages).where(_M.subscription == held.subscription, _M.state == WAITING)
            now = self._clock.now()
            await connection.execute(others.values(state=DEAD, error="The browser is gone.", ended=now, body=""))
        log.info("push_subscription_gone", subscription=held.subscription)

    async def _sweep(self) -> None:
        over = self._clock.now() - KEPT_US
        async with self._database.read() as connection:
            old = (await connection.execute(select(_M.id).where(_M.ended <= over).limit(500))).scalars().all()
        if old:
            async with self._database.write() as connection:
                await connection.execute(delete(push_messages).where(_M.id.in_(old)))
