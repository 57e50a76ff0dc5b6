"""Server-sent events: what happens at a station reaches those who follow it, and only those."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.raw_station import RawStation, start, status

pytestmark = pytest.mark.system


@asynccontextmanager
async def following(system: Installation, **query: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """A subscriber; the queue gets the data of each event."""
    base = f"http://127.0.0.1:{system.api_port}/api/v1"
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {system.login()}"}
        async with client.stream("GET", f"{base}/events", params=query, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            async for line in lines:
                if line.startswith(":"):
                    break

            async def pump() -> None:
                async for line in lines:
                    if line.startswith("data: "):
                        events.put_nowait(json.loads(line.removeprefix("data: ")))

            pumping = asyncio.create_task(pump())
            try:
                yield events
            finally:
                pumping.cancel()
                await asyncio.gather(pumping, return_exceptions=True)


async def next_of(events: asyncio.Queue[dict[str, Any]], kind: str, charge_point: str) -> dict[str, Any]:
    """The next event of a kind about a charge point; others are passed over."""
    async with asyncio.timeout(20):
        while True:
            event = await events.get()
            if (event["type"], event["charge_point"]) == (kind, charge_point):
                return event


async def test_a_status_reaches_those_who_follow_the_station_and_nobody_else(system: Installation) -> None:
    followed = await registered(system, "SEEN", tokens=["SEEN-TAG"])
    other = await registered(system, "UNSEEN")
    async with (
        following(system) as everything,
        following(system, charge_point=followed) as only,
        following(system, charge_point=other) as apart,
        await RawStation.connect(system, followed) as station,
        await RawStation.connect(system, other) as another,
    ):
        await asyncio.gather(station.boot(), another.boot())
        await station.call("StatusNotification", status("Preparing"))
        for events in (only, everything):
            seen = await next_of(events, "status", followed)
            assert (seen["data"]["connector"], seen["data"]["status"]) == (1, "Preparing")
        await another.call("StatusNotification", status("Faulted"))
        assert (await next_of(apart, "status", other))["data"]["status"] == "Faulted"
        assert (await next_of(everything, "status", other))["data"]["status"] == "Faulted"
        number = (await station.call("StartTransaction", start("SEEN-TAG")))[2]["transactionId"]
        began = await next_of(only, "session.started", followed)
        assert began["data"]["transaction"] == str(number)
        # All that came to the two who follow one station was about that station.
        assert {event["charge_point"] for event in drained(only)} <= {followed}
        assert {event["charge_point"] for event in drained(apart)} <= {other}


def drained(events: asyncio.Queue[dict[str, Any]]) -> list[dict[str, Any]]:
    return [events.get_nowait() for _ in range(events.qsize())]


async def test_who_comes_back_has_missed_nothing_and_sees_the_shown_state(system: Installation) -> None:
    name = await registered(system, "RETURN")
    base = f"http://127.0.0.1:{system.api_port}/api/v1/events"
    headers = {"Authorization": f"Bearer {system.login()}"}
    async with httpx.AsyncClient(timeout=60, trust_env=False, headers=headers) as client:

        async def until_shown(shown: str, last_id: str | None) -> tuple[str, list[str]]:
            """The id of the event that shows a connector so, and the kinds of all that came before it."""
            known = {"Last-Event-ID": last_id} if last_id else {}
            kinds: list[str] = []
            number = ""
            async with (
                asyncio.timeout(60),
                client.stream("GET", base, params={"charge_point": name}, headers=known) as told,
            ):
                following.set()
                async for line in told.aiter_lines():
                    if line.startswith("id: "):
                        number = line.removeprefix("id: ")
                    elif line.startswith("event: "):
                        kinds.append(line.removeprefix("event: "))
                    elif line.startswith("data: ") and f'"shown":"{shown}"' in line:
                        return number, kinds
            raise AssertionError(f"the stream ended after {kinds}")

        following = asyncio.Event()
        first = asyncio.create_task(until_shown("Preparing", None))
        await following.wait()
        async with await RawStation.connect(system, name) as station:
            await station.boot()
            await station.call("StatusNotification", status("Preparing"))
            last_id, _ = await first
            # While nobody reads.
            await station.call("StatusNotification", status("Faulted"))
            await station.call("StatusNotification", status("Available"))
            last_id, kinds = await until_shown("Faulted", last_id)
            assert "gap" not in kinds
            last_id, kinds = await until_shown("Available", last_id)
            assert kinds[-1] == "status"
            assert "gap" not in kinds
        _, kinds = await until_shown("Reconnecting", last_id)
        assert kinds[-1] == "link", "without a connection no connector is what it last said"
