"""An operator's day, from the first registration to the last paisa, through the outward contract alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from loadtest.installation import Installation
from tests.system.eventually import eventually
from tests.system.letter_box import LetterBox
from tests.system.raw_station import RawStation, start, status

pytestmark = pytest.mark.system

NETWORK, STATION, OTHER = "story", "city-mall", "rival"
CHARGE_POINTS = ("CP-01", "CP-02", "CP-03", "CP-04")
PASSWORD = "sixteen-or-more-characters"
CCS = {"type": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_power_w": 60_000}
TYPE_2 = {"type": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "max_power_w": 22_000}
TARIFF = {
    "currency": "INR",
    "elements": [{"components": [{"dimension": "ENERGY", "price": "18"}]}],
    "idle": {"per_minute": "3", "grace_s": 300},
    "tax_percent": "18",
    "text": {"en": "₹18 per kWh; after 5 minutes of grace ₹3 per minute idle; plus GST"},
}
ISSUER = {
    "network": NETWORK,
    "name": "City Charge Private Limited",
    "country": "IN",
    "region": "KA",
    "tax_ids": [{"kind": "GSTIN", "number": "29ABCDE1234F1Z5"}],
    "tax_regime": "IN_GST",
    "service_code": "998714",
    "currency": "INR",
    "time_zone": "Asia/Kolkata",
    "year_begins": 4,
}


class Person:
    """Somebody who is logged in and uses the API."""

    def __init__(self, system: Installation, email: str, password: str) -> None:
        self._system = system
        answer = system.http.post("/api/v1/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, method: str, path: str, expected: int = 200, **more: Any) -> Any:
        """The JSON of an answer that must have this status."""
        answer = self.answer(method, path, **more)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer

    def answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._system.http.request(method, f"/api/v1{path}", headers=self._headers, **more)


def employ(system: Installation, role: str, network: str = NETWORK) -> Person:
    """Somebody with this role in the network, who has logged in."""
    email = f"{role}@{network}.example"
    roles = [{"role": role, "network": network}]
    made = system.api("POST", "/users", json={"email": email, "password": PASSWORD, "roles": roles})
    assert made.status_code == 201, made.text
    return Person(system, email, PASSWORD)


def register_the_mall(operations: Person) -> None:
    operations.ask(
        "POST",
        "/stations",
        201,
        json={
            "id": STATION,
            "network": NETWORK,
            "name": "City Mall Station",
            "street": "100 Feet Road 12",
            "city": "Bengaluru",
            "region": "KA",
            "country": "IN",
            "latitude": 12.9716,
            "longitude": 77.5946,
            "time_zone": "Asia/Kolkata",
        },
    )
    for number, charge_point in enumerate(CHARGE_POINTS):
        body = {"id": charge_point, "station": STATION, "password": PASSWORD, "commissioning": "live"}
        operations.ask("POST", "/charge-points", 201, json=body)
        connector = CCS if number < 2 else TYPE_2
        answer = operations.answer("PUT", f"/charge-points/{charge_point}/connectors/1/1", json=connector)
        assert answer.status_code in (200, 201), answer.text


def set_the_price(finance: Person) -> str:
    """A tariff for the whole network; its id."""
    made = finance.ask(
        "POST", "/tariffs", 201, json={"network": NETWORK, "name": "Mall", "content": TARIFF, "publish": {}}
    )
    tariff: str = made.get("id") or made["tariff"]["id"]
    finance.ask("POST", "/tariff-assignments", 201, json={"tariff": tariff, "station": STATION})
    finance.ask("POST", "/issuers", 201, json=ISSUER)
    return tariff


def sign_up(system: Installation, letters: LetterBox, email: str) -> Person:
    """A driver who has confirmed the address."""
    body = {"network": NETWORK, "email": email, "password": PASSWORD, "name": "Asha"}
    answer = system.http.post("/api/v1/sign-up", json=body)
    assert answer.status_code in (200, 202, 204), answer.text
    code = letters.code_to(email, "Confirm")
    answer = system.http.post("/api/v1/sign-up/confirm", json={"token": code, "password": PASSWORD})
    assert answer.status_code in (200, 201, 204), answer.text
    return Person(system, email, PASSWORD)


class Car:
    """What the station says of the session that an app has started, minute by minute of its own clock."""

    def __init__(self, station: RawStation, began: datetime) -> None:
        self._station, self._began = station, began
        self.transaction = 0

    def at(self, minute: float) -> str:
        return (self._began + timedelta(minutes=minute)).isoformat(timespec="seconds").replace("+00:00", "Z")

    async def says(self, name: str, minute: float) -> None:
        await self._station.call("StatusNotification", status(name, said=self.at(minute)))

    async def begins(self, id_token: str) -> None:
        answer = await self._station.call("StartTransaction", start(id_token, 100_000, self.at(0)))
        assert answer[2]["idTagInfo"]["status"] == "Accepted", answer
        self.transaction = answer[2]["transactionId"]

    async def meters(self, minute: float, register_wh: int) -> None:
        value = {"value": str(register_wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        readings = [{"timestamp": self.at(minute), "sampledValue": [value]}]
        payload = {"connectorId": 1, "transactionId": self.transaction, "meterValue": readings}
        await self._station.call("MeterValues", payload)

    async def stops(self, minute: float, register_wh: int) -> None:
        payload = {"transactionId": self.transaction, "meterStop": register_wh, "timestamp": self.at(minute)}
        await self._station.call("StopTransaction", payload | {"reason": "EVDisconnected"})


async def asked_of(station: RawStation, asking: Callable[[], Any], answer: dict[str, Any]) -> tuple[list[Any], Any]:
    """Let somebody ask while the station answers what that leads to; the CALL, and what they were told."""
    task = asyncio.create_task(asyncio.to_thread(asking))
    call = await station.next_call()
    await station.answer(call[1], answer)
    return call, await task


async def test_from_registration_to_the_receipt(system: Installation, letters: LetterBox) -> None:
    for network in (NETWORK, OTHER):
        body = {"id": network, "name": network.title(), "currency": "INR", "country": "IN", "region": "KA"}
        assert system.api("POST", "/networks", json=body).status_code == 201
    operations, finance, support = (employ(system, role) for role in ("operations", "finance", "support"))
    rival = employ(system, "operations", OTHER)
    register_the_mall(operations)
    tariff = set_the_price(finance)
    driver = await asyncio.to_thread(sign_up, system, letters, "asha@drivers.example")

    async with await RawStation.connect(system, "CP-01", password=PASSWORD) as station:
        await station.boot()
        await station.call("StatusNotification", status("Available"))
        found = await eventually(lambda: free_near(driver), "offered to drivers")
        assert found["name"] == "City Mall Station"

        session, receipt = await charge(driver, support, station, tariff)

    the_receipt_reads_what_it_must(finance, receipt, tariff)
    await the_driver_has_it(driver, letters, receipt)
    ledger = finance.ask("GET", f"/sessions/{session}")
    assert (ledger["energy_wh"], ledger["cost"], ledger["currency"]) == ("22000", "474.36", "INR")
    refused_to_others(rival, session, receipt)
    who_did_what(system)


def free_near(driver: Person) -> dict[str, Any] | None:
    """The station, once CP-01 is offered within a kilometre."""
    near = driver.ask("GET", "/locations", params={"lat": 12.97, "lon": 77.59, "radius_m": 1000, "free": True})
    return next((each for each in near["items"] if each["id"] == STATION), None)


async def charge(driver: Person, support: Person, station: RawStation, tariff: str) -> tuple[str, str]:
    """Start over the app, 22 kWh in half an hour, 7 minutes of idling; ids of session and receipt."""
    asking = {"charge_point": "CP-01", "evse": 1, "connector": 1}
    began = await asyncio.to_thread(driver.answer, "POST", "/me/charging", json=asking)
    assert began.status_code in (201, 202), began.text
    call = await station.next_call()
    assert call[2] == "RemoteStartTransaction"
    await station.answer(call[1], {"status": "Accepted"})

    # A tariff cannot hold before it was published, so the station's clock goes ahead of ours instead of behind.
    car = Car(station, datetime.now(UTC) + timedelta(seconds=2))
    await car.says("Preparing", 0)
    await car.begins(call[3]["idTag"])
    await car.says("Charging", 0)
    await car.meters(15, 111_000)
    mine = f"/me/charging/{began.json()['id']}"
    charging = await eventually(lambda: in_state(driver, mine, "charging"), "charging, as the app shows it")

    reset, told = await asked_of(station, lambda: support.ask("POST", "/charge-points/CP-01/reset", json={}), ACCEPTED)
    assert (reset[2], told["outcome"]) == ("Reset", "Accepted")
    assert support.answer("PATCH", f"/tariffs/{tariff}", json={"name": "Mine"}).status_code == 403

    await car.meters(30, 122_000)
    await car.says("SuspendedEV", 30)
    await car.stops(37, 122_000)
    await car.says("Available", 37)
    ended = await eventually(lambda: with_receipt(driver, mine), "a receipt in the app")
    return charging["session"], ended["receipt"]


ACCEPTED = {"status": "Accepted"}


def in_state(driver: Person, path: str, state: str) -> dict[str, Any] | None:
    told: dict[str, Any] = driver.ask("GET", path)
    return told if told["state"] == state and told["session"] else None


def with_receipt(driver: Person, path: str) -> dict[str, Any] | None:
    told: dict[str, Any] = driver.ask("GET", path)
    return told if told["receipt"] else None


def the_receipt_reads_what_it_must(finance: Person, receipt: str, tariff: str) -> None:
    """22 kWh × ₹18 + 2 min × ₹3, and 9 % each of CGST and SGST on that."""
    read = finance.ask("GET", f"/receipts/{receipt}")
    assert (read["net"], read["tax"], read["gross"]) == ("402.00", "72.36", "474.36")
    assert (read["currency"], read["energy_kwh"], read["charge_point"]) == ("INR", "22.000", "CP-01")
    document = read["document"]
    amounts = {line["kind"]: line for line in document["bill"]["lines"]}
    assert {kind: (line["quantity"], line["amount"]) for kind, line in amounts.items()} == {
        "energy": ("22", "396"),
        "idle": ("2", "6"),
    }
    taxes = {tax["name"]: (tax["percent"], tax["amount"]) for tax in document["bill"]["taxes"]}
    assert taxes == {"CGST": ("9", "36.18"), "SGST": ("9", "36.18")}
    assert read["number"].endswith("000001")
    page = finance.answer("GET", f"/receipts/{receipt}/html").text
    for words in ("City Mall Station", "City Charge Private Limited", "29ABCDE1234F1Z5", "474.36", "₹18 per kWh"):
        assert words in page
    assert finance.answer("GET", f"/receipts/{receipt}/pdf").content.startswith(b"%PDF-")
    assert finance.answer("POST", "/charge-points/CP-01/reset", json={}).status_code == 403
    assert tariff in read["tariff"]


async def the_driver_has_it(driver: Person, letters: LetterBox, receipt: str) -> None:
    own = driver.ask("GET", "/me/receipts")["items"]
    assert [(each["id"], each["gross"]) for each in own] == [(receipt, "474.36")]
    letter = await asyncio.to_thread(letters.next_to, "asha@drivers.example", own[0]["number"])
    assert any(part.get_content_type() == "application/pdf" for part in letter.walk())


def refused_to_others(rival: Person, session: str, receipt: str) -> None:
    """Another operator of the same installation sees nothing of all this."""
    for path in (f"/sessions/{session}", "/charge-points/CP-01", f"/stations/{STATION}"):
        assert rival.answer("GET", path).status_code == 404, path
    assert rival.answer("GET", f"/receipts/{receipt}").status_code in (403, 404)
    assert rival.answer("POST", "/charge-points/CP-01/reset", json={}).status_code == 404
    assert rival.ask("GET", "/sessions")["items"] == []


def who_did_what(system: Installation) -> None:
    """The audit log tells who registered, priced and reset."""
    lines = system.get("/audit", params={"network": NETWORK, "limit": 200})["items"]
    told = {(line["actor"]["label"], line["kind"], line["subject"]) for line in lines}
    assert ("operations@story.example", "station", STATION) in told, told
    (reset,) = [line for line in lines if line["actor"]["label"] == "support@story.example"]
    assert (reset["kind"], reset["after"]["charge_point"]) == ("command", "CP-01"), reset
    assert not any("asha" in who for who, _, _ in told), "a driver's name must be forgettable"
