"""Cases, notices and maintenance over REST: drivers have their own, support sees all, strangers confirm first."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import select

from engine.stores.sql.tables.outbox import outbox
from tests.api.conftest import Facade, assert_problem, view
from tests.api.places.examples import with_places
from tests.push_service import Browser

CASE = {"category": "charging", "subject": "It stopped", "text": "Why?", "charge_point": "CP-1"}


@dataclass
class Desk:
    facade: Facade
    asha: httpx.AsyncClient
    bo: httpx.AsyncClient
    support: httpx.AsyncClient
    operations: httpx.AsyncClient


@pytest_asyncio.fixture
async def desk(facade: Facade) -> AsyncIterator[Desk]:
    await with_places(facade)
    tokens = [facade.token("driver", name=name) for name in ("asha", "bo")]
    tokens += [facade.token(role) for role in ("support", "operations")]
    clients = [facade.client(token) for token in tokens]
    yield Desk(facade, *clients)
    for each in clients:
        await each.aclose()


def told(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_case_is_its_drivers_and_supports(desk: Desk) -> None:
    case = told(await desk.asha.post("/api/v1/me/cases", json=CASE), 201)
    path = f"/api/v1/cases/{case['id']}"
    assert_problem(await desk.bo.get(f"/api/v1/me/cases/{case['id']}"), 404)
    assert_problem(await desk.bo.post(f"/api/v1/me/cases/{case['id']}/messages", json={"text": "x"}), 404)
    assert told(await desk.bo.get("/api/v1/me/cases"))["items"] == []
    assert_problem(await desk.asha.get(path), 403)
    (listed,) = told(await desk.support.get("/api/v1/cases?waiting=true"))["items"]
    assert (listed["id"], listed["waits"], listed["to_answer_s"]) == (case["id"], True, None)
    seen = await desk.support.get(path)
    assert told(seen)["conversation"]["charge_point"] == "CP-1"
    note = {"text": "Ground fault, I think.", "internal": True}
    told(await desk.support.post(f"{path}/messages", json=note), 201)
    stale = await desk.support.patch(path, json={"category": "charger"}, headers={"If-Match": seen.headers["etag"]})
    assert_problem(stale, 412)
    desk.facade.clock.advance(90)
    told(await desk.support.post(f"{path}/messages", json={"text": "Please try again."}), 201)
    own = told(await desk.asha.get(f"/api/v1/me/cases/{case['id']}"))
    assert [each["text"] for each in own["messages"]] == ["Why?", "Please try again."]
    assert "Ground" not in str(own)
    closed = told(await desk.support.patch(path, json={"state": "closed", "resolution": "Restarted"}))
    assert (closed["to_answer_s"], closed["to_close_s"]) == (90, 90)
    again = told(await desk.asha.post(f"/api/v1/me/cases/{case['id']}/messages", json={"text": "Again!"}), 201)
    assert again["state"] == "waiting"
    assert told(await desk.support.get("/api/v1/case-summary"))["to_answer"] == {"cases": 1, "p50_s": 90, "p90_s": 90}


async def test_support_opens_a_case_and_nobody_else_of_the_staff_does(desk: Desk) -> None:
    body = CASE | {"text": "He called: it stopped."}
    assert_problem(await desk.operations.post("/api/v1/cases", json=body), 403)
    assert_problem(await desk.asha.post("/api/v1/cases", json=body), 403)
    assert_problem(await desk.support.post("/api/v1/cases", json=body | {"internal": False}), 422, field="internal")
    assert_problem(await desk.support.post("/api/v1/cases", json=body | {"session": "s"}), 422)
    made = await desk.support.post("/api/v1/cases", json=body)
    case = told(made, 201)
    assert made.headers["etag"] == '"1"'
    assert (case["state"], case["charge_point"], case["driver"], case["waits"]) == ("new", "CP-1", None, True)
    assert [(each["side"], each["internal"]) for each in case["messages"]] == [("support", True)]
    admin = desk.facade.client(desk.facade.token())
    (entry,) = told(await admin.get("/api/v1/audit?kind=case"))["items"]
    assert (entry["action"], entry["subject"], entry["actor"]["id"]) == ("created", case["id"], case["assignee"])
    await admin.aclose()


async def test_a_stranger_writes_from_the_connectors_page_and_confirms_by_letter(desk: Desk) -> None:
    connector = told(await desk.operations.get("/api/v1/charge-points/CP-1/connectors"))
    code = (connector["items"] if isinstance(connector, dict) else connector)[0]["code"]
    body = {"email": "bo@example.org", "subject": "Cable", "text": "It is cut."}
    async with desk.facade.client() as anybody:
        answer = await anybody.post(f"/api/v1/ad-hoc/{code}/cases", json=body)
        assert answer.status_code == 202, answer.text
        assert told(await desk.support.get("/api/v1/cases"))["items"] == []
        async with desk.facade.ports.business.database.read() as connection:
            letter = (await connection.execute(select(outbox.c.body))).scalar_one()
        found = re.search(r"/api/v1/ad-hoc/cases/(\w+)/confirmation", letter)
        assert found is not None
        page = await anybody.get(found[0])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        (listed,) = told(await desk.support.get("/api/v1/cases"))["items"]
        assert (listed["charge_point"], listed["driver"]) == ("CP-1", None)
        assert told(await anybody.get(f"/api/v1/ad-hoc/cases/{found[1]}"))["state"] == "new"
        assert_problem(await anybody.get(f"/api/v1/ad-hoc/cases/{found[1][:-1]}x"), 404)


async def test_a_driver_chooses_what_to_be_told_and_where(desk: Desk) -> None:
    key = told(await desk.asha.get("/api/v1/me/push-key"))["application_server_key"]
    assert len(key) == 87
    browser = {"endpoint": "https://push.example.org/1", "keys": Browser().keys, "expirationTime": None}
    made = told(await desk.asha.post("/api/v1/me/push-subscriptions", json=browser), 201)
    assert made["service"] == "push.example.org"
    assert told(await desk.bo.get("/api/v1/me/push-subscriptions")) == []
    assert_problem(await desk.bo.delete(f"/api/v1/me/push-subscriptions/{made['id']}"), 404)
    within = browser | {"endpoint": "https://169.254.169.254/latest"}
    assert_problem(await desk.asha.post("/api/v1/me/push-subscriptions", json=within), 422, field="endpoint")
    wish = {"kind": "fault", "channel": "email", "wanted": False}
    chosen = told(await desk.asha.patch("/api/v1/me/notifications", json={"items": [wish]}))["items"]
    assert wish | {"fixed": False} in chosen
    assert wish | {"fixed": False} not in told(await desk.bo.get("/api/v1/me/notifications"))["items"]
    receipt = {"items": [{"kind": "receipt", "channel": "email", "wanted": False}]}
    assert_problem(await desk.asha.patch("/api/v1/me/notifications", json=receipt), 422, field="channel")
    assert (await desk.asha.delete(f"/api/v1/me/push-subscriptions/{made['id']}")).status_code == 204


async def test_a_job_keeps_its_connector_from_whoever_reads_its_code(desk: Desk) -> None:
    free = [{"evse": 1, "connector": 1, "status": "Available", "session": None}]
    desk.facade.fleet.views["CP-1"] = view("CP-1", connectors=free)
    connector = told(await desk.operations.get("/api/v1/charge-points/CP-1/connectors"))
    code = (connector["items"] if isinstance(connector, dict) else connector)[0]["code"]

    async def available() -> bool:
        async with desk.facade.client() as anybody:
            shown: bool = told(await anybody.get(f"/api/v1/ad-hoc/{code}"))["available"]
            return shown

    assert await available()
    job = {"charge_point": "cp-1", "evse": 1, "title": "Cable", "due": "2026-01-01T00:00:01Z"}
    made = told(await desk.operations.post("/api/v1/maintenance-jobs", json=job), 201)
    assert not await available()
    desk.facade.clock.advance(5)
    assert told(await desk.support.get("/api/v1/maintenance-summary"))["overdue"] == 1
    part = {"name": "Cable", "quantity": 2, "cost": "84.50", "currency": "EUR"}
    path = f"/api/v1/maintenance-jobs/{made['id']}"
    told(await desk.operations.post(f"{path}/parts", json=part), 201)
    assert told(await desk.operations.get(path))["costs"] == [{"currency": "EUR", "amount": "169.00"}]
    assert_problem(await desk.support.patch(path, json={"state": "done"}), 403)
    told(await desk.operations.patch(path, json={"state": "done", "resolution": "New cable"}))
    assert await available()
