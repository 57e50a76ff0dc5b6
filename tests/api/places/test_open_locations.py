"""What anybody finds who has not logged in: the same stations, and what charging there costs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Facade
from tests.api.places.test_locations import API, CENTRE, driver, says
from tests.api.test_tariffs import MALL

__all__ = ["driver"]
NIGHT = {
    "components": [{"dimension": "ENERGY", "price": "9"}],
    "restrictions": {"start_time": "22:00", "end_time": "06:00"},
}


@pytest.fixture
async def anybody(facade: Facade, driver: httpx.AsyncClient) -> Any:
    async with facade.client() as client:
        yield client


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get(f"{API}/open/locations", params=params)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_anybody_finds_what_drivers_find(anybody: httpx.AsyncClient, facade: Facade) -> None:
    assert await found(anybody, **CENTRE) == ["other", "near"], "of all networks"
    assert await found(anybody, **CENTRE, radius_m=20_000, type="IEC_62196_T2") == ["other", "far"]
    assert await found(anybody, **CENTRE, free=True) == []
    facade.fleet.views["N-1"] = says("N-1", (1, 1, "Available"))
    assert await found(anybody, **CENTRE, free=True) == ["near"]


async def test_a_search_finds_each_word_in_name_or_address(anybody: httpx.AsyncClient, facade: Facade) -> None:
    await facade.ports.business.stations.change("far", {"street": "Ballari Road 77", "city": "Bengaluru"})
    assert await found(anybody, q="FAR") == ["far"]
    assert await found(anybody, q="bengaluru ballari") == ["far"]
    assert await found(anybody, q="ballari delhi") == []
    assert await found(anybody, q="100%") == [], "signs of LIKE are letters like others"
    assert await found(anybody, q="hidden") == await found(anybody, q="planned") == []
    answer = (await anybody.get(f"{API}/open/locations", params=CENTRE | {"q": "far"})).json()
    assert 8_000 < answer["items"][0]["distance_m"] < 10_000


async def test_a_connector_says_what_it_costs_now(
    anybody: httpx.AsyncClient, admin: httpx.AsyncClient, facade: Facade
) -> None:
    free = (await anybody.get(f"{API}/open/locations/near")).json()["connectors"][0]
    assert free["tariff"] is None
    tariff = {"name": "Mall", "content": MALL | {"elements": [NIGHT, *MALL["elements"]]}, "publish": {}}
    made = await admin.post(f"{API}/tariffs", json=tariff)
    await admin.post(f"{API}/tariff-assignments", json={"tariff": made.json()["id"]})
    # The clock of the tests stands at midnight UTC, 05:30 in the station's zone.
    told = (await anybody.get(f"{API}/open/locations/near")).json()["connectors"][0]["tariff"]
    assert told["price"]["energy"] == "9"
    assert told["price"]["varies"] is True
    assert (told["price"]["idle"], told["price"]["idle_grace_s"]) == ("3", 300)
    assert told["example"] == {"kwh": "20", "minutes": 20, "amount": "180.00"}


async def test_a_code_leads_to_its_station_with_the_other_connectors(anybody: httpx.AsyncClient) -> None:
    near = (await anybody.get(f"{API}/open/locations/near")).json()
    told = await anybody.get(f"{API}/open/connectors/{near['connectors'][1]['code'].lower()}")
    assert told.json()["id"] == "near"
    assert len(told.json()["connectors"]) == 2
    assert (await anybody.get(f"{API}/open/connectors/AAAAAAAAAA")).status_code == 404
