"""The façade on a real socket: live events, slow readers, taken ports, shutdown."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from api.live.fanout import Fanout
from api.live.followers import Followers
from api.ports.facade import LiveEvent
from api.web.serve import Serving, serve, start
from engine.errors import ConfigurationError, Unavailable
from tests.api.conftest import Facade, assert_problem, change

LOCAL = "127.0.0.1"


@asynccontextmanager
async def serving(facade: Facade) -> AsyncIterator[Serving]:
    served = await start(facade.app, LOCAL, 0, grace_s=1)
    try:
        yield served
    finally:
        await served.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def stream(facade: Facade, served: Serving, query: str = "", **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """The blocks of one event stream, once the façade counts us among the followers."""
    before = facade.app.state.context.fanout.followers
    known = {"Authorization": f"Bearer {facade.token()}", **headers}
    async with (
        httpx.AsyncClient(base_url=f"http://{LOCAL}:{served.port}", headers=known, timeout=10) as client,
        client.stream("GET", f"/api/v1/events{query}") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        await until(lambda: facade.live.readers == 1 and facade.app.state.context.fanout.followers == before + 1)

        async def blocks() -> AsyncIterator[str]:
            rest = ""
            async for text in answer.aiter_text():
                *whole, rest = (rest + text).split("\n\n")
                for block in whole:
                    yield block

        yield blocks()


async def test_changes_arrive_as_events_with_ids_of_the_wanted_charge_points(facade: Facade) -> None:
    async with (
        serving(facade) as served,
        stream(facade, served) as everything,
        stream(facade, served, "?charge_point=CP-2&charge_point=CP-3") as some,
    ):
        for number, name in enumerate(("CP-1", "CP-2", "CP-3"), 1):
            facade.live.publish(change(name, number))
        facade.live.publish(LiveEvent("0-4", "", "gap", b"{}"))
        assert await anext(everything) == "retry: 2000\n: hello"
        assert await anext(everything) == ('id: 0-1\nevent: status\ndata: {"charge_point":"CP-1","status":"Charging"}')
        await anext(some)
        assert [(await anext(some)).split("\n")[0] for _ in range(3)] == ["id: 0-2", "id: 0-3", "id: 0-4"]


async def test_silence_is_filled_with_comments(facade: Facade) -> None:
    facade.app.state.context.heartbeat_s = 0.05
    async with serving(facade) as served, stream(facade, served) as blocks:
        await anext(blocks)
        assert (await anext(blocks)).startswith(":")
        assert (await anext(blocks)).startswith(":")


async def test_who_comes_back_is_told_what_was_missed_or_that_something_was(facade: Facade) -> None:
    async with serving(facade) as served, stream(facade, served) as whole:
        await anext(whole)
        for number in range(1, 5):
            facade.live.publish(change("CP-1" if number % 2 else "CP-2", number))
        for _ in range(4):
            last = await anext(whole)
        assert last.startswith("id: 0-4\n")
        async with stream(facade, served, "?charge_point=CP-1", **{"Last-Event-ID": "0-1"}) as blocks:
            assert (await anext(blocks)).endswith(": hello")
            assert (await anext(blocks)).startswith("id: 0-3\n")
        fanout: Fanout = facade.app.state.context.fanout
        for unknown in ("0-5", "1-2", "nonsense"):
            await until(lambda: fanout.followers == 1)
            async with stream(facade, served, **{"Last-Event-ID": unknown}) as blocks:
                hello = await anext(blocks)
                assert hello.endswith(": hello")
                assert "event: gap" in await anext(blocks)


async def test_a_reader_who_leaves_is_forgotten(facade: Facade) -> None:
    async with serving(facade) as served:
        async with stream(facade, served):
            assert facade.app.state.context.fanout.followers == 1
        await until(lambda: facade.app.state.context.fanout.followers == 0)


async def test_a_reader_who_is_too_slow_is_dropped_and_the_others_notice_nothing(facade: Facade) -> None:
    fanout: Fanout = facade.app.state.context.fanout
    async with serving(facade) as served, stream(facade, served, "?charge_point=CP-2") as quick:
        await anext(quick)
        slow, connection = await asyncio.open_connection(LOCAL, served.port, limit=1024)
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {facade.token()}\r\n\r\n"
        connection.write(request.encode())
        await until(lambda: fanout.followers == 2)
        large = LiveEvent("0-1", "CP-1", "status", b'"' + b"x" * 20_000 + b'"')
        for _ in range(100):
            for _ in range(50):
                facade.live.publish(large)
            await asyncio.sleep(0.005)
            if fanout.dropped:
                break
        await until(lambda: fanout.followers == 1)
        assert fanout.dropped == 1
        facade.live.publish(change("CP-2", 2))
        assert (await anext(quick)).startswith("id: 0-2\n")
        assert slow is not None
        connection.transport.abort()


async def test_a_broken_feed_is_joined_anew_and_its_readers_are_told(facade: Facade) -> None:
    async with serving(facade) as served, stream(facade, served) as blocks:
        await anext(blocks)
        facade.live.publish(change("CP-1"))
        await anext(blocks)
        facade.live.interrupt()
        assert "event: gap" in await anext(blocks)
        facade.live.publish(change("CP-2", 3))
        assert "CP-2" in await anext(blocks)
        async with stream(facade, served, **{"Last-Event-ID": "0-1"}) as late:
            await anext(late)
            assert "event: gap" in await anext(late), "what came between was missed by the façade itself"


async def test_meter_values_are_wanted_only_while_somebody_follows(facade: Facade) -> None:
    fanout: Fanout = facade.app.state.context.fanout
    fanout.linger_s = 0.02
    async with serving(facade) as served:
        await until(lambda: facade.live.readers == 1)
        assert facade.live.meters_wanted == 0
        async with stream(facade, served):
            await until(lambda: facade.live.meters_wanted == 1)
        await until(lambda: facade.live.meters_wanted == 0)
        stop = facade.app.state.context.image.follow(lambda _: None)
        await until(lambda: facade.live.meters_wanted == 1)
        stop()
        await until(lambda: facade.live.meters_wanted == 0)


async def test_too_many_followers_are_refused(facade: Facade) -> None:
    fanout: Fanout = facade.app.state.context.fanout
    fanout.readers = Followers(max_followers=0)
    async with facade.client(facade.token()) as client:
        assert_problem(await client.get("/api/v1/events"), 503)


async def test_shutdown_ends_streams_at_once_and_frees_the_port(facade: Facade) -> None:
    before = signal.getsignal(signal.SIGINT)
    served = await start(facade.app, LOCAL, 0, grace_s=5)
    assert signal.getsignal(signal.SIGINT) is before
    port = served.port
    async with stream(facade, served) as blocks:
        await anext(blocks)
        began = asyncio.get_running_loop().time()
        await served.stop()
        assert asyncio.get_running_loop().time() - began < 2
    with pytest.raises(Unavailable):
        facade.app.state.context.fanout.follow()
    socket.create_server((LOCAL, port)).close()


async def test_a_taken_port_is_named_with_what_to_do(facade: Facade) -> None:
    with socket.create_server((LOCAL, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"Port {port} .* RAYCHARGE_API_PORT"):
            await start(facade.app, LOCAL, port)


async def test_serving_ends_when_it_is_cancelled(facade: Facade) -> None:
    with socket.create_server((LOCAL, 0)) as free:
        port = free.getsockname()[1]
    task = asyncio.create_task(serve(facade.app, LOCAL, port, grace_s=1))
    async with httpx.AsyncClient(base_url=f"http://{LOCAL}:{port}") as client:
        async with asyncio.timeout(10):
            while True:
                try:
                    assert (await client.get("/healthz")).status_code == 200
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    # Not by its port: another test of this run may have been given that since.
    with pytest.raises(Unavailable):
        facade.app.state.context.fanout.follow()
