"""A tiny real CSMS on a real socket, which answers like the scripted one and can lose its connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

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
        self.server: Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}/ocpp"

    def of(self, identity: str) -> Csms:
        return self.csms.setdefault(identity, Csms())

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        csms = self.of(connection.request.path.rpartition("/")[2])
        self.handshakes += 1
        self.connections.add(connection)
        try:
            async for text in connection:
                message = orjson.loads(text)
                if message[0] == 2:
                    await connection.send(orjson.dumps(csms.answer(*message[1:])).decode())
        except ConnectionClosed:
            return
        finally:
            self.connections.discard(connection)

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
