"""The OCPP port of one host with real sockets: who is let in, what a connection may do, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from actors.embedded.ports import free_ports
from actors.gateway.limits import ConnectionLimits
from actors.gateway.listener import Admitted, Knock, Listener, Refused
from actors.gateway.socket import Socket
from engine.errors import StoreUnavailable
from tests.actors.world import until

SECRETS = {"cp-1": b"right", "cp-2": b"right"}


class Echo:
    """A gatekeeper and owner in one: echoes, and remembers what it was told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: list[tuple[str, int]] = []
        self.sockets: list[Socket] = []
        self.proven: set[str] = set()
        self.trouble: Exception | None = None

    async def is_proven(self, knock: Knock) -> bool:
        name = knock.charge_point.lower()
        return name in self.proven and knock.secret == SECRETS[name]

    async def admit(self, knock: Knock) -> Admitted | Refused:
        if self.trouble is not None:
            raise self.trouble
        name = knock.charge_point.lower()
        if SECRETS.get(name) != knock.secret or knock.secret is None:
            return Refused("wrong_credentials")
        self.proven.add(name)
        return Admitted(name.upper(), dedicated=False)

    def connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        assert socket.charge_point == admitted.charge_point
        socket.owner = self
        self.sockets.append(socket)

    def frame_received(self, socket: Socket, text: bytes) -> None:
        self.frames.append(text)
        socket.send(text)

    def socket_closed(self, socket: Socket, code: int, reason: str) -> None:
        self.closed.append((socket.charge_point, code))


class Door:
    """A listener on a free port and its gatekeeper."""

    def __init__(self, listener: Listener, echo: Echo, port: int) -> None:
        self.listener, self.echo, self.port = listener, echo, port

    async def connect(self, identity: str = "CP-1", secret: str = "right", **more: Any) -> ClientConnection:
        more.setdefault("subprotocols", [Subprotocol("ocpp1.6")])
        return await connect(
            f"ws://127.0.0.1:{self.port}/ocpp/{identity}",
            additional_headers={"Authorization": build_authorization_basic(identity, secret)},
            **{"proxy": None, "compression": None, "ping_interval": None, "close_timeout": 1, **more},
        )

    async def refused(self, *arguments: Any, **more: Any) -> int:
        with pytest.raises(InvalidStatus) as caught:
            await self.connect(*arguments, **more)
        return caught.value.response.status_code


@asynccontextmanager
async def opened(handshakes_per_s: float = 1000.0, **limits: Any) -> AsyncIterator[Door]:
    echo = Echo()
    defaults: dict[str, Any] = {"max_frame_bytes": 10_000, "frames_per_s": 1000.0, "frames_burst": 1000}
    listener = Listener(
        echo,
        ConnectionLimits(**(defaults | limits)),
        supported=("ocpp1.6",),
        default="ocpp1.6",
        handshakes_per_s=handshakes_per_s,
    )
    (port,) = free_ports(1)
    await listener.start("127.0.0.1", port)
    try:
        yield Door(listener, echo, port)
    finally:
        await listener.stop()


async def ending(socket: ClientConnection) -> int:
    """The close code with which the server ends the connection."""
    async with asyncio.timeout(5):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code or 0


async def test_who_proves_to_be_a_station_is_let_in_under_its_registered_name() -> None:
    async with opened() as door, await door.connect("cp-1") as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        assert door.echo.sockets[0].charge_point == "CP-1"
        assert (door.listener.accepted, len(door.listener.sockets)) == (1, 1)
        await socket.close(1001)
        await until(lambda: door.echo.closed == [("CP-1", 1001)], "told of the close")
        await until(lambda: not door.listener.sockets, "forgotten")


async def test_unknown_and_wrong_get_the_same_answer_and_our_own_trouble_another() -> None:
    async with opened() as door:
        assert await door.refused("NOBODY") == await door.refused("CP-1", "wrong") == 401
        door.echo.trouble = StoreUnavailable("SQL is away")
        assert await door.refused() == 503
        door.echo.trouble = ZeroDivisionError("a mistake of ours")
        assert await door.refused() == 503
        door.echo.trouble = None
        async with await door.connect():
            pass
        assert door.listener.refused == {401: 2, 503: 2}


async def test_guessing_is_slowed_down_and_the_proven_are_not() -> None:
    async with opened() as door:
        async with await door.connect("CP-1"):
            pass
        codes = [await door.refused("CP-2", f"guess-{n}") for n in range(32)]
        assert codes[:30] == [401] * 30
        assert codes[-1] == 429
        assert await door.refused("CP-2", "right") == 429, "not proven yet: behind the guesser's address it waits"
        async with await door.connect("CP-1"):
            pass
        assert await door.refused("CP-1", "wrong") == 429
        async with await door.connect("CP-2", local_addr=("127.0.0.2", 0)):
            pass


async def test_handshakes_are_paced_and_too_many_are_told_to_wait() -> None:
    async with opened(handshakes_per_s=10.0) as door:
        began = asyncio.get_running_loop().time()
        for _ in range(14):
            async with await door.connect():
                pass
        assert asyncio.get_running_loop().time() - began > 0.3
        rush = await asyncio.gather(*(door.connect(open_timeout=1.0) for _ in range(150)), return_exceptions=True)
        refused = [each for each in rush if isinstance(each, InvalidStatus)]
        assert {each.response.status_code for each in refused} == {503}
        assert all(int(each.response.headers["Retry-After"]) > 0 for each in refused)


