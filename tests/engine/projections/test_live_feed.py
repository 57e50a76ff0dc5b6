"""The live feed: what a listener hears, over a real Valkey and over the in-memory twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from engine.errors import StoreUnavailable
from engine.journal.memory import MemoryJournal
from engine.projections.live_feed import CHANNEL, LiveFeed
from engine.stores.pubsub import MemoryPubSub, PubSub, RedisPubSub
from tests.engine.journal.valkey import Valkey, until
from tests.engine.projections.events import T0, booted, changed, command, entry, linked, started, status, stopped
from tests.engine.projections.test_runner import Host


@pytest_asyncio.fixture(params=["redis", "memory"])
async def bus(request: pytest.FixtureRequest, valkey: Valkey) -> AsyncIterator[PubSub]:
    made: PubSub = MemoryPubSub() if request.param == "memory" else RedisPubSub.from_url(valkey.url)
    yield made
    await made.aclose()


def meter(session: str, power: str, charge_point: str = "CP-1") -> list[Any]:
    sample = ["Power.Active.Import", "L1", "Outlet", "Sample.Periodic", "Raw", "kW", power, f"{power}000", "W"]
    return [charge_point, 1, 1, session, "t", "2026-01-01T00:00:00Z", T0, T0 + 5, [sample]]


async def heard(messages: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        return [orjson.loads(await anext(messages)) for _ in range(count)]


async def test_every_change_is_told_in_order(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    said = [linked(), booted(), started("s"), changed("s"), stopped("s"), command("c", "sent"), status("Charging")]
    async with bus.listen(CHANNEL) as messages:
        await feed.open(1)
        await feed.apply([entry(1, said)])
        told = await heard(messages, 8)
    kinds = ["gap", "link", "boot", "session.started", "session.changed", "session.stopped", "command", "status"]
    assert [message["type"] for message in told] == kinds
    assert told[3]["charge_point"] == "CP-1"
    assert told[3]["at"] == T0 + 1
    assert told[3]["data"]["id_token"] == "CARD"
    assert not {"kind", "version", "charge_point", "received"} & told[3]["data"].keys()


async def test_meter_values_are_told_once_a_second_and_the_newest_ones(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    loop = asyncio.get_running_loop()
    async with bus.listen(CHANNEL) as messages:
        begin = loop.time()
        for number in range(1, 21):
            rows = orjson.dumps([meter("a", str(number)), meter("", str(number), "CP-2")])
            await feed.apply([entry(number, [], m=rows)])
        told = await heard(messages, 4)
        took = loop.time() - begin
    powers = [(one["charge_point"], one["data"]["values"][0]["value"]) for one in told]
    assert sorted(powers) == [("CP-1", "1000"), ("CP-1", "20000"), ("CP-2", "1000"), ("CP-2", "20000")]
    assert took >= 0.9
    value = {"measurand": "Power.Active.Import", "phase": "L1", "location": "Outlet", "value": "1000", "unit": "W"}
    assert told[0]["data"]["values"] == [value]
    await feed.aclose()


async def test_meter_values_are_not_even_parsed_while_nobody_listens(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    await feed.apply([entry(1, [linked()]), entry(2, [], m=b"not even parsed")])
    assert (feed.published, feed.unreadable) == (1, 0), "the change of the link goes out in any case"


async def test_the_feed_begins_at_the_head() -> None:
    journal = MemoryJournal(2)
    await Host(journal).write(9)
    assert await LiveFeed(journal, MemoryPubSub()).open(2) == await journal.heads()


async def test_what_is_no_record_of_ours_is_counted_and_left_out(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    good = entry(1, [linked()]).channels["e"][1:-1]
    async with bus.listen(CHANNEL) as messages:
        broken = entry(1, [], e=b'[17,"x",{"kind":"link","version":1},' + good + b"]", c=b"{", m=b'[[1],17,"x"]')
        await feed.apply([broken])
        assert (await heard(messages, 1))[0]["type"] == "link"
    assert feed.unreadable == 7


async def test_a_listener_hears_of_a_server_that_went_away() -> None:
    away = RedisPubSub.from_url("unix:///nowhere/valkey.sock")
    with pytest.raises(StoreUnavailable):
        await away.publish("x", [b"y"])
    with pytest.raises(StoreUnavailable):
        await away.listeners("x")
    with pytest.raises(StoreUnavailable):
        async with away.listen("x"):
            pass
    await away.aclose()


async def test_listeners_are_counted_while_they_listen(bus: PubSub) -> None:
    async with bus.listen("here"):
        assert (await bus.listeners("here"), await bus.listeners("there")) == (1, 0)

    async def gone() -> bool:
        return await bus.listeners("here") == 0

    await until(gone)
