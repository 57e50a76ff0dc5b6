"""Live events over a WebSocket, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from api.live import socket as event_socket
from api.ports.facade import LiveEvent
from api.web.serve import start
from tests.api.conftest import Facade, change
from tests.api.two_networks import NORTH, SOUTH, two_networks
from tests.people import put_account


@asynccontextmanager
async def address(facade: Facade) -> AsyncIterator[str]:
    served = await start(facade.app, "127.0.0.1", 0, grace_s=1)
    try:
        yield f"ws://127.0.0.1:{served.port}/api/v1/events/ws"
    finally:
        await served.stop()


def with_token(token: str) -> list[Subprotocol]:
    return [Subprotocol("raycharge.events"), Subprotocol(f"bearer.{token}")]


async def told(socket: ClientConnection) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        events: list[dict[str, Any]] = orjson.loads(await socket.recv())
    return events


async def closed(socket: ClientConnection) -> int:
    async with asyncio.timeout(20):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as ended:
            assert ended.rcvd is not None  # noqa: PT017
            return int(ended.rcvd.code)


async def test_what_happens_is_told_and_what_was_missed_when_one_comes_back(facade: Facade) -> None:
    async with address(facade) as url:
        protocols = with_token(facade.token())
        async with connect(url + "?charge_point=cp-1", subprotocols=protocols, proxy=None) as socket:
            assert socket.subprotocol == "raycharge.events"
            assert (await told(socket))[0]["type"] == "hello"
            for number, name in enumerate(("CP-2", "CP-1", "CP-1"), 1):
                facade.live.publish(change(name, number))
            events = await told(socket)
            while len(events) < 2:
                events += await told(socket)
            assert [(each["id"], each["charge_point"]) for each in events] == [("0-2", "CP-1"), ("0-3", "CP-1")]
        async with connect(url + "?last_event_id=0-1", subprotocols=protocols, proxy=None) as socket:
            assert [each["type"] for each in await told(socket)] == ["hello"]
            assert [each["id"] for each in await told(socket)] == ["0-2", "0-3"]
        async with connect(url + "?last_event_id=9-1", subprotocols=protocols, proxy=None) as socket:
            assert (await told(socket), (await told(socket))[0]["type"]) == ([{"type": "hello"}], "gap")


async def test_a_socket_says_that_it_is_there_and_up_to_where(facade: Facade) -> None:
    facade.app.state.context.heartbeat_s = 0.05
    headers = {"Authorization": f"Bearer {facade.token()}"}
    async with address(facade) as url, connect(url, additional_headers=headers, proxy=None) as socket:
        await told(socket)
        facade.live.publish(LiveEvent("0-7", "CP-1", "status", b'{"type":"status"}'))
        while (event := (await told(socket))[0])["type"] != "status":
            pass
        assert event["id"] == "0-7"
        assert await told(socket) == [{"id": "0-7", "type": "heartbeat"}]


async def test_the_login_may_be_the_first_message(facade: Facade) -> None:
    async with address(facade) as url:
        async with connect(url, proxy=None) as socket:
            await socket.send(orjson.dumps({"token": facade.token()}).decode())
            assert (await told(socket))[0]["type"] == "hello"
        for said in ("nonsense", "{}", "[]", '{"token": 7}', '{"token": "wrong"}'):
            async with connect(url, proxy=None) as socket:
                await socket.send(said)
                assert await closed(socket) == 1008
        assert facade.app.state.context.fanout.followers == 0


async def test_who_says_nothing_or_has_no_permission_is_let_out(
    facade: Facade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_socket, "_LOGIN_S", 0.05)
    async with address(facade) as url:
        async with connect(url, proxy=None) as socket:
            assert await closed(socket) == 1008
        async with connect(url, subprotocols=with_token(facade.token("driver")), proxy=None) as socket:
            assert await closed(socket) == 1008
        monkeypatch.setattr(event_socket, "MAX_WAITING", 0)
        with pytest.raises(InvalidStatus):
            async with connect(url, proxy=None):
                pass


async def test_pages_of_other_sites_get_no_socket_and_no_other_address_has_one(facade: Facade) -> None:
    protocols = with_token(facade.token())
    async with address(facade) as url:
        host = url.split("/")[2]
        async with connect(url, subprotocols=protocols, origin=Origin(f"http://{host}"), proxy=None) as socket:
            await told(socket)
        with pytest.raises(InvalidStatus):
            async with connect(url, subprotocols=protocols, origin=Origin("http://elsewhere"), proxy=None):
                pass
        with pytest.raises(InvalidStatus):
            async with connect(url + "/else", subprotocols=protocols, proxy=None):
                pass


async def test_another_network_is_not_told_and_a_lost_permission_ends_it() -> None:
    facade = await two_networks()
    facade.app.state.context.recheck_s = 0.02
    async with address(facade) as url:
        protocols = with_token(facade.token("support", NORTH))
        async with connect(url, subprotocols=protocols, proxy=None) as socket:
            await told(socket)
            for number, charge_point in enumerate((f"CP-{SOUTH}", "CP-UNKNOWN", f"CP-{NORTH}"), 1):
                facade.live.publish(change(charge_point, number))
            events = await told(socket)
            while events[-1].get("type") == "gap":
                events = await told(socket)
            assert [each["charge_point"] for each in events] == [f"CP-{NORTH}"]
            now = facade.clock.now()
            put_account(facade.books, f"u-support.{NORTH}", "x@example.org", "analyst", NORTH, now=now)
            facade.clock.advance(60)
            assert await closed(socket) == 1008


async def test_shutdown_asks_to_come_back(facade: Facade) -> None:
    async with address(facade) as url:
        socket = await connect(url, subprotocols=with_token(facade.token()), proxy=None)
        await told(socket)
    assert await closed(socket) == 1012


@pytest.mark.parametrize("query", ["station", "network"])
async def test_only_a_station_or_a_network(query: str) -> None:
    facade = await two_networks()
    facade.app.state.context.recheck_s = 0.02
    async with address(facade) as url:
        name = NORTH if query == "network" else f"station-{NORTH}"
        async with connect(f"{url}?{query}={name}", subprotocols=with_token(facade.token()), proxy=None) as socket:
            await told(socket)
            for number, charge_point in enumerate((f"CP-{SOUTH}", f"CP-{NORTH}"), 1):
                facade.live.publish(change(charge_point, number))
            events = await told(socket)
            while events[-1].get("type") == "gap":
                events = await told(socket)
            assert [each["charge_point"] for each in events] == [f"CP-{NORTH}"]
