"""The message log over REST: searched page by page, live for one charge point, and its deviations."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from api.live.watches import Watches
from api.ports.facade import LiveEvent
from api.ports.messages import MemoryMessages, MessageRow
from engine.clock import SECOND
from engine.errors import Unavailable
from engine.ocpp.deviations import Deviation, meaning_of
from engine.ocpp.quirks import Quirk
from engine.settings import Settings
from tests.api.conftest import Facade, assert_problem, facade_with, view
from tests.api.test_serve import serving, until

T0 = 1_767_225_600 * SECOND


def row(number: int, **changes: Any) -> MessageRow:
    values: dict[str, Any] = {
        "charge_point": "CP-1",
        "connection": 3,
        "received": T0 + number * SECOND,
        "direction": "in",
        "type": 2,
        "action": "Heartbeat",
        "message_id": f"m{number}",
        "raw": f'[2,"m{number}","Heartbeat",{{}}]',
        "answer": f'[3,"m{number}",{{}}]',
        "deviations": (),
        "latency_us": 1500,
        "error": "",
        "place": (1, 7, number),
    }
    return MessageRow(**(values | changes))


@pytest.fixture
def messages(facade: Facade) -> MemoryMessages:
    log = facade.ports.messages
    assert isinstance(log, MemoryMessages)
    log.rows += [
        row(1),
        row(2, charge_point="CP-2", deviations=("no_zone",)),
        row(3, action="Reset", direction="out", answer=None, latency_us=None),
        row(4, action="Reset", type=4, answer=None, error="InternalError", message_id="m3"),
        row(5, type=0, action="", deviations=("broken_json", "no_zone"), answer=None),
    ]
    return log


async def found(admin: httpx.AsyncClient, path: str, **query: Any) -> list[str]:
    answer = await admin.get(f"/api/v1{path}", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"].rpartition("-")[2] for item in answer.json()["items"]]


async def test_messages_are_found_by_what_they_are(messages: MemoryMessages, admin: httpx.AsyncClient) -> None:
    assert await found(admin, "/messages") == ["5", "4", "3", "2", "1"]
    assert await found(admin, "/charge-points/CP-1/messages") == ["5", "4", "3", "1"]
    assert await found(admin, "/messages", charge_point="CP-2") == ["2"]
    assert await found(admin, "/messages", action="Reset") == ["4", "3"]
    assert await found(admin, "/messages", direction="out") == ["3"]
    assert await found(admin, "/messages", message_id="m3") == ["4", "3"]
    assert await found(admin, "/messages", deviating=True) == ["5", "2"]
    assert await found(admin, "/messages", errors=True) == ["5", "4"]
    assert await found(admin, "/messages", since="2026-01-01T00:00:02Z", until="2026-01-01T00:00:04Z") == ["3", "2"]
    (item,) = (await admin.get("/api/v1/messages", params={"message_id": "m1"})).json()["items"]
    assert item == {
        "id": "1-7-1",
        "charge_point": "CP-1",
        "connection": 3,
        "received_at": "2026-01-01T00:00:01.000Z",
        "direction": "in",
        "type": "call",
        "action": "Heartbeat",
        "message_id": "m1",
        "frame": '[2,"m1","Heartbeat",{}]',
        "answer": '[3,"m1",{}]',
        "latency_ms": 1.5,
        "error": None,
        "deviations": [],
    }


async def test_pages_follow_each_other_without_gap_or_repeat(
    messages: MemoryMessages, admin: httpx.AsyncClient
) -> None:
    messages.rows += [row(5, message_id=f"twin-{n}", place=(1, 7, 10 + n)) for n in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await admin.get("/api/v1/messages", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 10
    foreign = await admin.get("/api/v1/messages", params={"cursor": "WzEsImEtYiJd"})
    assert_problem(foreign, 422, field="cursor")


async def test_unknown_charge_points_and_bad_filters_are_refused(admin: httpx.AsyncClient) -> None:
    for path in ("messages", "messages/live", "deviations"):
        assert_problem(await admin.get(f"/api/v1/charge-points/CP-9/{path}"), 404)
    assert_problem(await admin.get("/api/v1/messages?direction=up"), 422, field="direction")


async def test_a_charge_points_deviations_are_counted_and_explained(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views["CP-1"] = view("CP-1", deviations={"no_zone": 3, "unknown_transaction": 12})
    told = (await admin.get("/api/v1/charge-points/CP-1/deviations")).json()
    assert [(each["name"], each["count"]) for each in told["deviations"]] == [
        ("unknown_transaction", 12),
        ("no_zone", 3),
    ]
    assert told["deviations"][1]["meaning"] == Deviation.NO_ZONE.meaning
    assert all(each["meaning"] for each in told["deviations"])
    await facade.registry.add_charge_point("CP-NEW", name="", isolation="shared", password=None)
    assert (await admin.get("/api/v1/charge-points/CP-NEW/deviations")).json()["deviations"] == []


async def test_the_fleets_deviations_are_summed(messages: MemoryMessages, admin: httpx.AsyncClient) -> None:
    told = (await admin.get("/api/v1/deviations", params={"since": "2026-01-01T00:00:00Z"})).json()
    sums = [(each["name"], each["count"], each["charge_points"]) for each in told["deviations"]]
    assert sums == [("no_zone", 2, 2), ("broken_json", 1, 1)]
    assert all(meaning_of(name) for name in ("no_zone", "stale_connection", *Deviation))


async def test_quirks_are_explained(admin: httpx.AsyncClient) -> None:
    told = (await admin.get("/api/v1/quirks")).json()["quirks"]
    assert {each["name"]: each["meaning"] for each in told} == {quirk.value: quirk.meaning for quirk in Quirk}


def event(number: int) -> LiveEvent:
    return LiveEvent(str(number), "CP-1", "frame", b'{"message_id":"m%d"}' % number)


async def test_a_watcher_sees_each_frame_and_leaves_no_trace(facade: Facade) -> None:
    watches: Watches = facade.app.state.context.watches
    async with serving(facade) as served:
        url = f"http://127.0.0.1:{served.port}/api/v1/charge-points/CP-1/messages/live"
        headers = {"Authorization": f"Bearer {facade.token()}"}
        assert len(watches) == 0
        async with (
            httpx.AsyncClient(timeout=10) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            feed: Any = facade.ports.frames("CP-1")
            await until(lambda: feed.readers == 1)
            feed.publish(event(1))
            feed.publish(event(2))
            seen: list[str] = []
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and "message_id" in line:
                    seen.append(orjson.loads(line.removeprefix("data: "))["message_id"])
                if len(seen) == 2:
                    break
            assert seen == ["m1", "m2"]
        await until(lambda: feed.readers == 0 and len(watches) == 0)


async def test_watchers_are_bounded_and_end_with_the_facade(facade: Facade) -> None:
    watches: Watches = facade.app.state.context.watches
    followed = [watches.follow(f"CP-{n}") for n in range(100)]
    with pytest.raises(Unavailable):
        watches.follow("CP-ONE-MORE")
    await watches.stop()
    assert all(follower.ended.is_set() for _, follower in followed)
    with pytest.raises(Unavailable):
        watches.follow("CP-1")


async def test_without_a_message_log_there_is_nothing_to_watch() -> None:
    facade = facade_with(Settings(message_log=False))
    await facade.registry.add_charge_point("CP-1", name="", isolation="shared", password=None)
    async with facade.client(facade.token()) as client:
        answer = await asyncio.wait_for(client.get("/api/v1/charge-points/CP-1/messages/live"), 5)
    assert_problem(answer, 409, remedy="Start Raycharge with RAYCHARGE_MESSAGE_LOG=true.")
