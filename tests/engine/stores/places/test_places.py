"""Networks, stations, connectors and locations in both databases: what the API tests see in one of them only."""

from __future__ import annotations

import asyncio

import pytest

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import ManualClock
from engine.errors import Changed, Conflict, NotFound
from engine.places.geography import Box, box_around
from engine.stores.business import open_business
from engine.stores.changes import ALL, NETWORK, STATION
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Wanted
from engine.stores.places.locations import Sought
from engine.stores.places.networks import Network
from engine.stores.places.stations import Station, WhichStations
from engine.stores.registration import NewChargePoint
from engine.stores.registry import Which
from engine.stores.sql.engine import Database
from tests.engine.stores.doors import Noted

ACME = Scope(frozenset({"acme"}))
TYPE_2 = {"type": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}


async def test_a_network_is_set_up_found_changed_and_ended(database: Database) -> None:
    feed = Noted()
    business = open_business(database, feed, InstallationKey(bytes(32)), clock=ManualClock())
    await business.networks.create(Network("acme", "Acme", time_zone="Asia/Kolkata"), scope=EVERYWHERE)
    for number, city in enumerate(("Kochi", "Pune", "Pune")):
        station = Station(
            f"s{number}",
            "acme",
            f"Station {number}",
            city=city,
            latitude=10.0 + number,
            longitude=179.99,
            tags=["a", city],
        )
        await business.stations.create(station, scope=ACME)
    with pytest.raises(Conflict):
        await business.stations.create(Station("s0", "acme", "Again"), scope=ACME)
    page = await business.stations.page(WhichStations(tags=("pune", "a")), Wanted("-city"), scope=ACME)
    assert [row.id for row in page.items] == ["s2", "s1"]
    assert [row.id for row in (await business.stations.page(WhichStations("STATION 1", city="pune"))).items] == ["s1"]
    news = [NewChargePoint(f"CP-{n}", station_id="s0", tags=("x",), commissioning="planned") for n in range(3)]
    await business.charge_points.create_many(news, scope=ACME)
    assert [row.id for row in (await business.charge_points.page(Which("cp", tags=("X",)), scope=ACME)).items] == [
        "CP-0",
        "CP-1",
        "CP-2",
    ]
    row = await business.connectors.put("cp-1", 1, 1, TYPE_2 | {"max_voltage_v": 230, "max_amperage_a": 32}, scope=ACME)
    assert (await business.connectors.by_code(row.code)).connector.power_w == 22_080
    sought = Sought(types=("IEC_62196_T2",), min_power_w=22_000)
    box = box_around(10.0, -179.99, 10_000)
    assert await business.locations.within(box, sought, scope=ACME) == [], "it is planned"
    for state in ("commissioning", "live"):
        await business.charge_points.change("CP-1", {"commissioning": state}, scope=ACME)
    assert [each.id for each in await business.locations.within(box, sought, scope=ACME)] == ["s0"]
    assert await business.locations.within(Box(9, 0, 11, 10), sought, scope=ACME) == []
    second, first = await business.locations.locations(["s1", "s0"], scope=ACME)
    assert (first.station.id, first.operator, first.zone, len(first.connectors)) == ("s0", "Acme", "Asia/Kolkata", 1)
    assert (second.station.id, second.connectors) == ("s1", [])
    assert (await business.locations.by_code(row.code, scope=ACME)).connectors == [row]
    assert {change.kind for change in feed.changes} >= {NETWORK, STATION}
    assert ALL not in {change.key for change in feed.changes}


async def test_of_two_who_change_at_once_one_is_told(database: Database) -> None:
    business = open_business(database, Noted(), InstallationKey(bytes(32)), clock=ManualClock())
    await business.charge_points.create(NewChargePoint("CP-1"))
    await business.connectors.put("CP-1", 1, 1, TYPE_2)
    for change in (
        lambda: business.networks.change("default", {"name": "x"}, version=1),
        lambda: business.stations.change("default", {"name": "x"}, version=1),
        lambda: business.charge_points.change("CP-1", {"name": "x"}, version=1),
        lambda: business.connectors.put("CP-1", 1, 1, TYPE_2, version=1),
    ):
        outcomes = await asyncio.gather(*(change() for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(outcome, Changed) for outcome in outcomes) == 2, outcomes
    with pytest.raises(NotFound):
        await business.connectors.put("CP-1", 1, 1, TYPE_2, scope=ACME)
