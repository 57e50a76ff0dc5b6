"""Scripts, styles and fonts of the pages: asked of NiceGUI and compressed once, then answered from memory.

A page that is opened for the first time loads some twenty of them, two megabytes; to compress those for each visitor
anew would hold up everybody's requests for as long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 32 * 1024 * 1024
_ASKED_OTHERWISE = ("range", "if-none-match", "if-modified-since")
"""Requests with one of these headers are not for the whole, and are cheap."""

Key = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


class KeptStatics:
    """Stands around the application that has them. What it calls immutable is kept, up to `most_bytes` in all.

    By path and whether it is compressed, not by query: what stands behind the question mark tells browsers of another
    version, and must not let strangers fill the memory.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app, self._most = app, most_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if any(name in headers for name in _ASKED_OTHERWISE):
            await self._app(scope, receive, send)
            return
        key = scope["path"], "gzip" in headers.get("accept-encoding", "")
        kept = self._kept.get(key)
        if kept is None:
            await self._app(scope, receive, self._keeping(key, send))
            return
        self._kept.move_to_end(key)
        await send({"type": "http.response.start", "status": 200, "headers": list(kept.headers)})
        await send({"type": "http.response.body", "body": kept.body})

    def _keeping(self, key: Key, send: Send) -> Send:
        """Passes an answer on, and keeps it once it is whole."""
        started: MutableMapping[str, Any] = {}
        parts: list[bytes] = []

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 200 and "immutable" in Headers(raw=message["headers"]).get("cache-control", ""):
                    started.update(message)
            elif message["type"] == "http.response.body" and started:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(key, started, b"".join(parts))
            await send(message)

        return kept

    def _keep(self, key: Key, started: MutableMapping[str, Any], body: bytes) -> None:
        if key in self._kept or len(body) > self._most:
            return
        headers = MutableHeaders(raw=list(started["headers"]))
        headers["Content-Length"] = str(len(body))
        del headers["Date"]
        self._kept[key] = Kept(headers.raw, body)
        self._bytes += len(body)
        while self._bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
