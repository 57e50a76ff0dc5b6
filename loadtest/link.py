"""Drives one sans-IO station on an asyncio loop: a socket, one timer, and nothing else a station."""

from __future__ import annotations

import asyncio
import ssl
import time

from loadtest.endpoint import NEVER, Dial, Frame, Hangup
from loadtest.station import Station
from loadtest.wire import Address, Closed, Opened, Text, Wire


def wall() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


class _Socket(asyncio.Protocol):
    """One connection's life. A link forgets a socket as soon as it has another; late events of the old one end here."""

    __slots__ = ("link", "transport", "wire")

    def __init__(self, link: Link) -> None:
        self.link: Link | None = link
        self.wire = Wire(link.address)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._tell(data)

    def eof_received(self) -> None:
        self._tell(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(b"")
        self.link = None

    def _tell(self, data: bytes) -> None:
        for event in self.wire.feed(data):
            if self.link is not None:
                self.link.heard(self, event)
        self.flush()

    def flush(self) -> None:
        if self.transport is None:
            return
        for chunk in self.wire.to_send():
            if chunk and not self.transport.is_closing():
                self.transport.write(chunk)
            elif not chunk:
                self.transport.close()

    def end(self, *, abrupt: bool) -> None:
        self.link = None
        if self.transport is not None:
            self.flush()
            if abrupt:
                self.transport.abort()
            else:
                self.transport.close()


class Link:
    """The station's driver. `start()`, then everything happens by itself until `stop()`.

    After giving the station an input from outside (`link.station.plug_in(…)`), call `pump()`.
    """

    __slots__ = (
        "_dialling",
        "_socket",
        "_stopped",
        "_timer",
        "_timer_at",
        "address",
        "connect_timeout_s",
        "station",
        "tls",
    )

    def __init__(
        self, station: Station, address: Address, *, tls: ssl.SSLContext | None = None, connect_timeout_s: float = 20.0
    ) -> None:
        self.station, self.address, self.tls = station, address, tls
        self.connect_timeout_s = connect_timeout_s
        self._socket: _Socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._dialling: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self) -> None:
        self.station.switch_on(wall())
        self.pump()

    async def stop(self) -> None:
        """Close the socket and dial no more. What the station has queued stays in it."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.wait({self._dialling})
        if self._socket is not None:
            self._socket.wire.close(1001, "switched off")
            self._drop(abrupt=False)

    def cut(self) -> None:
        """Lose the connection as a broken line does; the station notices at once and will dial again."""
        if self._socket is not None:
            self._drop(abrupt=True)
            self.station.disconnected(wall(), "cut")
            self.pump()

    def heard(self, socket: _Socket, event: Opened | Text | Closed) -> None:
        if socket is not self._socket or self._stopped:
            return
        if isinstance(event, Text):
            self.station.received(event.data, wall())
        elif isinstance(event, Opened):
            self.station.connected(wall())
        else:
            self._drop(abrupt=False)
            self.station.disconnected(wall(), event.why)
        self.pump()

    def pump(self) -> None:
        """Do what the station wants and set the timer for what it will want next."""
        for wish in self.station.take():
            if isinstance(wish, Frame):
                if self._socket is not None:
                    self._socket.wire.send(wish.text)
            elif isinstance(wish, Hangup):
                if self._socket is not None:
                    self._socket.wire.close(wish.code, wish.reason)
                    self._drop(abrupt=wish.abrupt)
            elif isinstance(wish, Dial) and not self._stopped:
                self._dialling = asyncio.get_running_loop().create_task(self._dial())
        if self._socket is not None:
            self._socket.flush()
        self._set_timer()

    def _drop(self, *, abrupt: bool) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.end(abrupt=abrupt)

    def _set_timer(self) -> None:
        """An earlier deadline moves the timer; for a later one it is left to fire once in vain, which is cheaper."""
        due = self.station.due
        if due == NEVER or self._stopped:
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0, due - wall()) / 1e6
        if self._timer is not None and not self._timer.cancelled():
            # Not `when()`: uvloop gives a plain handle for a time that has passed already.
            if self._timer_at <= at + 0.001:
                return
            self._timer.cancel()
        self._timer, self._timer_at = loop.call_at(at, self._fired), at

    def _fired(self) -> None:
        self._timer = None
        now = wall()
        if self.station.due <= now:
            self.station.tick(now)
        self.pump()

    async def _dial(self) -> None:
        self._drop(abrupt=True)
        host, port, secure = self.address.target
        socket = _Socket(self)
        self._socket = socket
        try:
            async with asyncio.timeout(self.connect_timeout_s):
                tls = (self.tls or ssl.create_default_context()) if secure else None
                await asyncio.get_running_loop().create_connection(lambda: socket, host, port, ssl=tls)
        except (OSError, TimeoutError) as failure:
            if self._socket is socket:
                self._socket = None
                self.station.disconnected(wall(), str(failure) or "connecting took too long")
                self.pump()
        finally:
            self._dialling = None
