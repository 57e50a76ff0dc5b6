"""A CSMS of a few lines for tests of the harness: it answers from a table, and sends what a test gives it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from tests.conformance.station import Dial

NOW = "2026-01-01T00:00:00Z"
ANSWERS: dict[str, dict[str, Any]] = {
    "Authorize": {"idTagInfo": {"status": "Accepted"}},
    "BootNotification": {"status": "Accepted", "currentTime": NOW, "interval": 300},
    "StartTransaction": {"transactionId": 7, "idTagInfo": {"status": "Accepted"}},
}
ANSWERS_2: dict[str, dict[str, Any]] = {
    "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    "BootNotification": ANSWERS["BootNotification"],
    "TransactionEvent": {"idTokenInfo": {"status": "Accepted"}},
}


class Csms:
    """Keeps every frame; answers from a table, and sends what a test gives it."""

    def __init__(self, answers: dict[str, dict[str, Any]]) -> None:
        self.answers, self.frames = answers, list[list[Any]]()
        self.socket: ServerConnection | None = None

    async def serve(self, socket: ServerConnection) -> None:
        self.socket = socket
        async for text in socket:
            frame = json.loads(text)
            self.frames.append(frame)
            if frame[0] == 2:
                await socket.send(json.dumps([3, frame[1], self.answers.get(frame[2], {})]))

    async def send(self, *frame: Any) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(frame))

    def said(self, action: str) -> list[dict[str, Any]]:
        return [frame[3] for frame in self.frames if frame[0] == 2 and frame[2] == action]


@asynccontextmanager
async def connected(kind: type[Any], subprotocol: str) -> AsyncIterator[tuple[Any, Csms]]:
    csms = Csms(dict(ANSWERS if subprotocol == "ocpp1.6" else ANSWERS_2))
    async with serve(csms.serve, "127.0.0.1", 0, subprotocols=[subprotocol]) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        station = kind(Dial(f"ws://127.0.0.1:{port}", "CP", (subprotocol,)), "TAG")
        await station.connect()
        try:
            yield station, csms
        finally:
            await station.close()
