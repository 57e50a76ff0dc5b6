"""What is free near a point, as drivers are told: from memory, and in the same words as elsewhere."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.live.filling import image_of
from tests.api.conftest import Facade, assert_problem
from tests.api.places.test_locations import API, CENTRE, driver, says

__all__ = ["driver"]


async def near(client: httpx.AsyncClient, **params: Any) -> list[tuple[str, list[str]]]:
    answer = await client.get(f"{API}/availability", params=CENTRE | params)
    assert answer.status_code == 200, answer.text
    return [(each["id"], [one["availability"] for one in each["connectors"]]) for each in answer.json()["items"]]


async def test_a_driver_finds_what_fits_nearest_first(
    facade: Facade, driver: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert await near(driver) == [("near", ["unknown", "unknown"])]
    assert [each for each, _ in await near(driver, radius_m=20_000)] == ["near", "far"]
    assert await near(driver, radius_m=20_000, type="CHADEMO") == [("near", ["unknown"])]
    assert [each for each, _ in await near(driver, radius_m=20_000, min_power_w=22_081)] == ["near"]
    assert [each for each, _ in await near(admin)] == ["other", "near"], "another network's drivers find others"
    assert [each for each, _ in await near(admin, network="acme")] == ["other"]
    answer = (await driver.get(f"{API}/availability", params=CENTRE | {"radius_m": 20_000, "limit": 1})).json()
    assert (answer["complete"], len(answer["items"])) == (False, 1)
    assert 150 < answer["items"][0]["distance_m"] < 160
    for wrong in ({"lat": 91}, {"lon": "nan"}, {"radius_m": 0}, {"min_power_w": -1}, {"limit": 0}):
        assert_problem(await driver.get(f"{API}/availability", params=CENTRE | wrong), 422)


@pytest.mark.parametrize("told", ["Available", "Charging", "Reserved", "Unavailable", "Faulted"])
async def test_it_says_the_same_as_the_station_does(facade: Facade, driver: httpx.AsyncClient, told: str) -> None:
    for link in ("connected", "reconnecting", "offline"):
        view = says("N-1", (1, 1, told), (1, 2, "Available"), link=link)
        facade.fleet.views["N-1"] = view
        facade.app.state.context.image.put(image_of(view))
        ((_, stands),) = await near(driver)
        shown = (await driver.get(f"{API}/locations/near")).json()
        assert stands == [each["availability"] for each in shown["connectors"]]
        free = await near(driver, free=True)
        assert free == ([("near", [each for each in stands if each == "free"])] if "free" in stands else [])


async def test_what_is_being_repaired_is_not_offered(facade: Facade, driver: httpx.AsyncClient) -> None:
    image = facade.app.state.context.image
    image.put(image_of(says("N-1", (1, 1, "Available"), (1, 2, "Available"))))
    assert await near(driver, free=True) == [("near", ["free", "free"])]
    image.blocked = lambda charge_point, evse, connector: "job-1" if connector == 2 else None
    answer = (await driver.get(f"{API}/availability", params=CENTRE)).json()["items"][0]
    assert [(one["availability"], one["offered"]) for one in answer["connectors"]] == [
        ("free", True),
        ("out_of_order", False),
    ]
    assert answer["free"] == 1
