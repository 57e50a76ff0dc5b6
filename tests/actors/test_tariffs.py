"""A host prices by what its book holds at the moment, and keeps a session's tariff and course for the next one."""

from __future__ import annotations

from decimal import Decimal

from engine.clock import ManualClock
from engine.stores.changes import TARIFF, Change
from engine.stores.tariffs.book import TariffBook
from engine.tariffs.flat import price_per_kwh
from engine.tariffs.held import Assignment, InForce
from tests.actors.world import BOOT, Place, StationIn, until
from tests.engine.tariffs.places import OneSite

START = {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": "2026-01-01T00:00:00Z"}
OCCUPIED = {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": "2026-01-01T00:00:01Z"}


class Source:
    """What SQL says."""

    def __init__(self) -> None:
        self.assignments: list[Assignment] = []
        self.versions: list[InForce] = []

    async def read(self) -> tuple[list[Assignment], list[InForce]]:
        return self.assignments, self.versions


async def test_a_tariff_counts_for_the_next_start_and_its_course_outlives_the_host(place: Place) -> None:
    source, clock = Source(), ManualClock()
    book = TariffBook(source, OneSite("CP-1"))
    runtime = await place.runtime(clock=clock, tariffs=book)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    source.assignments = [Assignment("a", "price-per-kwh", "net", 0)]
    source.versions = [InForce(price_per_kwh(Decimal(18), "INR"), 0)]
    book.changed(Change(TARIFF, "price-per-kwh"))
    await book.catch_up()
    answer = await station.call("StartTransaction", START)
    await station.call("StatusNotification", OCCUPIED)
    parts = (await place.journal.snapshots(["CP-1"]))["CP-1"]
    (session,) = [name.removeprefix("s:") for name in parts if name.startswith("s:")]
    assert f"c:{session}" in parts
    again = StationIn(await place.runtime("host-1", clock=clock))
    await again.call("BootNotification", BOOT)
    stop = {"transactionId": answer[2]["transactionId"], "meterStop": 23_000, "timestamp": "2026-01-01T01:00:00Z"}
    await again.call("StopTransaction", stop | {"idTag": "TAG"})
    (settled,) = await place.events("session.settled")
    assert (settled["total"], settled["currency"], settled["tariff"]["id"]) == ("396.00", "INR", "price-per-kwh")
    clock.advance(61)
    again.actor.timer_fired("finalise")
    await until(lambda: not again.actor.sessions, "final")
    await again.call("Heartbeat", {})
    await runtime.committer.flush()

    async def left() -> set[str]:
        return {name[:2] for name in (await place.journal.snapshots(["CP-1"]))["CP-1"]}

    await again.actor.runtime.committer.flush()
    assert not await left() & {"s:", "c:"}
