"""Frames between hosts: in order and once each, over calls that may come late, twice or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ray.exceptions import RayActorError

from actors.gateway.socket import Socket
from actors.relay import LOST, MAX_BUFFERED, Inbox, RelayedOwner, RemoteSocket
from tests.actors.world import turns, until


class Method:
    """An actor's method as Ray gives it: `remote` returns something to await."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def remote(self, *arguments: Any) -> Any:
        return await self._call(*arguments)


class FarHost:
    """The other end. `dead` makes every call fail as Ray does; `slow` holds calls up; `refuse` ends the relay."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.items: list[Any] = []
        self.calls = 0
        self.under_way = 0
        self.most_under_way = 0
        self.dead = False
        self.refuse = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.relay_frames = self.relay_out = Method(self._take)
        self.relay_open = Method(self._opened)
        self.relay_holds = Method(self._holds)
        self.opened: list[tuple[Any, ...]] = []

    async def _take(self, key: str, first: int, items: list[Any]) -> bool:
        self.calls += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.slow.wait()
        self.under_way -= 1
        if self.dead:
            raise RayActorError
        fresh = self.inbox.take(first, items)
        assert fresh is not None
        self.items += fresh
        return not self.refuse

    async def _opened(self, *arguments: Any) -> None:
        if self.dead:
            raise RayActorError
        self.opened.append(arguments)

    async def _holds(self, key: str) -> bool:
        if self.dead:
            raise RayActorError
        return not self.refuse


class NearSocket:
    """As much of a gateway's socket as a relay needs."""

    charge_point, remote = "CP-1", "10.0.0.1:5"

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed: tuple[int, str] | None = None

    def send(self, text: bytes) -> bool:
        self.sent.append(text)
        return self.closed is None

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)


def owner_of(socket: NearSocket, far: FarHost, forgotten: list[str]) -> RelayedOwner:
    near: Any = socket
    return RelayedOwner("k", near, far, lambda: forgotten.append("k"))


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4))))
def test_an_inbox_takes_each_frame_once_in_order_and_names_a_gap(calls: list[tuple[int, int]]) -> None:
    inbox, taken = Inbox(), []
    for first, count in calls:
        expected = len(taken) + 1
        fresh = inbox.take(first, list(range(first, first + count)))
        assert (fresh is None) == (first > expected)
        taken += fresh or []
    assert taken == list(range(1, len(taken) + 1))


async def test_frames_leave_in_order_one_call_at_a_time_and_gather_meanwhile() -> None:
    far = FarHost()
    far.slow.clear()
    owner = owner_of(NearSocket(), far, [])
    for number in range(10):
        owner.frame_received(_any(None), b"%d" % number)
        await turns(2)
    far.slow.set()
    await until(lambda: len(far.items) == 10, "all there")
    assert far.items == [b"%d" % number for number in range(10)]
    assert (far.calls, far.most_under_way) == (2, 1)


async def test_a_dead_actor_asks_the_station_to_connect_again() -> None:
    far, socket, forgotten = FarHost(), NearSocket(), []
    owner = owner_of(socket, far, forgotten)
    far.dead = True
    owner.frame_received(_any(None), b"lost")
    await until(lambda: socket.closed, "closed")
    assert socket.closed is not None
    assert socket.closed[0] == LOST
    assert forgotten == ["k"]


async def test_an_actor_with_a_newer_connection_ends_the_relay() -> None:
    far, socket = FarHost(), NearSocket()
    far.refuse = True
    owner_of(socket, far, []).frame_received(_any(None), b"late")
    await until(lambda: socket.closed, "closed")


async def test_what_cannot_be_buffered_any_more_ends_the_relay() -> None:
    far, socket = FarHost(), NearSocket()
    far.slow.clear()
    owner = owner_of(socket, far, [])
    for _ in range(MAX_BUFFERED):
        owner.frame_received(_any(None), b"x")
    assert socket.closed is None
    owner.frame_received(_any(None), b"x")
    assert socket.closed is not None
    far.slow.set()
    await until(lambda: not far.under_way, "over")


async def test_answers_come_out_of_the_socket_once_and_a_gap_ends_it() -> None:
    socket, forgotten = NearSocket(), []
    owner = owner_of(socket, FarHost(), forgotten)
    assert owner.deliver(1, [b"a", b"b"])
    assert owner.deliver(1, [b"a", b"b"]), "a call that Ray repeated"
    assert owner.deliver(2, [b"b", b"c"])
    assert socket.sent == [b"a", b"b", b"c"]
    assert not owner.deliver(5, [b"e"])
    assert socket.closed is not None
    assert forgotten == ["k"]


async def test_the_actors_end_sends_and_closes_in_order_and_notices_a_dead_host() -> None:
    far, gone = FarHost(), []
    remote = RemoteSocket("k", "host-0", far, "10.0.0.1:5", gone.append)
    assert remote.send(b"answer")
    remote.close(1012, "over")
    remote.close(1000, "twice")
    assert not remote.send(b"after the end")
    await until(lambda: len(far.items) == 2, "sent")
    assert far.items == [b"answer", (1012, "over")]
    assert await remote.held()
    far.refuse = True
    assert not await remote.held()

    far = FarHost()
    far.dead = True
    remote = RemoteSocket("k", "host-0", far, "10.0.0.1:5", gone.append)
    remote.send(b"answer")
    await until(lambda: gone, "noticed")
    remote.lost()
    assert gone == [remote]
    assert not await remote.held()


async def test_an_attachment_names_host_version_and_address() -> None:
    far = FarHost()
    await owner_of(NearSocket(), far, []).attach("host-0", "ocpp1.6")
    assert far.opened == [("k", "host-0", "ocpp1.6", "10.0.0.1:5")]


def _any(socket: Socket | None) -> Any:
    return socket
