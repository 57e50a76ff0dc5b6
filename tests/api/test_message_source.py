"""The message log over the real stores: ClickHouse (chDB behind its gateway) and pub/sub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest

from api.ports.messages import MessageFilter, MessageRow
from api.sources.clickhouse import ClickHouseReader
from api.sources.messages import ClickHouseMessages, FeedFrames
from engine.clock import SECOND, ManualClock
from engine.projections.frame_feed import PREFIX, channel_of
from engine.stores.analytics.client import ClickHouse
from engine.stores.analytics.migrations import migrate
from engine.stores.pubsub import MemoryPubSub
from tests.actors.chdb_gateway.process import GatewayProcess

START = 1_767_225_600 * SECOND


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("chdb")).start()
    yield process
    assert process.end() == 0


@pytest.fixture
async def analytics(gateway: GatewayProcess) -> AsyncIterator[ClickHouse]:
    store = ClickHouse(gateway.url)
    await migrate(store, message_log_days=3650)
    yield store
    await store.aclose()


def message(number: int, **changes: Any) -> list[Any]:
    fields: dict[str, Any] = {"charge_point": "CP-1", "connection": 1, "received": START + number * SECOND}
    fields |= {"direction": "in", "type": 2, "action": "Heartbeat", "message_id": f"m{number}", "raw": "[2]"}
    fields |= {"answer": "[3]", "deviations": [], "latency": 1500}
    return list((fields | changes).values())


async def test_messages_are_found_newest_first_by_every_filter(gateway: GatewayProcess, analytics: ClickHouse) -> None:
    rows = [
        message(1),
        message(2, charge_point="CP-2", deviations=["no_zone", "broken_json"]),
        message(3, direction="out", action="Reset", answer=None, latency=None),
        message(4, type=4, action="Reset", message_id="m3", raw='[4,"m3","InternalError","",{}]', answer=None),
        message(5, answer='[4,"m5","NotSupported","",{}]', deviations=["no_zone"]),
        message(6, type=0, action="", message_id=""),
    ]
    rows += [message(7, message_id=f"twin{n}") for n in range(4)]
    await analytics.execute("INSERT INTO projection_intents (sink, version) SELECT 'analytics', 9")
    line = b"[2,7,0,9,%b]" % orjson.dumps(rows)
    await analytics.insert("ocpp_messages_landing", line, query_id="messages")
    reader = ClickHouseReader(gateway.url)
    log = ClickHouseMessages(reader, ManualClock(START + 60 * SECOND))

    async def found(limit: int = 100, after: Any = None, **wanted: Any) -> list[int]:
        return [row.place[2] for row in await log.messages(MessageFilter(**wanted), after=after, limit=limit)]

    assert await found() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert await found(charge_point="CP-2") == [1]
    assert await found(action="Reset") == [3, 2]
    assert await found(direction="out") == [2]
    assert await found(message_id="m3") == [3, 2]
    assert await found(deviating=True) == [4, 1]
    assert await found(errors=True) == [5, 4, 3]
    assert await found(since=START + 2 * SECOND, until=START + 4 * SECOND) == [2, 1]
    assert await found(charge_point="CP-1", until=START + 2 * SECOND) == [0]
    first = await log.messages(MessageFilter(), after=None, limit=2)
    assert await found(limit=3, after=(first[-1].received, first[-1].place)) == [7, 6, 5]
    assert await found(charge_point="CP-1", limit=2, after=(first[-1].received, first[-1].place)) == [7, 6]
    (refused,) = await log.messages(MessageFilter(message_id="m5"), after=None, limit=5)
    assert refused == MessageRow(
        "CP-1", 1, START + 5 * SECOND, "in", 2, "Heartbeat", "m5", "[2]", '[4,"m5","NotSupported","",{}]',
        ("no_zone",), 1500, "NotSupported", (2, 7, 4),
    )  # fmt: skip
    (called,) = await log.messages(MessageFilter(direction="out"), after=None, limit=5)
    assert (called.answer, called.latency_us, called.error) == (None, None, "")
    sums = [(each.name, each.messages, each.charge_points) for each in await log.deviations(START)]
    assert sums == [("no_zone", 2, 2), ("broken_json", 1, 1)]
    assert await log.deviations(START + 3600 * SECOND) == []
    # Later than the last window: what is old is found by looking further and further back.
    log = ClickHouseMessages(reader, ManualClock(START + 30 * 86_400 * SECOND))
    assert await found(limit=3) == [9, 8, 7]
    await reader.aclose()


async def test_frames_come_live_with_readable_times() -> None:
    bus = MemoryPubSub()
    frames = FeedFrames(bus, "CP-1").events()
    # What was said before somebody listened is not known.
    assert (await anext(frames)).kind == "gap"
    first = asyncio.ensure_future(anext(frames))
    while not await bus.listened(PREFIX):  # noqa: ASYNC110
        await asyncio.sleep(0)
    told = {"direction": "in", "type": 2, "at": START, "action": "Heartbeat", "frame": "[2]"}
    await bus.publish(channel_of("CP-1"), [b"no json", orjson.dumps(told)])
    event = await asyncio.wait_for(first, 5)
    assert (event.id, event.charge_point, event.kind) == ("1", "CP-1", "frame")
    assert orjson.loads(event.data) == told | {
        "charge_point": "CP-1",
        "type": "call",
        "at": "2026-01-01T00:00:00.000Z",
    }
    await frames.aclose()
