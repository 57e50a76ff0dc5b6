"""Two stories in real browsers over a running system.

A driver finds a station on the map, charges and has a receipt, while support watches the same session and resets the
charger. And a fault appears, is an alert, takes the connector from drivers, is acknowledged, and clears.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from api.ui import cookies
from loadtest.installation import Installation
from tests.conformance.price import cost
from tests.system.letter_box import LetterBox
from tests.system.raw_station import RawStation, stamp, start, status
from tests.web.conftest import PHONE, WIDE
from tests.web.conftest import chromium as chromium
from tests.web.drive_pages import AtConnector, Charging, Finding, sign_in

pytestmark = pytest.mark.system
ISSUER = {"network": "default", "name": "City Charge", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}
# Without a power: what is charged here in a moment would be doubtful to finance, and rightly.
CONNECTOR = {"type": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
PATIENCE_MS = 60_000


@dataclass
class Scene:
    """A station with one charger, a driver's phone and support's screen."""

    system: Installation
    charge_point: str
    station: str
    code: str
    label: str
    number: str
    driver: str
    password: str
    phone: Page
    desk: Page

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.system.api_port}"

    def ask(self, method: str, path: str, *expected: int, **more: Any) -> Any:
        answer = self.system.api(method, path, **more)
        assert answer.status_code in (expected or (200, 201)), f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def _set_up(system: Installation, letters: LetterBox, phone: Page, desk: Page) -> Scene:
    """Through the API, as an operator would."""
    tail = token_hex(3)
    number = f"+49 170 {int(tail, 16):08d}"
    made = Scene(
        system,
        charge_point=f"STORY-{tail}",
        station=f"Harbour {tail}",
        code="",
        label=f"Bay {tail}",
        number=number,
        driver=f"driver-{tail}@example.org",
        password=token_hex(12),
        phone=phone,
        desk=desk,
    )
    made.ask("POST", "/issuers", 201, 409, json=ISSUER)
    at = {"latitude": 53.54 + int(tail[:2], 16) / 1000, "longitude": 9.99}
    made.ask("POST", "/stations", json={"id": f"st-{tail}", "network": "default", "name": made.station, **at})
    point = {"id": made.charge_point, "station": f"st-{tail}", "security_profile": 0}
    made.ask("POST", "/charge-points", json=point)
    described = made.ask(
        "PUT", f"/charge-points/{made.charge_point}/connectors/1/1", json=CONNECTOR | {"label": made.label}
    )
    made.code = described["code"]
    made.ask("POST", "/users", json={"email": f"desk-{tail}@example.org", "password": made.password} | _SUPPORT)
    _sign_up(made, letters)
    return made


_SUPPORT = {"roles": [{"role": "support", "network": "default"}]}


def _sign_up(made: Scene, letters: LetterBox) -> None:
    """The driver, who confirms the letter's code and tells a phone number."""
    http = made.system.http
    body = {"network": "default", "email": made.driver, "password": made.password}
    assert http.post("/api/v1/sign-up", json=body).status_code == 202
    code = letters.code_to(made.driver, "Confirm")
    login = http.post("/api/v1/sign-up/confirm", json={"token": code, "password": made.password})
    assert login.status_code == 201, login.text
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    told = http.patch("/api/v1/me/profile", json={"phone": made.number, "name": "Asha Rao"}, headers=headers)
    assert told.status_code == 200, told.text


@pytest.fixture
async def scene(system: Installation, letters: LetterBox, chromium: Browser) -> AsyncIterator[Scene]:
    expect.set_options(timeout=PATIENCE_MS)
    phones = await chromium.new_context(viewport=PHONE, has_touch=True, locale="en-GB")  # type: ignore[arg-type]
    desks = await chromium.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]
    made = await asyncio.to_thread(_set_up, system, letters, await phones.new_page(), await desks.new_page())
    for context in (phones, desks):
        context.set_default_timeout(PATIENCE_MS)
    english = {"name": cookies.LANGUAGE, "value": "en", "url": made.url}
    await phones.add_cookies([english])  # type: ignore[list-item]
    await desks.add_cookies([english])  # type: ignore[list-item]
    desk = made.charge_point.replace("STORY", "desk") + "@example.org"
    await sign_in(made.desk, made.url, desk, made.password, "/sessions")
    yield made
    await phones.close()
    await desks.close()


