"""The demonstration's stations: made once, and what an operator changed stays."""

from __future__ import annotations

from api.demo_books import bill, price
from api.demo_places import STATIONS, describe
from engine.access.scope import EVERYWHERE
from engine.stores.listing import Wanted
from engine.stores.registration import NewChargePoint
from engine.stores.tariffs.catalogue import WhichTariffs
from tests.api.conftest import Facade


async def test_demo_chargers_stand_at_described_stations_and_stay_where_an_operator_moves_them(facade: Facade) -> None:
    business = facade.ports.business
    names = [f"DEMO-{number:03d}" for number in range(1, 5)]
    await business.charge_points.create_many([NewChargePoint(name) for name in names])
    await describe(business.stations, business.charge_points, business.connectors, names)
    assert [business.places.place(name).station for name in names] == [  # type: ignore[union-attr]
        "demo-city-mall",
        "demo-motorway",
        "demo-old-town",
        "demo-city-mall",
    ]
    codes = {name: found[0].code for name, found in (await business.connectors.of(names)).items()}
    await business.charge_points.change(names[0], {"station_id": STATIONS[1].id})
    await business.stations.change(STATIONS[0].id, {"name": "Renamed"})
    await describe(business.stations, business.charge_points, business.connectors, names)
    assert (await business.charge_points.get(names[0])).station_id == STATIONS[1].id
    assert (await business.stations.get(STATIONS[0].id)).name == "Renamed"
    assert {name: found[0].code for name, found in (await business.connectors.of(names)).items()} == codes


async def test_the_demo_gets_one_tariff_and_one_issuer_and_an_operators_own_stay(facade: Facade) -> None:
    business = facade.ports.business
    for _ in range(2):
        await price(business.database, business.feed)
        await bill(business.database)
    (tariff,) = (await business.tariffs.page(WhichTariffs(), Wanted())).items
    (issuer,) = (await business.billing.issuers.issuers(EVERYWHERE, Wanted())).items
    assert tariff.currency == issuer.profile.currency == "INR"
    assert {(station.country, station.region) for station in STATIONS} == {("IN", issuer.profile.region)}
