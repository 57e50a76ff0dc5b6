"""One charger's socket: an `asyncio.Protocol` around websockets' sans-IO server protocol.

It turns bytes into text frames for its owner and texts of its owner into bytes. It decides nothing: who may connect is
`handshake.py`'s business, what a frame means the owner's. Limits that concern one connection are kept here: size after
decompression (by websockets), rate (by not reading), and what waits for an answer (by not reading either).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final, Protocol, cast

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from actors.gateway.whole_frames import UNKNOWN, beyond, whole_text

if TYPE_CHECKING:
    from actors.gateway.listener import Listener

logger = logging.getLogger("raycharge.websocket")
logger.setLevel(logging.WARNING)

# Without context takeover no window stays in memory between messages; level 1 because frames are small.
DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    compress_settings={"level": 1, "memLevel": 5},
)
TEXT, CONT, BINARY = Opcode.TEXT, Opcode.CONT, Opcode.BINARY
ABNORMAL = 1006
OPEN: Final = State.OPEN
_HEADS: Final = [bytes((0x81, size)) for size in range(126)]
NO_EXTENSIONS: list[Extension] = []


class Owner(Protocol):
    """Who a socket's frames are for: a charge point's actor, or the relay to one that lives elsewhere."""

    def frame_received(self, socket: Socket, text: bytes) -> None: ...

    def socket_closed(self, socket: Socket, code: int, reason: str) -> None: ...


class Socket:
    """A connection in any of its states. `owner` is None until the handshake has succeeded.

    An `asyncio.Protocol` by its methods; without that base class mypyc makes a class of C out of it. `heard` is the
    loop time of the last bytes that came in: any traffic counts as life.
    """

    __slots__ = (
        "_allowance",
        "_beyond",
        "_fragments",
        "_largest",
        "_now",
        "_paused",
        "_plain",
        "_refilled",
        "_transport",
        "charge_point",
        "heard",
        "listener",
        "number",
        "owner",
        "pinged",
        "protocol",
        "unanswered",
    )

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.owner: Owner | None = None
        self.charge_point = ""
        self.number = 0
        self._now = listener.loop.time
        self._largest = listener.limits.max_frame_bytes
        self.heard = self._now()
        self.pinged = False
        self.unanswered = 0
        self.protocol: ServerProtocol = ServerProtocol(extensions=[DEFLATE], max_size=self._largest, logger=logger)
        self._transport: asyncio.Transport | None = None
        self._fragments: list[bytes] | None = None
        self._beyond = UNKNOWN
        # Open and without extensions: frames may go the short way, past the protocol object and its many parts.
        self._plain = False
        self._allowance = float(listener.limits.frames_burst)
        self._refilled = self.heard
        self._paused = False

    # asyncio.Protocol ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.listener.opened(self)

    def data_received(self, data: bytes) -> None:
        self.heard = self._now()
        if self._plain and self._beyond == 0 and self._fragments is None:
            text = whole_text(data, self._largest)
            if text is not None:
                self._allowance -= 1.0
                if self._allowance < 0.0:
                    self._refill()
                if self.owner is not None:
                    self.owner.frame_received(self, text)
                return
        self._beyond = beyond(data, self._beyond)
        protocol = self.protocol
        protocol.receive_data(data)
        self._plain = self._plain and protocol.state is OPEN
        if protocol.writes:
            self.flush()
        for event in protocol.events_received():
            if type(event) is Frame:
                self._frame(event)
            elif isinstance(event, Request):
                self.listener.requested(self, event)

    def pause_writing(self) -> None:
        """Nothing to do: a station that does not read its answers is not read itself (`waiting`)."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def eof_received(self) -> bool:
        self.protocol.receive_eof()
        self.flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.listener.closed(self)
        owner, self.owner = self.owner, None
        if owner is not None:
            sent_or_received = self.protocol.close_rcvd or self.protocol.close_sent
            code = sent_or_received.code if sent_or_received is not None else ABNORMAL
            reason = sent_or_received.reason if sent_or_received is not None else str(exc or "")
            owner.socket_closed(self, code, reason)

    # frames in -------------------------------------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is TEXT and frame.fin:
            text = bytes(frame.data)
        elif opcode is TEXT or opcode is BINARY:
            # Some stations send JSON as binary; it is taken for text.
            if not frame.fin:
                self._fragments = [bytes(frame.data)]
                self._take_allowance()
                return
            text = bytes(frame.data)
        elif opcode is CONT and self._fragments is not None:
            self._fragments.append(bytes(frame.data))
            self._take_allowance()
            if not frame.fin:
                return
            text, self._fragments = b"".join(self._fragments), None
        else:
            return
        self._take_allowance()
        if self.owner is not None:
            self.owner.frame_received(self, text)

    def _take_allowance(self) -> None:
        """Count a frame against the connection's rate; beyond it, stop reading for as long as it takes to refill."""
        self._allowance -= 1.0
        if self._allowance < 0.0:
            self._refill()

    def _refill(self) -> None:
        """What has gathered since the last time, a burst at most: looked up only when the last burst is used up."""
        limits = self.listener.limits
        self._allowance += min((self.heard - self._refilled) * limits.frames_per_s, float(limits.frames_burst))
        self._refilled = self.heard
        if self._allowance < 0.0 and not self._paused:
            self.listener.throttled += 1
            self._pause(-self._allowance / limits.frames_per_s + 0.05)

    def _pause(self, seconds: float) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._paused = True
        self._transport.pause_reading()
        self.listener.loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        # While answers wait for the journal there is no use in reading more of the same station's backlog.
        if self.unanswered > self.listener.limits.max_unanswered:
            self.listener.loop.call_later(0.25, self._resume)
            return
        self._paused = False
        self.heard = self._now()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def waiting(self, count: int) -> None:
        """Tell how many frames of this connection wait for a commit; with too many it is not read for a while."""
        self.unanswered = count
        if count > self.listener.limits.max_unanswered and not self._paused:
            self._pause(0.25)

    # frames out ------------------------------------------------------------------------------------------------------

    def send(self, text: bytes) -> bool:
        """Send a text frame; False if the connection is closing or gone."""
        transport = self._transport
        if transport is None:
            return False
        if not self._plain:
            if self.protocol.state is not OPEN:
                return False
            self.protocol.send_text(text)
            self.flush()
            return True
        # A server's frame without extensions is a length and the text (RFC 6455, section 5.2): written by hand, because
        # building and serialising a Frame object costs as much as all the rest of an answer's way out.
        size = len(text)
        if size < 126:
            head = _HEADS[size]
        elif size < 65_536:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        transport.write(head + text)
        return True

    def ping(self) -> None:
        self.pinged = True
        if self.protocol.state is State.OPEN:
            self.protocol.send_ping(b"rc")
            self.flush()

    def respond(self, response: Response) -> None:
        """Send the handshake's answer. After a 101 the request and its parts are let go: they would stay for years."""
        self.protocol.send_response(response)
        self.flush()
        self._plain = self.protocol.state is OPEN and not self.protocol.extensions
        if not self.protocol.reader.buffer:
            # Nothing came behind the request: the next byte begins a frame.
            self._beyond = 0

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; the connection is cut if the peer does not take part in it."""
        self._plain = False
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(code, reason[:120])
            self.flush()
            self.listener.loop.call_later(5.0, self.abort)
        elif self.protocol.state is State.CONNECTING:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def flush(self) -> None:
        """Write what the protocol wants to send; its end-of-stream mark closes the transport."""
        for data in self.protocol.data_to_send():
            if self._transport is None:
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    @property
    def remote(self) -> str:
        """The peer's address as host:port text."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return f"{peer[0]}:{peer[1]}" if peer else ""

    @property
    def secure(self) -> bool:
        """Whether it is a TLS connection."""
        return self._tls is not None

    @property
    def certificate(self) -> bytes | None:
        """The station's certificate in DER, if it showed one; TLS has verified its path."""
        tls = self._tls
        return tls.getpeercert(True) if tls is not None else None

    @property
    def _tls(self) -> ssl.SSLObject | None:
        tls: ssl.SSLObject | None = (
            self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        )
        return tls

    @property
    def address(self) -> str:
        return self.remote.rpartition(":")[0]
