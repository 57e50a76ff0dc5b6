"""Networks, stations, charge points and connectors over REST: described, shown together, changed, retired."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.conftest import Facade, assert_problem, view
from tests.api.places.examples import CCS, TYPE_2, knock

API = "/api/v1"
MALL = {
    "id": "city-mall",
    "network": "city",
    "name": "City Mall Station",
    "street": "100 Feet Road 12",
    "postal_code": "560038",
    "city": "Bengaluru",
    "latitude": 12.9716,
    "longitude": 77.5946,
    "opening_hours": {
        "twentyfourseven": False,
        "regular_hours": [{"weekday": day, "period_begin": "08:00", "period_end": "23:00"} for day in range(1, 8)],
    },
    "photos": ["https://example.org/mall.jpg"],
    "parking": "Level -2, by lift B",
    "tags": ["Mall", "fast"],
}
CITY = {"id": "city", "name": "City charging", "currency": "INR", "country": "IN", "region": "KA"}


@pytest.fixture
async def city(facade: Facade, admin: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """City Mall Station with CP-01 (CCS and Type 2) in a network of its own, and who runs that network's operations."""
    for path, body in (("networks", CITY | {"time_zone": "Asia/Kolkata"}), ("stations", MALL)):
        assert (await admin.post(f"{API}/{path}", json=body)).status_code == 201
    async with facade.client(facade.token("operations", "city")) as client:
        body = {"id": "CP-01", "station": "city-mall", "tags": ["dc"], "security_profile": 0}
        assert (await client.post(f"{API}/charge-points", json=body)).status_code == 201
        for evse, connector in ((1, CCS), (2, TYPE_2)):
            answer = await client.put(f"{API}/charge-points/CP-01/connectors/{evse}/1", json=connector)
            assert answer.status_code == 200, answer.text
        yield client


async def test_a_station_is_shown_with_what_stands_there_and_what_it_does(
    facade: Facade, city: httpx.AsyncClient
) -> None:
    connectors = [
        {"evse": 1, "connector": 1, "status": "Charging", "error": "NoError", "info": "", "since": None}
        | {"power_w": None, "session": None}
    ]
    facade.fleet.views["CP-01"] = view("CP-01", connectors=connectors)
    station = (await city.get(f"{API}/stations/city-mall")).json()
    assert station["opening_hours"]["regular_hours"][0]["period_end"] == "23:00"
    assert station["tags"] == ["fast", "mall"]
    (charge_point,) = station["charge_points"]
    assert (charge_point["id"], charge_point["commissioning"], charge_point["link"]) == ("CP-01", "live", "connected")
    first, second = charge_point["connectors"]
    assert (first["label"], first["max_power_w"], first["status"]) == ("CP-01 / 1", 60_000, "Charging")
    assert (second["label"], second["max_power_w"], second["status"]) == ("CP-01 / 2", 22_080, None)
    listed = (await city.get(f"{API}/charge-points", params={"tag": "dc", "station": "city-mall"})).json()["items"]
    assert [row["connectors"] for row in listed] == [[first, second]]
    assert (await city.get(f"{API}/stations", params={"tag": ["fast", "slow"]})).json()["items"] == []
    assert facade.ports.business.places.place("cp-01").zone == "Asia/Kolkata"  # type: ignore[union-attr]


