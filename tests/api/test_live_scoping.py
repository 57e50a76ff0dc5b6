"""Live streams show what concerns the reader's networks, and end when the reader may not see it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Message

from tests.api.conftest import Facade, change
from tests.api.two_networks import NORTH, SOUTH, two_networks
from tests.people import put_account

EVENTS = "/api/v1/events"


class Stream:
    """A reader of server-sent events, straight over ASGI."""

    def __init__(self, facade: Facade, path: str, token: str) -> None:
        self._leaving, self.text, self.status = asyncio.Event(), "", 0
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "client": ("198.51.100.7", 1),
            "http_version": "1.1",
            "scheme": "http",
        }
        self.task = asyncio.create_task(facade.app(scope, self._receive, self._send))

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 what is waited for has no event
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        self._leaving.set()
        await self.task

    async def _receive(self) -> Message:
        await self._leaving.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()


@asynccontextmanager
async def running() -> AsyncIterator[Facade]:
    facade = await two_networks()
    context = facade.app.state.context
    context.recheck_s = 0.02
    context.fanout.start()
    yield facade
    await context.watches.stop()
    await context.fanout.stop()


async def test_events_of_another_network_are_not_told() -> None:
    async with running() as facade:
        north, whole = Stream(facade, EVENTS, facade.token("support", NORTH)), Stream(facade, EVENTS, facade.token())
        await north.until(lambda: facade.live.readers == 1 and "hello" in north.text and "hello" in whole.text)
        for number, charge_point in enumerate((f"CP-{SOUTH}", "CP-UNKNOWN", f"CP-{NORTH}"), 1):
            facade.live.publish(change(charge_point, number))
        await north.until(lambda: f"CP-{NORTH}" in north.text and f"CP-{NORTH}" in whole.text)
        assert SOUTH not in north.text
        assert "UNKNOWN" not in north.text, "what is registered nowhere belongs to no network"
        assert SOUTH in whole.text
        await north.leave()
        await whole.leave()


@pytest.mark.parametrize("path", [EVENTS, f"/api/v1/charge-points/CP-{NORTH}/messages/live"])
async def test_a_stream_ends_when_its_reader_loses_the_permission(path: str) -> None:
    async with running() as facade:
        stream = Stream(facade, path, facade.token("support", NORTH))
        await stream.until(lambda: "hello" in stream.text)
        now = facade.clock.now()
        put_account(facade.books, f"u-support.{NORTH}", "x@example.org", "analyst", NORTH, now=now)
        facade.clock.advance(60)
        await stream.until(stream.task.done)
        await stream.task


async def test_a_stream_ends_when_its_charge_point_goes_to_another_network() -> None:
    async with running() as facade:
        path = f"/api/v1/charge-points/CP-{NORTH}/messages/live"
        stream = Stream(facade, path, facade.token("support", NORTH))
        await stream.until(lambda: "hello" in stream.text)
        await facade.ports.business.charge_points.update(f"CP-{NORTH}", station_id=f"station-{SOUTH}")
        await stream.until(stream.task.done)
        await stream.task
