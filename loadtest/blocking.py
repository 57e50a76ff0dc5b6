"""Drives one sans-IO station from one thread or one gevent greenlet, on an ordinary socket."""

from __future__ import annotations

import socket
import ssl
import time

from loadtest.endpoint import Dial, Frame, Hangup
from loadtest.station import Station
from loadtest.wire import Address, Closed, Opened, Text, Wire

_LONGEST_NAP_S = 0.5


def _wall() -> int:
    return time.time_ns() // 1000


class BlockingDriver:
    """Call `run_for(seconds)` again and again; only that thread (or greenlet) may touch the station meanwhile."""

    def __init__(self, station: Station, address: Address, *, connect_timeout_s: float = 20.0) -> None:
        self.station, self.address, self._connect_timeout_s = station, address, connect_timeout_s
        self._socket: socket.socket | None = None
        self._wire: Wire | None = None
        station.switch_on(_wall())

    def run_for(self, seconds: float) -> None:
        """Be the station for so long."""
        until = _wall() + round(seconds * 1e6)
        while (now := _wall()) < until:
            self.station.tick(now)
            self._act()
            nap = max(0.001, min(until, self.station.due) - _wall()) / 1e6
            self._listen(max(0.001, min(_LONGEST_NAP_S, nap)))

    def close(self) -> None:
        """Say goodbye and close the socket."""
        if self._wire is not None:
            self._wire.close(1001, "switched off")
        self._hang_up()

    def _act(self) -> None:
        for wish in self.station.take():
            if isinstance(wish, Frame) and self._wire is not None:
                self._wire.send(wish.text)
            elif isinstance(wish, Hangup):
                if self._wire is not None and not wish.abrupt:
                    self._wire.close(wish.code, wish.reason)
                self._hang_up()
            elif isinstance(wish, Dial):
                self._dial()
        self._flush()

    def _dial(self) -> None:
        self._hang_up()
        host, port, secure = self.address.target
        try:
            connection = socket.create_connection((host, port), timeout=self._connect_timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
        except OSError as failure:
            self.station.disconnected(_wall(), str(failure))
            return
        self._socket, self._wire = connection, Wire(self.address)

    def _listen(self, seconds: float) -> None:
        if self._socket is None:
            time.sleep(seconds)
            return
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(65_536)
        except TimeoutError:
            return
        except OSError:
            data = b""
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        wire = self._wire
        for event in wire.feed(data) if wire is not None else ():
            if wire is not self._wire:
                return
            if isinstance(event, Text):
                self.station.received(event.data, _wall())
            elif isinstance(event, Opened):
                self.station.connected(_wall())
            elif isinstance(event, Closed):
                self._hang_up()
                self.station.disconnected(_wall(), event.why)
            self._act()
        self._flush()

    def _flush(self) -> None:
        if self._wire is None or self._socket is None:
            return
        try:
            self._socket.settimeout(self._connect_timeout_s)
            self._socket.sendall(b"".join(self._wire.to_send()))
        except OSError as failure:
            self._hang_up()
            self.station.disconnected(_wall(), str(failure))

    def _hang_up(self) -> None:
        connection, wire = self._socket, self._wire
        self._socket = self._wire = None
        if connection is None or wire is None:
            return
        try:
            connection.settimeout(1.0)
            connection.sendall(b"".join(wire.to_send()))
        except OSError:
            # The peer is gone already; there is nobody left to say goodbye to.
            pass
        finally:
            connection.close()