async def test_what_is_in_other_networks_is_not_there(facade: Facade, city: httpx.AsyncClient) -> None:
    await knock(facade, "CP-NEW", arrival="a0001", at=1)
    for path in ("networks", "stations", "charge-points"):
        assert [row["id"] for row in (await city.get(f"{API}/{path}")).json()["items"]] in (
            ["city"],
            ["city-mall"],
            ["CP-01"],
        )
    assert (await city.get(f"{API}/inbox")).json()["items"] == [], "the inbox is the default network's"
    body = {"id": "x", "name": "X", "network": "default", "security_profile": 0}
    refused = [
        (await city.get(f"{API}/networks/default"), 404),
        (await city.patch(f"{API}/networks/default", json={"name": "Mine"}), 404),
        (await city.post(f"{API}/networks", json=CITY), 403),
        (await city.get(f"{API}/stations/default"), 404),
        (await city.patch(f"{API}/stations/default", json={"name": "Mine"}), 404),
        (await city.delete(f"{API}/stations/default"), 404),
        (await city.post(f"{API}/stations", json={k: v for k, v in body.items() if k != "security_profile"}), 409),
        (await city.get(f"{API}/stations/default/sheet"), 404),
        (await city.get(f"{API}/charge-points/CP-1/connectors"), 404),
        (await city.put(f"{API}/charge-points/CP-1/connectors/1/1", json=CCS), 404),
        (await city.patch(f"{API}/charge-points/CP-01", json={"station": "default"}), 409),
        (await city.post(f"{API}/charge-points", json={"id": "CP-X", "security_profile": 0}), 409),
        (await city.post(f"{API}/inbox/a0001/adopt", json={"security_profile": 0}), 404),
        (await city.post(f"{API}/inbox/a0001/dismiss"), 404),
    ]
    for answer, status in refused:
        assert_problem(answer, status)


async def test_a_change_is_refused_if_somebody_else_was_faster(city: httpx.AsyncClient) -> None:
    for path, change in (
        ("networks/city", {"currency": "EUR"}),
        ("stations/city-mall", {"access": "Ticket at the gate"}),
        ("charge-points/CP-01", {"notes": "Fuse 3"}),
    ):
        tag = (await city.get(f"{API}/{path}")).headers["etag"]
        first = await city.patch(f"{API}/{path}", json=change, headers={"If-Match": tag})
        assert first.status_code == 200, first.text
        assert first.headers["etag"] != tag
        assert_problem(await city.patch(f"{API}/{path}", json=change, headers={"If-Match": tag}), 412)
        assert_problem(await city.delete(f"{API}/{path}", headers={"If-Match": tag}), 412)
    path = f"{API}/charge-points/CP-01/connectors/1/1"
    shown = await city.get(path)
    again = await city.put(path, json=CCS | {"label": "Left"}, headers={"If-Match": shown.headers["etag"]})
    assert again.json() == shown.json() | {"label": "Left"}, "and its code stays"
    assert_problem(await city.put(path, json=CCS, headers={"If-Match": shown.headers["etag"]}), 412)


async def test_a_charge_point_is_set_up_step_by_step_and_retired_for_good(city: httpx.AsyncClient) -> None:
    body = {"id": "CP-02", "station": "city-mall", "commissioning": "planned", "security_profile": 0}
    assert (await city.post(f"{API}/charge-points", json=body)).json()["commissioning"] == "planned"
    path = f"{API}/charge-points/CP-02"
    assert_problem(await city.patch(path, json={"commissioning": "live"}), 409, field="commissioning")
    for state in ("commissioning", "live", "commissioning", "live"):
        assert (await city.patch(path, json={"commissioning": state})).json()["commissioning"] == state
    assert_problem(await city.delete(f"{API}/stations/city-mall"), 409)
    for name in ("CP-01", "CP-02"):
        assert (await city.delete(f"{API}/charge-points/{name}")).status_code == 204
    assert_problem(await city.patch(path, json={"commissioning": "live"}), 409)
    assert_problem(await city.put(f"{path}/connectors/1/1", json=CCS), 409)
    assert (await city.delete(f"{API}/stations/city-mall")).status_code == 204
    assert_problem(await city.patch(f"{API}/stations/city-mall", json={"name": "Mall"}), 409)
    assert (await city.delete(f"{API}/networks/city")).status_code == 204


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("stations/city-mall", {"time_zone": "Asia/Bangalore"}, "time_zone"),
        ("stations/city-mall", {"country": "XX"}, "country"),
        ("stations/city-mall", {"longitude": None}, "longitude"),
        ("stations/city-mall", {"photos": ["http://"]}, "photos.0"),
        ("stations/city-mall", {"tags": ["two words"]}, "tags.0"),
        ("stations/city-mall", {"opening_hours": {"twentyfourseven": False}}, "opening_hours.regular_hours"),
        ("networks/city", {"currency": "ABC"}, "currency"),
        ("networks/city", {"accepts_automatically": True}, "arrival_station"),
        ("charge-points/CP-01", {"tags": ["é"]}, "tags.0"),
        ("charge-points/CP-01/connectors/1/1", CCS | {"type": "IEC_62196"}, "type"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    city: httpx.AsyncClient, path: str, change: dict[str, object], field: str
) -> None:
    method = "PUT" if "connectors" in path else "PATCH"
    body = assert_problem(await city.request(method, f"{API}/{path}", json=change), 422)
    assert body["field"] == field, body


