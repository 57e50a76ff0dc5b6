"""A station of a few lines that says exactly what the test wants, right or wrong, over a real WebSocket."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PATIENCE_S = 20.0
BOOT = {"chargePointVendor": "Raw", "chargePointModel": "One"}


def stamp() -> str:
    """Now, as a station writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status(state: str, connector: int = 1, said: str = "") -> dict[str, Any]:
    """A StatusNotification's payload."""
    return {"connectorId": connector, "errorCode": "NoError", "status": state, "timestamp": said or stamp()}


def start(tag: str, meter: int = 1000, said: str = "", connector: int = 1) -> dict[str, Any]:
    """A StartTransaction's payload."""
    return {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": said or stamp()}


class Reachable(Protocol):
    """What a station has to know of an installation: its ports."""

    @property
    def ocpp_port(self) -> int: ...

    @property
    def settings(self) -> Mapping[str, str]: ...


class RawStation:
    """`calls` are the CALLs that came in; answers are matched by message id."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.calls: deque[list[Any]] = deque()
        self._number = 0

    @classmethod
    async def connect(
        cls,
        system: Reachable,
        identity: str,
        *,
        password: str | bytes | None = None,
        path: str | None = None,
        subprotocols: Sequence[str] = ("ocpp1.6",),
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        **more: Any,
    ) -> RawStation:
        """Open a socket, over TLS with a context. Raises websockets' InvalidStatus when the handshake is refused."""
        sent = dict(headers or {})
        if password is not None:
            raw = password if isinstance(password, bytes) else password.encode()
            sent["Authorization"] = "Basic " + base64.b64encode(identity.encode() + b":" + raw).decode()
        address = f"ws://127.0.0.1:{system.ocpp_port}"
        if tls is not None:
            address = f"wss://localhost:{system.settings['OCPP_TLS_PORT']}"
            more |= {"ssl": tls, "host": "127.0.0.1"}
        socket = await connect(
            f"{address}{path if path is not None else f'/ocpp/{identity}'}",
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            additional_headers=sent,
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            close_timeout=5,
            max_size=None,
            **{"compression": None, **more},
        )
        return cls(socket)

    async def __aenter__(self) -> RawStation:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def send(self, text: str | bytes, *, as_text: bool | None = None) -> None:
        await self.socket.send(text, text=as_text)

    async def receive(self, timeout_s: float = PATIENCE_S) -> list[Any]:
        """The next frame of any kind. Raises TimeoutError, ConnectionClosed."""
        frame: list[Any] = json.loads(await asyncio.wait_for(self.socket.recv(), timeout_s))
        return frame

    async def answer_to(self, message_id: object, timeout_s: float = PATIENCE_S) -> list[Any]:
        """The CALLRESULT or CALLERROR to a message; CALLs that come before it are kept in `calls`."""
        while True:
            frame = await self.receive(timeout_s)
            if frame[0] == 2:
                self.calls.append(frame)
                continue
            assert frame[1] == message_id, frame
            return frame

    async def call(self, action: str, payload: Mapping[str, Any], timeout_s: float = PATIENCE_S) -> list[Any]:
        """Send a CALL and return the whole answering frame."""
        message_id = self.next_id()
        await self.send(json.dumps([2, message_id, action, payload]))
        return await self.answer_to(message_id, timeout_s)

    async def boot(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.call("BootNotification", BOOT))[2]
        return answer

    async def next_call(self, timeout_s: float = PATIENCE_S) -> list[Any]:
        """The next CALL from the CSMS."""
        if self.calls:
            return self.calls.popleft()
        frame = await self.receive(timeout_s)
        assert frame[0] == 2, frame
        return frame

    async def answer(self, message_id: str, payload: Mapping[str, Any]) -> None:
        await self.send(json.dumps([3, message_id, payload]))

    async def closed(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait for the end of the connection and return its close code."""
        async with asyncio.timeout(timeout_s):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed:
                return self.socket.close_code or 1006

    def next_id(self) -> str:
        self._number += 1
        return f"m{self._number}"
