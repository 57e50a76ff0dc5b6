"""Calls every operation of the OpenAPI document: its address filled with examples, as whom the test wants.

Straight over ASGI and no further than the head of the answer where that is a stream: a live stream would never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import FastAPI
from starlette.types import Message


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document. `permission` is "" for what needs no login."""

    id: str
    method: str
    path: str
    permission: str
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of a stream the head and its first part."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def operations(app: FastAPI) -> Iterator[Operation]:
    """All operations of the application's own document."""
    for path, methods in app.openapi()["paths"].items():
        for method, document in methods.items():
            yield Operation(document["operationId"], method.upper(), path, document.get("x-permission", ""), document)


def address(path: str, examples: Mapping[str, str]) -> str:
    """The path with its parameters filled in: `prefix/{name}` where there is such an example, else `{name}`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part.startswith("{"):
            of = next((before for before in reversed(parts) if before), "")
            key = f"{of}/{part}" if f"{of}/{part}" in examples else part
            part = quote(examples[key], safe="")
        parts.append(part)
    return "/".join(parts)


async def call(
    app: FastAPI,
    method: str,
    path: str,
    token: str = "",
    *,
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request and its answer. `body` of bytes goes as it is, anything else but None as JSON."""
    raw = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    said = {"content-type": kind, "content-length": str(len(raw))} if raw else {}
    said |= {"authorization": f"Bearer {token}"} if token else {}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": urlencode(query or {}, doseq=True).encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in (said | dict(headers or {})).items()],
        "client": ("198.51.100.7", 4711),
        "server": ("facade", 80),
    }
    return await _Exchange(raw).run(app, scope)


class _Exchange:
    def __init__(self, raw: bytes) -> None:
        self._raw: bytes | None = raw
        self._enough = asyncio.Event()
        self._status, self._body, self._stream = 0, bytearray(), False

    async def run(self, app: FastAPI, scope: dict[str, Any]) -> Answer:
        await app(scope, self._receive, self._send)
        return Answer(self._status, bytes(self._body))

    async def _receive(self) -> Message:
        if self._raw is not None:
            raw, self._raw = self._raw, None
            return {"type": "http.request", "body": raw, "more_body": False}
        await self._enough.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._stream = (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
            return
        self._body += message.get("body", b"")
        if self._stream or not message.get("more_body", False):
            self._enough.set()
