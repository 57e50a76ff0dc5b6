"""Maps: drivers see what is free, operators the worst that is there, and nobody what lies outside of his networks."""

from __future__ import annotations

from typing import Any

import httpx

from api.live.image import ChargePointImage, ConnectorImage
from tests.api.conftest import Facade, assert_problem
from tests.api.places.test_locations import API, driver

__all__ = ["driver"]
WORLD = {"south": -90, "west": -180, "north": 90, "east": 180}


def tell(facade: Facade, charge_point: str, *statuses: str, link: str = "connected") -> None:
    connectors = [ConnectorImage(1, number, status) for number, status in enumerate(statuses, 1)]
    seen = ChargePointImage(charge_point, link, None, "accepted", connectors=connectors)
    facade.app.state.context.image.put(seen)


async def signs(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}{path}", params=WORLD | {"zoom": 18} | params)
    assert answer.status_code == 200, answer.text
    return {station["id"]: each for each in answer.json()["items"] for station in each["first"]}


async def test_drivers_see_public_stations_by_what_is_free(driver: httpx.AsyncClient, facade: Facade) -> None:
    tell(facade, "N-1", "Available", "Faulted")
    tell(facade, "F-1", "Charging")
    async with facade.client() as anybody:
        seen = await signs(anybody, "/open/map")
        assert {name: each["tone"] for name, each in seen.items()} == {"near": "good", "far": "busy", "other": "off"}
        # One vehicle charges at an EVSE at a time, and its other connector is out of order.
        assert (seen["near"]["free"], seen["near"]["connectors"]) == (1, 2)
        assert set(await signs(anybody, "/open/map", free=True)) == {"near"}
        assert set(await signs(anybody, "/open/map", type="CHADEMO")) == {"near"}
        assert set(await signs(anybody, "/open/map", south=13, north=14)) == {"far"}
        [together] = (await anybody.get(f"{API}/open/map", params=WORLD | {"zoom": 2})).json()["items"]
        assert (together["stations"], together["tone"]) == (3, "good"), "where anything is free it says so"


async def test_operators_see_all_stations_by_the_worst_that_is_there(
    driver: httpx.AsyncClient, admin: httpx.AsyncClient, facade: Facade
) -> None:
    tell(facade, "N-1", "Available", "Faulted")
    tell(facade, "F-1", "Available")
    tell(facade, "A-1", "Available", link="offline")
    seen = await signs(admin, "/map")
    tones = {name: each["tone"] for name, each in seen.items()}
    assert seen["other"] is seen["hidden"], "they are in the very same place"
    assert tones == {"near": "bad", "far": "good", "other": "off", "hidden": "off", "planned": "off"}
    assert set(await signs(admin, "/map", state="Faulted")) == {"near"}
    assert set(await signs(admin, "/map", network="acme")) == {"other"}
    whole = (await admin.get(f"{API}/map", params=WORLD | {"zoom": 2})).json()
    assert (whole["items"][0]["tone"], whole["stations"]) == ("bad", 5)
    async with facade.client(facade.token("support", "acme")) as acme:
        assert set(await signs(acme, "/map")) == {"other"}
    turned = {"south": 10, "north": 5, "west": 0, "east": 1, "zoom": 3}
    assert_problem(await admin.get(f"{API}/map", params=turned), 422, field="south")


async def test_a_new_station_is_on_the_map_within_seconds(
    driver: httpx.AsyncClient, admin: httpx.AsyncClient, facade: Facade
) -> None:
    before = set(await signs(admin, "/map"))
    await admin.post(f"{API}/stations", json={"id": "new", "name": "New", "latitude": 1.0, "longitude": 1.0})
    facade.clock.advance(11)
    assert set(await signs(admin, "/map")) - before == {"new"}
