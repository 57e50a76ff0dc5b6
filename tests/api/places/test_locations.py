"""What a driver finds: public, live, near, of the right kind, and free only where the charger says so itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.access.scope import EVERYWHERE
from engine.places.bulk import plan_of
from engine.places.tables import read_csv
from tests.api.conftest import Facade, assert_problem, view

API = "/api/v1"
CENTRE = {"lat": 12.97, "lon": 77.59}
COLUMNS = (
    "station,station_name,network,latitude,longitude,public,charge_point,commissioning,evse,connector,"
    "connector_type,connector_format,power_type,max_voltage_v,max_amperage_a,max_power_w\n"
)
PLACES = """
near,Near,default,12.971,77.591,true,N-1,live,1,1,IEC_62196_T2_COMBO,CABLE,DC,,,60000
near,Near,default,12.971,77.591,true,N-1,live,1,2,CHADEMO,CABLE,DC,,,50000
near,Near,default,12.971,77.591,true,N-2,planned,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
far,Far,default,13.05,77.6,true,F-1,live,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
hidden,Hidden,default,12.97,77.59,false,H-1,live,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
planned,Planned,default,12.97,77.59,true,P-1,planned,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
nowhere,Nowhere,default,,,true,W-1,live,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
other,Other,acme,12.97,77.59,true,A-1,live,1,1,IEC_62196_T2,SOCKET,AC_3_PHASE,230,32,
"""


def says(charge_point: str, *statuses: tuple[int, int, str], **changes: Any) -> dict[str, Any]:
    told = [
        {"evse": evse, "connector": connector, "status": status, "error": "NoError", "info": "", "since": None}
        | {"power_w": None, "session": None}
        for evse, connector, status in statuses
    ]
    return view(charge_point, connectors=told, **changes)


@pytest.fixture
async def driver(facade: Facade, admin: httpx.AsyncClient) -> Any:
    await admin.post(f"{API}/networks", json={"id": "acme", "name": "Acme", "time_zone": "Asia/Kolkata"})
    told = await facade.ports.business.bulk.write(plan_of(read_csv((COLUMNS + PLACES).encode())), scope=EVERYWHERE)
    assert told.faults == []
    async with facade.client(facade.token("driver")) as client:
        yield client


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get(f"{API}/locations", params=params)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_a_driver_finds_what_is_public_and_live_nearest_first(
    driver: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert await found(driver, **CENTRE) == ["near"]
    assert await found(driver, **CENTRE, radius_m=20_000) == ["near", "far"]
    assert await found(driver, south=12, west=77, north=14, east=78) == ["far", "near"]
    assert await found(driver, **CENTRE, radius_m=20_000, type="IEC_62196_T2") == ["far"]
    assert await found(driver, **CENTRE, radius_m=20_000, min_power_w=22_080) == ["near", "far"]
    assert await found(driver, **CENTRE, radius_m=20_000, min_power_w=22_081) == ["near"]
    assert await found(admin, **CENTRE) == ["other", "near"], "another network's drivers find other stations"
    assert await found(admin, **CENTRE, network="acme") == ["other"]
    answer = (await driver.get(f"{API}/locations", params={**CENTRE, "radius_m": 20_000, "limit": 1})).json()
    assert answer["complete"] is False
    for nothing in ({}, {"lat": 1}, {"south": 2, "west": 0, "north": 1, "east": 1}, {"lat": "nan", "lon": 1}):
        assert_problem(await driver.get(f"{API}/locations", params=nothing), 422)


async def test_nothing_is_free_that_does_not_say_so_itself(facade: Facade, driver: httpx.AsyncClient) -> None:
    async def stands() -> list[str]:
        location = (await driver.get(f"{API}/locations/near")).json()
        assert location["free"] == sum(each["availability"] == "free" for each in location["connectors"])
        assert await found(driver, **CENTRE, free=True) == (["near"] if location["free"] else [])
        return [each["availability"] for each in location["connectors"]]

    assert await stands() == ["unknown", "unknown"], "it never connected"
    for view_of, expected in (
        (says("N-1", (1, 1, "Available"), (1, 2, "Available")), ["free", "free"]),
        (says("N-1", (1, 1, "Available"), (1, 2, "Charging")), ["occupied", "occupied"]),
        (says("N-1", (1, 1, "Available")), ["free", "unknown"]),
        (says("N-1", (1, 1, "Faulted"), (1, 2, "Available")), ["out_of_order", "free"]),
        (says("N-1", (1, 1, "Reserved"), (1, 2, "Unavailable")), ["reserved", "out_of_order"]),
        (says("N-1", (0, 0, "Faulted"), (1, 1, "Available"), (1, 2, "Available")), ["out_of_order", "out_of_order"]),
        (says("N-1", (1, 1, "Available"), (1, 2, "Available"), link="reconnecting"), ["unknown", "unknown"]),
        (says("N-1", (1, 1, "Available"), (1, 2, "Available"), registration="pending"), ["unknown", "unknown"]),
    ):
        facade.fleet.views["N-1"] = view_of
        assert await stands() == expected, view_of
    facade.fleet.views["N-1"] = says("N-1", (1, 1, "Faulted"), (1, 2, "Available"))
    assert await found(driver, **CENTRE, free=True, type="IEC_62196_T2_COMBO") == [], "the free one is of another type"


async def test_the_code_on_a_connector_leads_to_it(facade: Facade, driver: httpx.AsyncClient) -> None:
    (first, second) = (await driver.get(f"{API}/locations/near")).json()["connectors"]
    shown = (await driver.get(f"{API}/connectors/{first['code'].lower()}")).json()
    assert (shown["id"], [each["label"] for each in shown["connectors"]]) == ("near", ["N-1 / 1"])
    assert second["label"] == "N-1 / 1B"
    (planned,) = (await facade.ports.business.connectors.of(["P-1"]))["P-1"]
    assert_problem(await driver.get(f"{API}/connectors/{planned.code}"), 404)
    for station in ("hidden", "planned", "other", "nowhere", "nothing"):
        assert_problem(await driver.get(f"{API}/locations/{station}"), 404)
