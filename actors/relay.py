"""Frames between a socket in one host and an actor in another: both ends of the wire that Ray is.

Async Ray actors reorder calls, so each direction has one call under way at a time and numbers its frames: a number
that was seen is passed over, a gap ends the relay (the station reconnects and says it again). The socket's end is
`RelayedOwner`, the actor's end `RemoteSocket`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from ray.exceptions import RayError

from actors.gateway.socket import Socket

log = structlog.get_logger("relay")
LOST = 1012
LOST_REASON = "service restart"
MAX_BUFFERED = 2_000


class _Pump:
    """Hands on what is put in, in order, one call at a time. `call(first_number, items)` returns False to end it."""

    __slots__ = ("_broken", "_call", "_items", "_lost", "_next", "_task")

    def __init__(self, call: Callable[[int, list[Any]], Any], lost: Callable[[], None]) -> None:
        self._call = call
        self._lost = lost
        self._items: list[Any] = []
        self._next = 1
        self._task: asyncio.Task[None] | None = None
        self._broken = False

    def put(self, item: Any) -> bool:
        if self._broken or len(self._items) >= MAX_BUFFERED:
            return False
        self._items.append(item)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return True

    async def _run(self) -> None:
        try:
            while self._items and not self._broken:
                items, self._items = self._items, []
                number, self._next = self._next, self._next + len(items)
                if not await self._call(number, items):
                    self._broken = True
        except RayError as error:
            log.info("relay_lost", error=str(error).splitlines()[0])
            self._broken = True
        finally:
            self._task = None
        if self._broken:
            self._lost()


class Inbox:
    """Accepts numbered frames once each and in order."""

    __slots__ = ("_expected",)

    def __init__(self) -> None:
        self._expected = 1

    def take(self, first: int, items: list[Any]) -> list[Any] | None:
        """The items not seen yet; None if some are missing before them."""
        if first > self._expected:
            return None
        fresh = items[self._expected - first :]
        self._expected += len(fresh)
        return fresh


class RelayedOwner:
    """The owner of a socket whose actor lives in a dedicated host."""

    __slots__ = ("_forget", "_handle", "_inbox", "_pump", "_socket", "key")

    def __init__(self, key: str, socket: Socket, handle: Any, forget: Callable[[], object]) -> None:
        self.key = key
        self._forget = forget
        self._socket = socket
        self._handle = handle
        self._inbox = Inbox()
        self._pump = _Pump(self._forward, self.lost)

    async def attach(self, host: str, subprotocol: str) -> None:
        """Tell the actor of its new connection. Raises RayError when it cannot be reached."""
        await self._handle.relay_open.remote(self.key, host, subprotocol, self._socket.remote)

    def frame_received(self, socket: Socket, text: bytes) -> None:
        if not self._pump.put(text):
            self.lost()

    def socket_closed(self, socket: Socket, code: int, reason: str) -> None:
        self._forget()
        self._pump.put((code, reason))

    def deliver(self, first: int, items: list[Any]) -> bool:
        """Frames (bytes) and closes ((code, reason)) from the actor; False once the socket is gone."""
        fresh = self._inbox.take(first, items)
        if fresh is None:
            self.lost()
            return False
        for item in fresh:
            if isinstance(item, bytes):
                if not self._socket.send(item):
                    return False
            else:
                self._socket.close(*item)
        return True

    async def _forward(self, first: int, items: list[Any]) -> bool:
        return bool(await self._handle.relay_frames.remote(self.key, first, items))

    def lost(self) -> None:
        """The actor cannot be reached: the station is asked to connect again."""
        self._forget()
        self._socket.close(LOST, LOST_REASON)


class RemoteSocket:
    """The actor's end: looks like a socket. `gone` is called once when the other host does not answer any more."""

    __slots__ = ("_closed", "_gone", "_handle", "_inbox", "_pump", "host", "key", "number", "remote")

    def __init__(self, key: str, host: str, handle: Any, remote: str, gone: Callable[[RemoteSocket], None]) -> None:
        self.key = key
        self.host = host
        self.number = 0
        self.remote = remote
        self._handle = handle
        self._gone = gone
        self._closed = False
        self._inbox = Inbox()
        self._pump = _Pump(self._forward, self.lost)

    def send(self, text: bytes) -> bool:
        return not self._closed and self._pump.put(text)

    def close(self, code: int, reason: str) -> None:
        if not self._closed:
            self._closed = True
            self._pump.put((code, reason))

    def waiting(self, count: int) -> None:
        """The socket's own host cannot see what waits here; the station's one CALL at a time bounds it."""

    def take(self, first: int, items: list[Any]) -> list[Any] | None:
        """New frames (bytes) or the close ((code, reason)) from the socket, in order; None after a gap."""
        return self._inbox.take(first, items)

    async def held(self) -> bool:
        """Whether the other host still has the socket."""
        try:
            return bool(await asyncio.wait_for(self._handle.relay_holds.remote(self.key), timeout=5.0))
        except (RayError, TimeoutError):
            return False

    async def _forward(self, first: int, items: list[Any]) -> bool:
        return bool(await self._handle.relay_out.remote(self.key, first, items))

    def lost(self) -> None:
        if not self._closed:
            self._closed = True
            self._gone(self)
