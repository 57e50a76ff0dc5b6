"""A tiny real CSMS on a real socket, which answers like the scripted one and can lose its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest
from websockets.asyncio.server import Server, ServerConnection, basic_auth, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.loadtest.scripted_csms import Csms

PASSWORD = "correct horse battery"


class TinyServer:
    """`csms` has a memory for each charge point; `connections` are the sockets that are open now."""

    def __init__(self) -> None:
        self.csms: dict[str, Csms] = {}
        self.connections: set[ServerConnection] = set()
        self.handshakes = 0
        self.waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self.server: Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}/ocpp"

    def of(self, identity: str) -> Csms:
        return self.csms.setdefault(identity, Csms())

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        identity = connection.request.path.rpartition("/")[2]
        csms = self.of(identity)
        self.handshakes += 1
        self.connections.add(connection)
        try:
            async for text in connection:
                message = orjson.loads(text)
                if message[0] == 2:
                    await connection.send(orjson.dumps(csms.answer(*message[1:])).decode())
                elif identity in self.waiting:
                    self.waiting.pop(identity).set_result(message)
        except ConnectionClosed:
            return
        finally:
            self.connections.discard(connection)

    async def rest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Just enough HTTP for a login and a command, which goes to the station; the next frame from it ends it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length")
        )
        body = orjson.loads(await reader.readexactly(length))
        path = head.split(" ")[1]
        answer: dict[str, object] = {"access_token": "a-token"}
        if path.endswith("/commands"):
            assert "Authorization: Bearer a-token" in head
            answer = {"outcome": await self.command(path.split("/")[-2], body["action"], body["payload"])}
        text = orjson.dumps(answer)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
        await writer.drain()
        writer.close()

    async def command(self, identity: str, action: str, payload: object) -> str:
        """Call a station and wait for its answer."""
        connection = next(c for c in self.connections if c.request is not None and c.request.path.endswith(identity))
        self.waiting[identity] = asyncio.get_running_loop().create_future()
        await connection.send(orjson.dumps([2, "cmd", action, payload]).decode())
        answer = await asyncio.wait_for(self.waiting[identity], 10)
        return str(answer[2]["status"])

    def cut_all(self) -> None:
        for connection in list(self.connections):
            connection.transport.abort()


def pick(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Real stations name no subprotocol at times; `websockets` by itself would refuse them."""
    return offered[0] if offered else None


@pytest.fixture
async def tiny() -> AsyncIterator[TinyServer]:
    tiny = TinyServer()
    check = basic_auth(check_credentials=lambda user, password: bool(user) and password == PASSWORD)
    async with serve(tiny.serve, "127.0.0.1", 0, select_subprotocol=pick, process_request=check) as server:
        tiny.server = server
        yield tiny
