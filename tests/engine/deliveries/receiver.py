"""A real receiver of webhooks on a free port, which keeps what it gets and answers what it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass
class Got:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """`answers` are given, each once, in their order; then 204. `held` holds answers back while it is not set."""

    url: str = ""
    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: deque[web.Response] = field(default_factory=deque)
    free: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.got]

    def answer(self, *statuses: int, **more: Any) -> None:
        self.answers.extend(web.Response(status=status, **more) for status in statuses)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.path, headers, await request.read()))
        answer = self.answers.popleft() if self.answers else web.Response(status=204)
        await self.free.wait()
        return answer


@asynccontextmanager
async def webhook_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.free.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    receiver.port = runner.addresses[0][1]
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{receiver.port}/hook"
    try:
        yield receiver
    finally:
        receiver.free.set()
        await runner.cleanup()
