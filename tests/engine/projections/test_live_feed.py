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
from engine.projections import frame_feed
from engine.projections.frame_feed import channel_of
from engine.projections.live_feed import CHANNEL, METERS_WANTED, LiveFeed
from engine.stores.changes import LIVE_CHANNEL, Change, LiveChange, PubSubChangeFeed
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
    """The next changes; those of one message come together."""
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while len(told) < count:
            told += [orjson.loads(line) for line in (await anext(messages)).split(b"\n")]
    assert len(told) == count
    return told


async def test_every_change_is_told_in_order(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    said = [linked(), booted(), started("s"), changed("s"), stopped("s"), command("c", "sent"), status("Charging")]
    async with bus.listen(CHANNEL) as messages:
        await feed.open(1)
        await feed.apply([entry(1, said)])
        told = await heard(messages, 8)
    kinds = ["gap", "link", "boot", "session.started", "session.changed", "session.stopped", "command", "status"]
    assert [message["type"] for message in told] == kinds
    incarnation = told[0]["id"].partition("-")[0]
    assert [message["id"] for message in told] == [f"{incarnation}-{number}" for number in range(1, 9)]
    assert told[3]["charge_point"] == "CP-1"
    assert told[3]["at"] == T0 + 1
    assert told[3]["data"]["id_token"] == "CARD"
    assert not {"kind", "version", "charge_point", "received"} & told[3]["data"].keys()
    await feed.aclose()


async def test_meter_values_are_told_once_a_second_and_the_newest_ones(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    loop = asyncio.get_running_loop()
    async with bus.listen(CHANNEL) as messages, bus.listen(METERS_WANTED):
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
    assert (told[0]["data"]["power_w"], told[0]["data"]["register_wh"]) == ("1000", None)
    await feed.aclose()


async def test_meter_values_are_not_even_parsed_while_nobody_wants_them(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(CHANNEL):
        await feed.apply([entry(1, [linked()]), entry(2, [], m=b"not even parsed")])
    assert (feed.published, feed.unreadable) == (1, 0), "the change of the link goes out in any case"


async def test_another_incarnation_begins_with_every_gap(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(CHANNEL) as messages:
        await feed.open(1)
        await feed.apply([entry(1, [linked()])])
        await feed.open(1)
        told = await heard(messages, 3)
    await feed.aclose()
    (first, one), (same, two), (other, again) = (message["id"].split("-") for message in told)
    assert (one, two, again) == ("1", "2", "1")
    assert first == same != other


async def test_what_others_tell_is_passed_on_with_a_number_of_the_feed(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(CHANNEL) as messages, asyncio.timeout(20):
        await feed.open(1)
        await until(lambda: bus.listeners(LIVE_CHANNEL))
        alert = LiveChange("alert", "a1", "CP-1", T0, {"state": "open"})
        await PubSubChangeFeed(bus).announce([Change("token", "t"), alert])
        gap, told = await heard(messages, 2)
    await feed.aclose()
    assert told.pop("id").split("-") == [gap["id"].split("-")[0], "2"]
    assert told == {"type": "alert", "charge_point": "CP-1", "at": T0, "data": {"state": "open"}}


async def test_many_changes_are_few_messages(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(CHANNEL) as messages:
        await feed.apply([entry(1, [status("Charging")] * 1000)])
        sizes = [len(await anext(messages)) for _ in range(2)]
    assert all(50_000 < size <= 65_600 for size in sizes)


def said(charge_point: str, message_id: str, answer: str | None = '[3,"1",{}]') -> list[Any]:
    raw = f'[2,"{message_id}","Heartbeat",{{}}]'
    return [charge_point, 1, T0, "in", 2, "Heartbeat", message_id, raw, answer, ["no_zone"], 1500]


async def test_the_frames_of_a_watched_charge_point_are_told_one_by_one(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(channel_of("CP-1")) as messages:
        rows = [said("CP-10", "0"), said("CP-1", "1"), said("CP-1", "2", '[4,"2","NotSupported","",{}]'), ["CP-1"]]
        result = ["CP-1", 1, T0 + 9, "in", 3, "Reset", "3", '[3,"3",{}]', None, [], 7000]
        await feed.apply([entry(1, [], o=orjson.dumps([*rows, result])), entry(2, [], o=b"[broken")])
        told = await heard(messages, 5)
    seen = [(f["direction"], f["type"], f["message_id"], f["at"] - T0, f["latency_us"]) for f in told]
    assert seen == [
        ("in", 2, "1", 0, None),
        ("out", 3, "1", 1500, 1500),
        ("in", 2, "2", 0, None),
        ("out", 4, "2", 1500, 1500),
        ("in", 3, "3", 9, 7000),
    ]
    assert feed.published == 5, "nothing of others, and nothing of what is no row"
    assert (told[0]["frame"], told[1]["frame"]) == ('[2,"1","Heartbeat",{}]', '[3,"1",{}]')
    assert (told[0]["deviations"], told[1]["deviations"]) == (["no_zone"], [])


async def test_frames_that_nobody_watches_are_not_even_parsed(bus: PubSub, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    monkeypatch.setattr(frame_feed, "orjson", Spy(parsed))
    feed = LiveFeed(MemoryJournal(1), bus)
    rows = orjson.dumps([said("CP-1", "1")])
    await feed.apply([entry(1, [], o=rows)])
    assert parsed == []
    feed = LiveFeed(MemoryJournal(1), bus)
    async with bus.listen(channel_of("CP-2")):
        await feed.apply([entry(2, [], o=rows)])
        assert parsed == [], "somebody watches another charge point"
        assert await bus.listened(frame_feed.PREFIX) == {channel_of("CP-2")}


class Spy:
    """orjson, and a list of what was parsed."""

    dumps = staticmethod(orjson.dumps)

    def __init__(self, parsed: list[object]) -> None:
        self._parsed = parsed

    def loads(self, data: bytes) -> Any:
        self._parsed.append(data)
        return orjson.loads(data)


async def test_the_feed_begins_at_the_head() -> None:
    journal = MemoryJournal(2)
    await Host(journal).write(9)
    assert await LiveFeed(journal, MemoryPubSub()).open(2) == await journal.heads()


async def test_what_is_no_record_of_ours_is_counted_and_left_out(bus: PubSub) -> None:
    feed = LiveFeed(MemoryJournal(1), bus)
    good = entry(1, [linked()]).channels["e"][1:-1]
    async with bus.listen(CHANNEL) as messages, bus.listen(METERS_WANTED):
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
