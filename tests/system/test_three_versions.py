"""The same session, told in each of the three versions, is the same row in the ledger but for its ids."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from engine.clock import SECOND, to_iso
from loadtest.curve import Battery
from loadtest.fleet import Fleet, Plan
from loadtest.habits import Habits
from loadtest.installation import Installation
from loadtest.link import Link, wall
from loadtest.speech import VERSIONS
from loadtest.station import Station, Traits
from loadtest.wire import Address
from tests.system.charge_points import registered
from tests.system.eventually import eventually

pytestmark = pytest.mark.system

TAG = "THREE-TAG"
IDS = ("id", "charge_point", "transaction", "updated", "settled_at")
COLUMNS = (
    "evse, connector, id_token, stop_id_token, authorisation, state, started, stopped, started_said, stopped_said, "
    "meter_start_wh, meter_stop_wh, energy_wh, duration_s, reason, doubts"
)


def station_of(identity: str, version: str) -> Station:
    """A station without periodic readings: the session's steps say them at their own times."""
    station = Station(identity, Traits(version=version, retry_interval_s=1), seed=3)
    station.configuration.assign("MeterValueSampleInterval", "0")
    station.connectors[1].register_wh = 1_234_000.0
    return station


def live(station: Station, begun: int) -> None:
    """One session of half an hour by the station's clock, with a pause in it."""

    def at(seconds: float) -> int:
        return begun + round(seconds * SECOND)

    connector = station.connectors[1]
    station.plug_in(1, at(0))
    connector.battery = Battery(60_000, 0.3, 11_000)
    station.begin(1, TAG, at(5))
    station.report_meters(1, at(305), "Sample.Periodic")
    station.suspend(1, at(605), by_car=True)
    station.resume(1, at(905))
    station.report_meters(1, at(1205), "Sample.Periodic")
    station.stop(1, at(1805), "Local")
    station.unplug(1, at(1865))


class Told:
    """A charge point of one version, its link, and its row in the books."""

    def __init__(self, system: Installation, identity: str, version: str) -> None:
        self.system, self.identity = system, identity
        self.station = station_of(identity, version)
        url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
        self.link = Link(self.station, Address.of(url, identity, "", version=version))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - the link turns on this loop
                await asyncio.sleep(0.02)
        assert condition(), what

    def is_registered(self) -> bool:
        return self.station.online and self.station.registered

    def has_told_all(self) -> bool:
        outbox = self.station.outbox
        return self.is_registered() and not outbox.durable and outbox.under_way is None

    async def connect(self) -> None:
        self.link.start()
        await self.until(self.is_registered, "booted")

    async def told(self) -> None:
        self.link.pump()
        await self.until(self.has_told_all, "all told")

    async def rows(self) -> tuple[dict[str, Any], tuple[Any, ...]]:
        """The session in REST, without ids, and in SQL, once it is settled and no event is missing there any more."""
        found = {"charge_point": self.identity, "state": "stopped"}

        def complete() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = self.system.get("/sessions", params=found)["items"]
            return [item for item in items if item["settled_at"] and "missing_events" not in item["doubts"]]

        (item,) = await eventually(complete, "in the ledger")
        (row,) = self.system.sql(f"SELECT {COLUMNS} FROM sessions WHERE charge_point = '{self.identity}'")
        return {name: value for name, value in item.items() if name not in IDS}, row


async def charge_points(system: Installation, prefix: str, versions: tuple[str, ...]) -> list[Told]:
    return [Told(system, await registered(system, prefix, tokens=[TAG]), version) for version in versions]


async def compare(told: list[Told], begun: int) -> None:
    first, *others = [await each.rows() for each in told]
    for each in others:
        assert each == first
    rest, _ = first
    assert rest["started_at"] == to_iso(begun + 5 * SECOND)
    assert (rest["meter_start_wh"], rest["reason"], rest["id_token"]) == ("1234000", "Local", TAG)
    assert (rest["duration_s"], rest["doubts"]) == (1800, [])
    assert float(rest["energy_wh"]) > 3_000


async def test_the_same_session_live(system: Installation) -> None:
    # A station never gives a time twice: the session's are after those of its boot.
    begun = (wall() // SECOND + 120) * SECOND
    told = await charge_points(system, "THREE", VERSIONS)
    try:
        for each in told:
            await each.connect()
            live(each.station, begun)
            await each.told()
        await compare(told, begun)
    finally:
        for each in told:
            await each.link.stop()


async def test_the_same_session_told_after_an_outage_and_in_any_order(system: Installation) -> None:
    begun = (wall() // SECOND - 3600) * SECOND
    in_order = await charge_points(system, "LATER", VERSIONS)
    mixed = await charge_points(system, "MIXED", ("ocpp2.0.1", "ocpp2.1", "ocpp2.0.1"))
    try:
        for number, each in enumerate(in_order + mixed):
            live(each.station, begun)
            if each in mixed:
                queue = list(each.station.outbox.durable)
                assert all(call.payload["offline"] for call in queue if call.action == "TransactionEvent")
                queue.reverse() if number == len(in_order) else random.Random(number).shuffle(queue)
                each.station.outbox.durable.clear()
                each.station.outbox.durable.extend(queue)
            await each.connect()
            await each.told()
        await compare(in_order + mixed, begun)
    finally:
        for each in in_order + mixed:
            await each.link.stop()


async def test_a_mixed_fleet_is_never_refused(system: Installation) -> None:
    prefix = f"MIX-{wall() % 1_000_000:06d}-"
    plan = Plan(
        f"ws://127.0.0.1:{system.ocpp_port}/ocpp",
        count=9,
        prefix=prefix,
        traits=Traits(connectors=2, meter_interval_s=0.3, speed=600, soc=True, reconnect_min_s=0.1),
        habits=Habits(idle_s=600, session_s=1800, speed=600, first_visit_s=0.5, think_s=0.2, id_tags=(TAG,)),
        versions=VERSIONS,
    )
    await asyncio.to_thread(system.register, plan.identities(), tokens=[TAG])
    fleet = Fleet(plan)
    running = asyncio.create_task(fleet.run())
    try:
        async with asyncio.timeout(60):
            while fleet.statistics.events["session stopped"] < 30:  # noqa: ASYNC110 - the fleet turns on this loop
                await asyncio.sleep(0.1)
        for link in fleet.links.values():
            link.cut()
        async with asyncio.timeout(60):
            while fleet.registered < 9 or fleet.statistics.events["session stopped"] < 45:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        fleet.stop()
        await running
    assert fleet.statistics.errors == {}
    assert {"StartTransaction", "TransactionEvent"} <= fleet.statistics.latencies.keys()
    for identity in plan.identities():
        found = {"charge_point": identity, "state": "stopped"}
        rows = await eventually(lambda found=found: system.get("/sessions", params=found)["items"], "in the ledger")
        assert {(identity, row["transaction"]): row["doubts"] for row in rows if row["doubts"]} == {}
