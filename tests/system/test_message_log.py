"""The message log through every door: searched over REST, live for one charge point, with its deviations."""

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
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system


@asynccontextmanager
async def watching(system: Installation, charge_point: str) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """A watcher of the charge point's frames, once the stream has said that it has begun."""
    url = f"http://127.0.0.1:{system.api_port}/api/v1/charge-points/{charge_point}/messages/live"
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {await asyncio.to_thread(system.login)}"}
        async with client.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200
            lines = answer.aiter_lines()
            async for line in lines:
                if line == "event: gap":
                    break

            async def pump() -> None:
                async for line in lines:
                    if line.startswith("data: ") and "frame" in line:
                        frames.put_nowait(json.loads(line.removeprefix("data: ")))

            pumping = asyncio.create_task(pump())
            try:
                yield frames
            finally:
                pumping.cancel()
                await asyncio.gather(pumping, return_exceptions=True)


async def talk(system: Installation, station: RawStation, identity: str) -> str:
    """A boot, a time without a zone, nonsense, and a command. Returns the command's message id."""
    await station.boot()
    odd = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": "2026-01-01T00:00:00"}
    await station.call("StatusNotification", odd)
    assert (await station.call("Nonsense", {}))[0] == 4
    asking = asyncio.create_task(asyncio.to_thread(system.command, identity, "ClearCache", {}))
    call = await station.next_call()
    await station.answer(call[1], {"status": "Accepted"})
    assert (await asking)["outcome"] == "Accepted"
    return str(call[1])


async def test_every_frame_is_seen_live_and_found_again(system: Installation) -> None:
    identity = await registered(system, "LOGGED")
    other = await registered(system, "UNWATCHED")
    async with (
        watching(system, identity) as frames,
        await RawStation.connect(system, identity) as station,
        await RawStation.connect(system, other) as another,
    ):
        await another.boot()
        own_id = await talk(system, station, identity)
        async with asyncio.timeout(20):
            seen = [await frames.get() for _ in range(8)]
        assert [(f["direction"], f["type"], f["action"]) for f in seen] == [
            ("in", "call", "BootNotification"),
            ("out", "call_result", "BootNotification"),
            ("in", "call", "StatusNotification"),
            ("out", "call_result", "StatusNotification"),
            ("in", "call", "Nonsense"),
            ("out", "call_error", "Nonsense"),
            ("out", "call", "ClearCache"),
            ("in", "call_result", "ClearCache"),
        ]
        assert {f["charge_point"] for f in seen} == {identity}
        assert seen[2]["deviations"] == ["no_zone"]
        assert seen[7]["message_id"] == own_id
        assert 0 < seen[7]["latency_us"] < 20_000_000
        assert frames.empty()

    path = f"/charge-points/{identity}/messages"
    items = await eventually(
        lambda: found if len(found := system.get(path)["items"]) == 5 else None, "all five rows in the log"
    )
    assert [(item["direction"], item["type"], item["action"]) for item in items] == [
        ("in", "call_result", "ClearCache"),
        ("out", "call", "ClearCache"),
        ("in", "call", "Nonsense"),
        ("in", "call", "StatusNotification"),
        ("in", "call", "BootNotification"),
    ]
    assert json.loads(items[-1]["answer"])[2]["status"] == "Accepted"
    assert 0 < items[-1]["latency_ms"] < 20_000
    await asyncio.to_thread(search, system, identity, own_id)


def search(system: Installation, identity: str, own_id: str) -> None:
    """Each filter finds what it should, page by page."""

    def actions(**query: Any) -> list[str]:
        items = system.get("/messages", params={"charge_point": identity} | query)["items"]
        return [item["action"] for item in items]

    assert actions(errors=True) == ["Nonsense"]
    assert actions(deviating=True) == ["StatusNotification"]
    assert actions(direction="out") == ["ClearCache"]
    assert actions(action="BootNotification") == ["BootNotification"]
    assert [item["type"] for item in system.get("/messages", params={"message_id": own_id})["items"]] == [
        "call_result",
        "call",
    ]
    first = system.get("/messages", params={"charge_point": identity, "limit": 3})
    second = system.get("/messages", params={"charge_point": identity, "limit": 3, "cursor": first["next"]})
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5
    assert second["next"] is None
    (counted,) = system.get(f"/charge-points/{identity}/deviations")["deviations"]
    assert (counted["name"], counted["count"]) == ("no_zone", 1)
    assert counted["meaning"]
    fleet = {each["name"]: each for each in system.get("/deviations")["deviations"]}
    assert fleet["no_zone"]["charge_points"] >= 1
