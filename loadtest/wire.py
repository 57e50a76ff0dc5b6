"""A charge point's WebSocket without a socket: `websockets`' sans-IO client with OCPP's handshake around it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.headers import build_authorization_basic
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from loadtest.quirks import Quirk

_QUIET = logging.getLogger("loadtest.wire")
_QUIET.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a station connects. `url` includes the charge point's id; `user` is the id that HTTP Basic names."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    subprotocols: tuple[str, ...] = ("ocpp1.6",)

    @classmethod
    def of(
        cls,
        endpoint: str,
        identity: str,
        password: str,
        wanted: frozenset[Quirk] = frozenset(),
        version: str = "ocpp1.6",
    ) -> Address:
        """The address of one station below an endpoint such as ws://HOST:9000/ocpp. `version` is the subprotocol."""
        subprotocols = () if Quirk.NO_SUBPROTOCOL in wanted else (version,)
        return cls(f"{endpoint.rstrip('/')}/{quote(identity, safe='=+@:*')}", identity, password, subprotocols)

    @property
    def target(self) -> tuple[str, int, bool]:
        """Host, port and whether TLS is wanted."""
        uri = parse_uri(self.url)
        return uri.host, uri.port, uri.secure


class Opened(NamedTuple):
    """The handshake succeeded."""


class Text(NamedTuple):
    data: bytes


class Closed(NamedTuple):
    """The peer closed, or refused the handshake. `why` is for people."""

    why: str


class Wire:
    """One connection. Bytes in by `feed`, bytes out by `to_send` (an empty chunk means: end the stream)."""

    __slots__ = ("_over", "_parts", "_protocol")

    def __init__(self, address: Address) -> None:
        self._protocol = ClientProtocol(
            parse_uri(address.url),
            subprotocols=[Subprotocol(name) for name in address.subprotocols] or None,
            logger=_QUIET,
        )
        self._parts: list[bytes] = []
        self._over = False
        request = self._protocol.connect()
        if address.password:
            request.headers["Authorization"] = build_authorization_basic(address.user, address.password)
        self._protocol.send_request(request)

    def feed(self, data: bytes) -> list[Opened | Text | Closed]:
        """Take what the socket received (b"" for its end) and tell what it means."""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        told: list[Opened | Text | Closed] = []
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                if self._protocol.handshake_exc is None:
                    told.append(Opened())
            elif isinstance(event, Frame):
                self._frame(event, told)
        if not self._over and (refused := self._protocol.handshake_exc) is not None:
            self._over = True
            told.append(Closed(str(refused)))
        elif not self._over and not data:
            self._over = True
            told.append(Closed("the connection ended"))
        return told

    def _frame(self, frame: Frame, told: list[Opened | Text | Closed]) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                told.append(Text(b"".join(self._parts)))
                self._parts.clear()
        elif frame.opcode is Opcode.CLOSE and not self._over:
            self._over = True
            told.append(Closed(f"closed with {self._protocol.close_code} {self._protocol.close_reason}"))

    def send(self, text: bytes) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_text(text)

    def close(self, code: int, reason: str) -> None:
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)

    def to_send(self) -> list[bytes]:
        return self._protocol.data_to_send()