def metered(transaction: int, register: int, power: int) -> dict[str, Any]:
    """A MeterValues' payload of one reading."""
    values = [
        {"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": str(power), "measurand": "Power.Active.Import", "unit": "W"},
    ]
    return {"connectorId": 1, "transactionId": transaction} | {
        "meterValue": [{"timestamp": stamp(), "sampledValue": values}]
    }


async def test_a_driver_charges_while_support_watches_and_resets_the_charger(scene: Scene) -> None:
    async with await RawStation.connect(scene.system, scene.charge_point) as station:
        await station.boot()
        await station.call("StatusNotification", status("Available"))
        await sign_in(scene.phone, scene.url, scene.driver, scene.password, "/drive")
        finding = Finding(scene.phone, scene.url)
        await finding.open()
        await finding.search(scene.station)
        await finding.choose(scene.station)
        await finding.connector(scene.label)
        at, charging = AtConnector(scene.phone, scene.url), Charging(scene.phone)
        await at.wait_for("free")
        await at.start()
        transaction = await _begin(station)
        await charging.wait_for("charging")

        page = scene.desk
        await page.goto(f"{scene.url}/search?q={scene.number.replace('+', '%2B').replace(' ', '%20')}")
        await page.locator('[data-kind="session"]').get_by_role("link").first.click()
        await expect(page.locator('[data-code="running_well"]')).to_be_visible(timeout=PATIENCE_MS)
        await station.call("MeterValues", metered(transaction, 6000, 11_000))
        await expect(page.get_by_text("11.0 kW").first).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Reset", exact=True).first.click()
        _, message, action, _ = await station.next_call(timeout_s=60)
        assert action == "Reset"
        await station.answer(message, {"status": "Accepted"})
        await expect(page.get_by_text("Reset: Accepted")).to_be_visible(timeout=PATIENCE_MS)
        stop = {"transactionId": transaction, "meterStop": 11_000, "timestamp": stamp(), "reason": "SoftReset"}
        await station.call("StopTransaction", stop)
        await station.call("StatusNotification", status("Available"))

        await charging.wait_for("completed")
        await charging.wait_for_receipt()
        assert await charging.figure("price") == f"€{cost(10_000):.2f}"
        await expect(page.locator('[data-code="stopped"]')).to_contain_text("was reset", timeout=PATIENCE_MS)
        await expect(page.locator(".rc-story")).to_contain_text(f"{cost(10_000):.2f} EUR", timeout=PATIENCE_MS)


async def _begin(station: RawStation) -> int:
    """The charger does as the driver wants; its transaction."""
    _, message, action, payload = await station.next_call(timeout_s=60)
    assert action == "RemoteStartTransaction"
    await station.answer(message, {"status": "Accepted"})
    await station.call("StatusNotification", status("Preparing"))
    opened = (await station.call("StartTransaction", start(payload["idTag"])))[2]
    await station.call("StatusNotification", status("Charging"))
    return int(opened["transactionId"])


async def test_a_fault_alerts_takes_the_connector_away_is_acknowledged_and_clears(scene: Scene) -> None:
    await asyncio.to_thread(scene.ask, "PATCH", "/alert-rules/faulted?network=default", json={"clear_s": 1})
    async with await RawStation.connect(scene.system, scene.charge_point) as station:
        await station.boot()
        await station.call("StatusNotification", status("Available"))
        at = AtConnector(scene.phone, scene.url)
        await at.open(scene.code)
        await at.wait_for("free")
        broken = status("Faulted") | {"errorCode": "GroundFailure", "vendorErrorCode": "RCD-7"}
        await station.call("StatusNotification", broken)
        await at.wait_for("out_of_order")
        assert not await at.can_start()

        page = scene.desk
        await page.goto(f"{scene.url}/alerts?charge_point={scene.charge_point}")
        row = page.get_by_role("row").filter(has_text=scene.charge_point)
        await row.get_by_role("link").first.click(timeout=PATIENCE_MS)
        await expect(page.get_by_text("GroundFailure").first).to_be_visible()
        await expect(page.get_by_role("link", name="The maintenance job")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.locator(".rc-chip", has_text="Taken notice of")).to_be_visible(timeout=PATIENCE_MS)
        await station.call("StatusNotification", status("Available"))
        await expect(page.locator(".rc-chip", has_text="Over")).to_be_visible(timeout=PATIENCE_MS)
        await expect(scene.phone.locator("[data-state]").first).to_have_attribute(
            "data-state", "free", timeout=PATIENCE_MS
        )
        assert await at.can_start()
    await asyncio.to_thread(scene.ask, "DELETE", "/alert-rules/faulted?network=default", 200, 204)
