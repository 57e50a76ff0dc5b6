"""One of the API's answers passed on as it comes, piece by piece: files that nobody wants to have in memory whole."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.rates import WITHIN

KEPT = (b"content-type", b"content-disposition", b"content-length", b"etag")
_LARGEST_PROBLEM = 64 * 1024


class Relayed(Response):
    """What `GET /api/v1{path}` answers to the holder of `token`. A refusal becomes its own words, as plain text."""

    def __init__(self, app: ASGIApp, path: str, *, token: str, address: str, agent: str) -> None:
        super().__init__()
        self._app, self._path, self._address = app, f"/api/v1{path}", address
        said = {"authorization": f"Bearer {token}", "user-agent": agent, "host": "facade"}
        self._said = [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.items() if value]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "headers": self._said,
            "scheme": "http",
            "path": self._path,
            "raw_path": quote(self._path).encode(),
            "query_string": b"",
            "server": ("facade", None),
            "client": (self._address, 0),
            "root_path": "",
            "state": {WITHIN: True},
        }
        await self._app(asked, receive, _Passing(send).take)


class _Passing:
    """Sends the API's messages on, without the headers that are none of a browser's business."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._refused, self._problem = 0, b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 400:
                self._refused = message["status"]
                return
            kept = [(name, value) for name, value in message["headers"] if name.lower() in KEPT]
            # What somebody may see today they may not see tomorrow.
            await self._send({**message, "headers": [*kept, (b"cache-control", b"no-store")]})
        elif not self._refused:
            await self._send(message)
        else:
            self._problem = (self._problem + message.get("body", b""))[:_LARGEST_PROBLEM]
            if not message.get("more_body"):
                await self._tell()

    async def _tell(self) -> None:
        headers: Iterable[tuple[bytes, bytes]] = [(b"content-type", b"text/plain; charset=utf-8")]
        await self._send({"type": "http.response.start", "status": self._refused, "headers": headers})
        await self._send({"type": "http.response.body", "body": _words(self._problem).encode()})


def _words(problem: bytes) -> str:
    """The API's words of a problem."""
    try:
        told = orjson.loads(problem)
    except orjson.JSONDecodeError:
        return "There is no such file."
    return str(told.get("detail") or told.get("title") or "") if isinstance(told, dict) else ""
