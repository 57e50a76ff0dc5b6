"""Starts over REST through a running system: one that is paid, charged and captured, and those that go nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import httpx
import pytest

from loadtest.installation import Installation
from tests.conformance.price import cost
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.letter_box import LetterBox
from tests.system.raw_station import RawStation, stamp, start, status

pytestmark = pytest.mark.system
POLICY = {"currency": "EUR", "hold": "20", "step": "10", "ceiling": "50", "plug_in_within_s": 15}
ISSUER = {"network": "default", "name": "City Charge", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}
HOW = "/networks/default/payment-policy"


def answer_of(answer: httpx.Response, expected: int) -> Any:
    assert answer.status_code == expected, answer.text
    return answer.json()


@dataclass
class Driver:
    """Somebody who has signed up."""

    http: httpx.Client
    token: str

    def asks(self, method: str, path: str, expected: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return answer_of(self.http.request(method, f"/api/v1{path}", headers=headers, **more), expected)


def signed_up(system: Installation, letters: LetterBox) -> Driver:
    """A driver of the network that every installation has, with the code of the letter."""
    email, password = f"driver-{token_hex(4)}@example.org", token_hex(12)
    body = {"network": "default", "email": email, "password": password}
    answer_of(system.http.post("/api/v1/sign-up", json=body), 202)
    code = letters.code_to(email, "Confirm")
    login = system.http.post("/api/v1/sign-up/confirm", json={"token": code, "password": password})
    return Driver(system.http, answer_of(login, 201)["access_token"])


@pytest.fixture
def driver(system: Installation, letters: LetterBox) -> Iterator[Driver]:
    """Somebody who has to pay before, and whose sessions are billed."""
    assert system.api("POST", "/issuers", json=ISSUER).status_code in (201, 409)
    answer_of(system.api("PUT", HOW, json=POLICY | {"required": "all"}), 200)
    yield signed_up(system, letters)
    answer_of(system.api("PUT", HOW, json=POLICY | {"required": "nobody"}), 200)


def pay(url: str) -> None:
    """The driver at the provider's own page."""
    answer = httpx.post(url, data={"card": "4242 4242 4242 4242", "do": "pay"}, trust_env=False, follow_redirects=True)
    assert answer.status_code == 200, answer.text


async def until(driver: Driver, begun: str, what: str, is_so: Any, within_s: float = 60.0) -> Any:
    """The start as its driver sees it, once it is so."""

    def seen() -> Any:
        shown = driver.asks("GET", f"/me/charging/{begun}")
        return shown if is_so(shown) else None

    return await eventually(seen, what, within_s=within_s, every_s=0.3)


async def begun(driver: Driver, charge_point: str) -> Any:
    """A start that has been paid for."""
    made = await asyncio.to_thread(driver.asks, "POST", "/me/charging", 201, json={"charge_point": charge_point})
    assert made["state"] == "paying", made
    await asyncio.to_thread(pay, made["payment"]["action_url"])
    return made


async def test_a_start_is_paid_charged_stopped_billed_and_captured(system: Installation, driver: Driver) -> None:
    identity = await registered(system, "START")
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        await station.call("StatusNotification", status("Preparing"))
        made = await begun(driver, identity)
        _, message, action, payload = await station.next_call(timeout_s=60)
        assert (action, payload["connectorId"]) == ("RemoteStartTransaction", 1)
        await station.answer(message, {"status": "Accepted"})
        opened = (await station.call("StartTransaction", start(payload["idTag"])))[2]
        assert opened["idTagInfo"]["status"] == "Accepted", "the host knows the token that was made for this"
        await station.call("StatusNotification", status("Charging"))
        charging = await until(driver, made["id"], "charging", lambda shown: shown["state"] == "charging")
        assert charging["payment"] | {"held": "20"} == charging["payment"]
        await asyncio.to_thread(driver.asks, "POST", f"/me/charging/{made['id']}/stop")
        _, message, action, payload = await station.next_call(timeout_s=60)
        assert (action, payload["transactionId"]) == ("RemoteStopTransaction", opened["transactionId"])
        await station.answer(message, {"status": "Accepted"})
        stop = {"transactionId": opened["transactionId"], "meterStop": 11_000, "timestamp": stamp(), "reason": "Remote"}
        await station.call("StopTransaction", stop)
        await station.call("StatusNotification", status("Available"))
    # The payment's worker and the start's each look for themselves, and either may be first.
    ended = await until(
        driver,
        made["id"],
        "ended and captured",
        lambda shown: shown["state"] == "ended" and shown["payment"]["state"] == "captured",
        120,
    )
    assert (ended["ended_as"], ended["energy_kwh"], ended["price"]["final"]) == ("completed", "10", True)
    assert ended["payment"]["charged"] == ended["price"]["amount"] == f"{cost(10_000):.2f}"


async def test_starts_that_go_nowhere_have_one_clear_end_and_cost_nothing(system: Installation, driver: Driver) -> None:
    offline, refusing, unplugged = [await registered(system, "NOWHERE") for _ in range(3)]
    made = await asyncio.to_thread(driver.asks, "POST", "/me/charging", 201, json={"charge_point": offline})
    ends = {offline: made["ended_as"]}
    assert "Nothing was charged" in made["message"]
    async with await RawStation.connect(system, refusing) as one, await RawStation.connect(system, unplugged) as two:
        for name, station, answer in ((refusing, one, "Rejected"), (unplugged, two, "Accepted")):
            await station.boot()
            await station.call("StatusNotification", status("Available"))
            made = await begun(driver, name)
            _, message, action, _ = await station.next_call(timeout_s=60)
            assert action == "RemoteStartTransaction"
            await station.answer(message, {"status": answer})
            over = await until(driver, made["id"], "over", lambda shown: shown["state"] == "ended")
            ends[name] = over["ended_as"]
            given_back = await until(
                driver, made["id"], "given back", lambda shown: shown["payment"]["state"] == "voided"
            )
            assert (given_back["payment"]["charged"], given_back["session"]) == ("0", None)
    assert ends == {offline: "offline", refusing: "refused_by_charger", unplugged: "not_plugged_in"}