async def test_every_connector_has_a_code_to_print(facade: Facade, city: httpx.AsyncClient) -> None:
    path = f"{API}/charge-points/CP-01/connectors/1/1"
    code = (await city.get(path)).json()["code"]
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{10}", code)
    drawn = await city.get(f"{path}/qr")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<?xml")
    picture = await city.get(f"{path}/qr", params={"format": "png", "scale": 4})
    assert picture.headers["content-type"] == "image/png"
    _check_png(picture.content)
    sheet = await city.get(f"{API}/stations/city-mall/sheet")
    assert sheet.headers["content-type"].startswith("text/html")
    assert code in sheet.text
    assert sheet.text.count("<svg") == 2
    assert "CP-01 / 2" in sheet.text
    await city.patch(f"{API}/stations/city-mall", json={"name": "<script>alert(1)</script>"})
    assert "<script>" not in (await city.get(f"{API}/stations/city-mall/sheet")).text
    found = await facade.ports.business.connectors.by_code(code.lower())
    assert (found.charge_point, found.connector.evse) == ("CP-01", 1)
    assert (await city.delete(path)).status_code == 204
    assert_problem(await city.get(f"{path}/qr"), 404)


def _check_png(data: bytes) -> None:
    """Its chunks have the checksums that they say."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    length = int.from_bytes(data[8:12])
    assert zlib.crc32(data[12 : 16 + length]) == int.from_bytes(data[16 + length : 20 + length])


async def test_a_charger_of_the_inbox_is_adopted_in_one_request_or_dismissed(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    for number in range(3):
        await knock(facade, f"NEW-{number}", arrival=f"a{number}", at=number)
    listed = (await admin.get(f"{API}/inbox")).json()["items"]
    assert [row["charge_point"] for row in listed] == ["NEW-2", "NEW-1", "NEW-0"]
    assert (listed[0]["credentials"], listed[0]["subprotocols"]) == ("none", ["ocpp1.6"])
    assert_problem(await admin.post(f"{API}/inbox/a1/adopt", json={}), 422, field="password")
    adopted = await admin.post(f"{API}/inbox/a1/adopt", json={"password": "0123456789abcdef", "tags": ["new"]})
    assert (adopted.status_code, adopted.json()["id"], adopted.json()["secured"]) == (201, "NEW-1", True)
    assert (await admin.post(f"{API}/inbox/a2/dismiss")).status_code == 204
    assert [row["id"] for row in (await admin.get(f"{API}/inbox")).json()["items"]] == ["a0"]
    shown = (await admin.get(f"{API}/inbox", params={"dismissed": True})).json()["items"]
    assert [row["id"] for row in shown] == ["a2"]
    assert_problem(await admin.post(f"{API}/inbox/a1/adopt", json={"security_profile": 0}), 404)
    assert (await admin.post(f"{API}/inbox/a2/adopt", json={"security_profile": 0})).status_code == 201
