"""What drivers do in `/drive` beside charging: cases, notices, vehicles, the account; over HTTP, without a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest
from sqlalchemy import insert

from api.drive import figures
from engine.clock import SECOND
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.tokens import token_holders
from tests.web.conftest import Site
from tests.web.seeds.office import give_receipt

NOTE = re.compile(r'class="(?:told|refused)"[^>]*>([^<]*)')
PUSHED = {
    "endpoint": "https://push.example.org/send/1",
    "keys": {
        "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        "auth": "MDEyMzQ1Njc4OWFiY2RlZg",
    },
}


def client(site: Site, role: str = "", network: str = "") -> httpx.AsyncClient:
    """A browser's way of asking, of somebody of this role."""
    made = httpx.AsyncClient(
        transport=httpx.ASGITransport(site.world.front),
        base_url="http://facade",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    if role:
        made.cookies.set("raycharge", site.world.token(role, network))
    return made


@pytest.fixture
async def driver(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with client(site, "driver", "north") as made:
        yield made


async def notes(answer: httpx.Response) -> list[str]:
    return [unescape(each) for each in NOTE.findall(answer.text) if each]


async def code(asking: httpx.AsyncClient) -> str:
    found = (await asking.get("/api/v1/open/locations/hafen")).json()
    return str(found["connectors"][0]["code"])


async def test_a_driver_reports_a_problem_and_writes_in_the_case(driver: httpx.AsyncClient) -> None:
    said = {"code": await code(driver), "category": "charger", "text": "It clicks\nand stops"}
    made = await driver.post("/drive/problem", data=said)
    assert made.status_code == 303
    case = made.headers["location"]
    assert "<h1>It clicks</h1>" in (await driver.get(case)).text, "its first line is what it is called"
    assert (await driver.post(case, data={"text": "<b>Still</b> so"})).headers["location"] == case
    thread = (await driver.get(f"{case}/now")).text
    assert "&lt;b&gt;Still&lt;/b&gt; so" in thread
    assert "With support" in (await driver.get("/drive/cases")).text
    empty = await driver.post("/drive/problem", data=said | {"text": " "})
    assert (empty.status_code, len(await notes(empty))) == (422, 1)


async def test_times_are_those_of_the_station_and_its_zone_is_named(site: Site) -> None:
    """Asha's session runs in Hamburg, and so does her case."""
    business, began = site.world.ports.business, "2026-01-15T23:30:00.000Z"
    async with business.database.write() as connection:
        held = {"network": "north", "folded": "zone-card", "since": 0, "driver": "u-driver.north"}
        await connection.execute(insert(token_holders), held)
        at = figures.at(began)
        assert at is not None
        micros = int(at.timestamp()) * SECOND
        row = {
            "id": "s-zone",
            "charge_point": "HAFEN-05",
            "id_token": "ZONE-CARD",
            "state": "stopped",
            "network": "north",
        }
        times = {"started": micros, "stopped": micros + 600 * SECOND, "updated": micros, "duration_s": 600}
        await connection.execute(insert(sessions), row | times | {"evse": 1, "connector": 1})
    async with client(site, "driver", "north") as driver:
        (told,) = (await driver.get("/api/v1/me/sessions", headers=_bearer(driver))).json()["items"]
        assert (told["started_at"], told["time_zone"]) == (began, "Europe/Berlin")
        assert "16 Jan 2026, 00:30 (CET)" in unescape((await driver.get("/drive/history")).text)
        shown = unescape((await driver.get("/drive/history/s-zone")).text)
        assert "16 Jan 2026, 00:30 (CET)" in shown
        assert "16 Jan 2026, 00:40 (CET)" in shown
        assert re.search(r"\((CET|CEST)\)", (await driver.get("/drive/cases")).text)


async def test_a_receipt_is_listed_by_the_day_that_stands_on_it_and_shown_to_its_driver_alone(site: Site) -> None:
    made = await give_receipt(site.world, "u-driver.north")
    async with client(site, "driver", "north") as driver:
        told = (await driver.get("/api/v1/me/receipts", headers=_bearer(driver))).json()["items"]
        day = next(each["day"] for each in told if each["id"] == made)
        listed = await driver.get("/drive/receipts")
        assert listed.status_code == 200
        assert made in listed.text
        assert figures.date(day) in listed.text
        assert "Nordlicht Laden GmbH" in (await driver.get(f"/drive/receipts/{made}/html")).text
    async with client(site, "driver", "bay") as other:
        assert made not in (await other.get("/drive/receipts")).text
        assert (await other.get(f"/drive/receipts/{made}/html")).status_code == 404


def _bearer(driver: httpx.AsyncClient) -> dict[str, str]:
    """The API takes no cookie."""
    return {"Authorization": f"Bearer {driver.cookies['raycharge']}"}


async def test_a_stranger_reports_by_the_code_and_is_sent_a_letter(site: Site) -> None:
    async with client(site) as stranger:
        said = {"code": await code(stranger), "text": "The cable is cut", "email": "ann@example.org"}
        answer = await stranger.post("/drive/problem", data=said)
        assert "ann@example.org" in (await notes(answer))[0]
        bad = await stranger.post("/drive/problem", data=said | {"email": "nobody"})
        assert bad.status_code == 422
        assert "The cable is cut" in bad.text, "what was written is not lost"


async def test_a_driver_chooses_what_to_be_told_and_in_which_browser(driver: httpx.AsyncClient) -> None:
    saved = await driver.post("/drive/notifications", data={"fault.email": "on"})
    assert await notes(saved) == ["Saved."]
    assert re.search(r'name="fault.email"[^>]* checked', saved.text)
    assert not re.search(r'name="idle_fee.email"[^>]* checked', saved.text)
    assert (await driver.post("/drive/push", json=PUSHED)).status_code == 204
    assert (await driver.post("/drive/push", content=b"{")).status_code == 422
    shown = (await driver.get("/drive/notifications")).text
    [there] = set(re.findall(r"/drive/push/([^/]+)/remove", shown))
    await driver.post(f"/drive/push/{there}/remove")
    assert there not in (await driver.get("/drive/notifications")).text


async def test_a_driver_keeps_vehicles(driver: httpx.AsyncClient) -> None:
    car = {"plate": "HH-AB 123", "make": "VW", "plug": "IEC_62196_T2_COMBO"}
    assert (await driver.post("/drive/vehicles", data=car)).status_code == 303
    shown = (await driver.get("/drive/vehicles")).text
    assert "HH-AB 123" in shown
    [there] = re.findall(r"/drive/vehicles/([^/]+)/remove", shown)
    await driver.post(f"/drive/vehicles/{there}/remove")
    assert "HH-AB 123" not in (await driver.get("/drive/vehicles")).text


async def test_a_driver_changes_the_profile_and_is_forgotten(site: Site) -> None:
    async with client(site, "driver", "bay") as leaving:
        etag = _etag(await leaving.get("/drive/account"))
        profile = {"name": "Ann", "phone": "+49 40 1", "language": "de", "etag": etag}
        assert await notes(await leaving.post("/drive/account", data=profile)) == ["Saved."]
        stale = await leaving.post("/drive/account", data=profile)
        assert stale.status_code == 412
        etag = _etag(await leaving.get("/drive/account"))
        unsure = await leaving.post("/drive/account/forget", data={"etag": etag})
        assert unsure.status_code == 422
        gone = await leaving.post("/drive/account/forget", data={"etag": etag, "sure": "yes"})
        assert gone.headers["location"] == "/drive?why=forgotten"
    async with client(site) as anybody:
        assert await notes(await anybody.get("/drive?why=forgotten")) == ["Your account is deleted."]


def _etag(shown: httpx.Response) -> str:
    return unescape(re.findall(r'name="etag" value="([^"]*)"', shown.text)[0])
