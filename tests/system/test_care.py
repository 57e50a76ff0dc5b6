"""A fault stops a session: its driver is told, asks, is answered; nobody can start there until it is repaired."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.push_service import Browser, PushService
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.letter_box import LetterBox
from tests.system.raw_station import RawStation, stamp, start, status
from tests.system.test_starts import Driver, answer_of, signed_up

pytestmark = pytest.mark.system


def staff(system: Installation, method: str, path: str, expected: int = 200, **more: Any) -> Any:
    return answer_of(system.api(method, path, **more), expected)


async def charged_until_a_fault(system: Installation, driver: Driver, station: RawStation) -> str:
    """The session's id, after the station has reported a fault and stopped it."""
    (token,) = [each for each in driver.asks("GET", "/me/tokens")["items"] if each["kind"] == "app"]
    await station.call("StatusNotification", status("Preparing"))
    for _ in range(50):
        # The host learns of a new token within a second.
        standing = (await station.call("Authorize", {"idTag": token["id_token"]}))[2]["idTagInfo"]["status"]
        if standing == "Accepted":
            break
        await asyncio.sleep(0.2)
    assert standing == "Accepted"
    opened = (await station.call("StartTransaction", start(token["id_token"])))[2]
    await station.call("StatusNotification", status("Charging"))
    (session,) = await eventually(lambda: driver.asks("GET", "/me/sessions")["items"], "the session is known")
    fault = status("Faulted") | {"errorCode": "GroundFailure", "vendorErrorCode": "E17"}
    await station.call("StatusNotification", fault)
    stop = {"transactionId": opened["transactionId"], "meterStop": 3_500, "timestamp": stamp(), "reason": "Other"}
    await station.call("StopTransaction", stop)
    return str(session["id"])


def text_of(letter: EmailMessage) -> str:
    """Its plain text; beside that it has the same as HTML."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def told(service: PushService, browser: Browser, kind: str) -> dict[str, Any] | None:
    """What the browser was told of this kind."""
    read = [browser.read(each.body) for each in tuple(service.arrived)]
    return next((each for each in read if each["kind"] == kind), None)


async def test_a_fault_is_told_asked_about_answered_and_repaired(system: Installation, letters: LetterBox) -> None:
    identity = await registered(system, "CARE")
    driver = await asyncio.to_thread(signed_up, system, letters)
    email = driver.asks("GET", "/me/profile")["email"]
    browser = Browser()
    with PushService() as service:
        subscription = {"endpoint": service.endpoint("phone"), "keys": browser.keys}
        driver.asks("POST", "/me/push-subscriptions", 201, json=subscription)
        async with await RawStation.connect(system, identity) as station:
            await station.boot()
            session = await charged_until_a_fault(system, driver, station)
            fault = await eventually(lambda: told(service, browser, "fault"), "the browser is told", within_s=60)
            assert "E17" in fault["body"]
            assert "2.50 kWh" in fault["body"]
            letter = await asyncio.to_thread(letters.next_to, email, "stopped by a fault")
            assert "E17" in text_of(letter)
            await asked_and_answered(system, driver, letters, email, session)
            answered = await eventually(
                lambda: told(service, browser, "case_answered"), "the browser is told", within_s=60
            )
            assert answered["body"] == "We repair it today."
            await station.call("StatusNotification", status("Available"))
            await repaired(system, driver, identity)


async def asked_and_answered(
    system: Installation, driver: Driver, letters: LetterBox, email: str, session: str
) -> None:
    asked = {"category": "charging", "subject": "It stopped", "text": "Why?", "session": session}
    case = driver.asks("POST", "/me/cases", 201, json=asked)
    seen = staff(system, "GET", f"/cases/{case['id']}")
    assert seen["about"]["id"] == session
    assert seen["conversation"]["charge_point"] == case["charge_point"]
    answer = {"text": "We repair it today."}
    staff(system, "POST", f"/cases/{case['id']}/messages", 201, json=answer)
    letter = await asyncio.to_thread(letters.next_to, email, case["number"])
    assert "We repair it today." in text_of(letter)
    closed = {"state": "closed", "resolution": "Explained"}
    staff(system, "PATCH", f"/cases/{case['id']}", json=closed)
    own = driver.asks("GET", f"/me/cases/{case['id']}")
    assert (own["state"], [each["side"] for each in own["messages"]]) == ("closed", ["driver", "support"])


async def repaired(system: Installation, driver: Driver, identity: str) -> None:
    """While there is a job nobody can start there, and afterwards somebody can."""

    def begin() -> Any:
        return driver.asks("POST", "/me/charging", 201, json={"charge_point": identity})

    job = {"charge_point": identity, "evse": 1, "connector": 1, "title": "Ground fault"}
    await asyncio.to_thread(staff, system, "POST", "/maintenance-jobs", 201, json=job)
    refused = await asyncio.to_thread(begin)
    assert refused["ended_as"] == "under_maintenance", refused

    def open_jobs() -> list[Any]:
        found: list[Any] = staff(system, "GET", f"/maintenance-jobs?charge_point={identity}&open=true")["items"]
        return found

    def close_all() -> bool:
        # The fault's own job is among them, unless the fault's end has closed it already.
        for each in open_jobs():
            staff(system, "PATCH", f"/maintenance-jobs/{each['id']}", json={"state": "done", "resolution": "New cable"})
        return not open_jobs()

    await eventually(close_all, "all jobs are closed")
    begun = await asyncio.to_thread(begin)
    assert begun["ended_as"] is None, begun
    driver.asks("POST", f"/me/charging/{begun['id']}/stop")