@pytest.mark.parametrize(
    "frames", [["x" * 10_001], ["x" * 6_000, "x" * 6_000]], ids=["in one piece", "in two fragments"]
)
async def test_what_is_too_large_ends_the_connection(frames: list[str]) -> None:
    async with opened() as door:
        socket = await door.connect()
        await socket.send(frames)
        assert await ending(socket) == 1009
        assert door.echo.frames == []


async def test_compression_is_without_a_memory_and_its_bombs_do_not_go_off() -> None:
    async with opened() as door, await door.connect(compression="deflate") as socket:
        (extension,) = socket.protocol.extensions
        assert "no_context_takeover" in repr(extension)
        await socket.send("y" * 5_000)
        assert await socket.recv() == "y" * 5_000
        await socket.send("z" * 5_000_000)
        assert await ending(socket) == 1009


async def test_fragments_and_binary_frames_are_read_and_a_stray_end_is_not() -> None:
    async with opened() as door, await door.connect() as socket:
        await socket.send(["[2,", '"a",', "{}]"])
        assert await socket.recv() == '[2,"a",{}]'
        await socket.send(b"[3]")
        assert await socket.recv() == "[3]"
        socket.protocol.send_text(b"half", fin=False)
        socket.protocol.send_continuation(b"-whole", fin=True)
        for data in socket.protocol.data_to_send():
            socket.transport.write(data)
        assert await socket.recv() == "half-whole"


async def test_a_station_that_talks_too_fast_is_read_more_slowly_and_loses_nothing() -> None:
    async with opened(frames_per_s=500.0, frames_burst=20) as door, await door.connect() as socket:
        began = asyncio.get_running_loop().time()
        frames = [str(number).zfill(5_000) for number in range(200)]

        async def send() -> None:
            for frame in frames:
                await socket.send(frame)

        sending = asyncio.create_task(send())
        assert [await socket.recv() for _ in frames] == frames
        await sending
        assert asyncio.get_running_loop().time() - began > 0.2
        assert door.listener.throttled > 0


async def test_a_connection_with_too_much_unanswered_is_not_read_until_that_is_over() -> None:
    async with opened(max_unanswered=5) as door, await door.connect() as socket:
        await socket.send("first")
        await socket.recv()
        server = door.echo.sockets[0]
        server.waiting(6)
        await socket.send("second")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.4)
        server.waiting(5)
        assert await asyncio.wait_for(socket.recv(), 15) == "second"


async def test_the_silent_are_pinged_and_the_dead_are_cut_within_two_intervals() -> None:
    async with opened(ping_interval_s=0.4) as door:
        talking, dead = await door.connect("CP-1"), await door.connect("CP-2")
        dead.transport.pause_reading()
        began = asyncio.get_running_loop().time()
        await until(lambda: door.echo.closed == [("CP-2", 1006)], "cut")
        assert asyncio.get_running_loop().time() - began < 2 * 0.4 + 0.5
        await asyncio.sleep(0.8)
        assert door.listener.dead == 1
        await talking.send("still here")
        assert await talking.recv() == "still here"
        dead.transport.abort()
        await talking.close()


async def test_who_never_finishes_the_handshake_is_cut() -> None:
    async with opened(ping_interval_s=0.2, handshake_timeout_s=0.3) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"\r\n" * 50])
async def test_what_is_no_websocket_handshake_is_turned_away(sent: bytes) -> None:
    async with opened(ping_interval_s=0.2, handshake_timeout_s=0.3) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert b" 101 " not in answer
        assert door.echo.sockets == []
        writer.close()


async def test_too_many_connections_are_cut_at_once() -> None:
    async with opened(max_connections=2) as door:
        first, second = await door.connect("CP-1"), await door.connect("CP-2")
        with pytest.raises((InvalidMessage, ConnectionError, EOFError)):
            await door.connect("CP-1")
        await first.send("unharmed")
        assert await first.recv() == "unharmed"
        await asyncio.gather(first.close(), second.close())


async def test_draining_moves_stations_elsewhere_at_a_chosen_rate() -> None:
    async with opened() as door:
        sockets = [await door.connect() for _ in range(4)]
        draining = asyncio.create_task(door.listener.drain(per_s=1000.0))
        assert [await ending(socket) for socket in sockets] == [1012] * 4
        await asyncio.wait_for(draining, 5)
        with pytest.raises(OSError, match=r"refused|Connect"):
            await door.connect()


async def test_nothing_is_sent_to_a_socket_that_is_gone() -> None:
    async with opened() as door:
        socket = await door.connect()
        server = door.echo.sockets[0]
        assert server.send(b"one")
        assert await socket.recv() == "one"
        await socket.close()
        await until(lambda: door.echo.closed, "closed")
        assert not server.send(b"two")
        server.close(1000, "")
        server.ping()


def test_the_limits_follow_the_settings() -> None:
    from engine.settings import Settings

    limits = ConnectionLimits.of(Settings(max_frame_bytes=2048, frames_per_s=7.0, frames_burst=9, ping_interval_s=3.0))
    assert (limits.max_frame_bytes, limits.frames_per_s, limits.frames_burst, limits.ping_interval_s) == (2048, 7, 9, 3)
