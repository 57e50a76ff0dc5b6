"""Finance over REST: an issuer, receipts to read and print, corrections, decisions, the book; each network its own."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import insert

from engine.projections.billing import Billing
from engine.stores.sql.tables.tokens import drivers, token_holders
from tests.api.billing.examples import EUROS, ISSUER, with_billing
from tests.api.conftest import Facade, assert_problem
from tests.api.places.examples import with_places
from tests.engine.billing.world import settled
from tests.engine.projections.events import entry

API = "/api/v1"


@pytest.fixture
async def finance(facade: Facade) -> AsyncIterator[httpx.AsyncClient]:
    await with_places(facade)
    await with_billing(facade)
    async with facade.client(facade.token("finance", "default")) as client:
        yield client


async def test_a_receipt_is_listed_read_and_printed(finance: httpx.AsyncClient) -> None:
    (row,) = (await finance.get(f"{API}/receipts", params={"number": "RC/", "session": "s1"})).json()["items"]
    assert (row["number"], row["net"], row["tax"], row["gross"]) == ("RC/2026/000001", "417.00", "79.23", "496.23")
    one = await finance.get(f"{API}/receipts/r0001")
    assert (one.headers["etag"], one.json()["credited"]) == ('"1"', "0.00")
    assert [line["rounded"] for line in one.json()["document"]["bill"]["lines"]] == ["396.00", "21.00"]
    page = await finance.get(f"{API}/receipts/r0001/html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "€496.23" in page.text
    printed = await finance.get(f"{API}/receipts/r0001/pdf")
    assert printed.headers["content-disposition"] == 'inline; filename="RC-2026-000001.pdf"'
    assert printed.content.startswith(b"%PDF-")
    for path in ("", "/html", "/pdf"):
        assert_problem(await finance.get(f"{API}/receipts/r0009{path}"), 404)
    assert_problem(await finance.get(f"{API}/receipts", params={"sort": "colour"}), 422, field="sort")


async def test_a_receipt_is_credited_and_corrected_against_its_etag(finance: httpx.AsyncClient) -> None:
    credit = {"amount": "100.00", "reason": "The barrier was broken"}
    path = f"{API}/receipts/r0001/credit-notes"
    note = await finance.post(path, json=credit, headers={"If-Match": '"1"', "Idempotency-Key": "k1"})
    assert note.status_code == 201, note.text
    assert (note.json()["number"], note.json()["gross"], note.json()["about"]) == ("CN/2026/000001", "100.00", "r0001")
    again = await finance.post(path, json=credit, headers={"If-Match": '"1"', "Idempotency-Key": "k1"})
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (note.json()["id"], "true")
    assert_problem(await finance.post(path, json=credit, headers={"If-Match": '"1"'}), 412)
    assert_problem(await finance.post(path, json=credit | {"amount": "396.24"}), 422, field="amount")
    body = {"figures": {"energy_kwh": "20"}, "reason": "Meter read wrong"}
    new = (await finance.post(f"{API}/receipts/r0001/corrections", json=body)).json()
    assert (new["number"], new["about"], new["gross"]) == ("RC/2026/000002", "r0001", "453.39")
    old = (await finance.get(f"{API}/receipts/r0001")).json()
    assert (old["credited"], len(old["credit_notes"]), old["replaced_by"]) == ("496.23", 2, new["id"])
    assert_problem(await finance.post(f"{API}/receipts/r0001/corrections", json=body), 409)
    book = list(csv.DictReader((await finance.get(f"{API}/receipt-book")).text.splitlines()))
    assert {line["number"]: line["VAT"] for line in book if line["kind"] == "credit_note"} == {
        "CN/2026/000001": "-15.97",
        "CN/2026/000002": "-63.26",
    }
    report = (await finance.get(f"{API}/reports/revenue", params={"by": "tariff"})).json()
    assert [row["gross"] for row in report["rows"]] == ["453.39"]
    assert report["open_reviews"] == 1


async def test_a_doubtful_session_is_previewed_and_decided_once(finance: httpx.AsyncClient) -> None:
    (item,) = (await finance.get(f"{API}/reviews")).json()["items"]
    assert (item["id"], item["findings"][0]["doubt"], item["proposed"]["gross"]) == ("v0001", "no_stop", "496.23")
    shown = (await finance.post(f"{API}/reviews/v0001/preview", json={"energy_kwh": "10"})).json()
    assert (shown["bill"]["gross"], shown["findings"][0]["doubt"]) == ("239.19", "no_stop")
    decision = {"decision": "correct", "figures": {"energy_kwh": "10"}, "note": "Read at the car"}
    tag = (await finance.get(f"{API}/reviews/v0001")).headers["etag"]
    for _ in range(2):
        done = await finance.post(f"{API}/reviews/v0001/resolution", json=decision, headers={"If-Match": tag})
        assert (done.status_code, done.json()["resolution"]) == (200, "corrected")
    other = {"decision": "waive", "note": "Changed my mind"}
    assert_problem(await finance.post(f"{API}/reviews/v0001/resolution", json=other), 409)
    assert (await finance.get(f"{API}/reviews")).json()["items"] == []
    assert [
        row["gross"] for row in (await finance.get(f"{API}/receipts", params={"session": "s2"})).json()["items"]
    ] == ["239.19"]


async def test_issuers_are_entered_changed_and_retired(facade: Facade, finance: httpx.AsyncClient) -> None:
    assert_problem(await finance.post(f"{API}/issuers", json=ISSUER | {"network": "spare"}), 404)
    assert_problem(await finance.post(f"{API}/issuers", json=ISSUER), 409)
    assert_problem(await finance.patch(f"{API}/issuers/i0001", json={"number_format": "X{n}"}), 409)
    changed = await finance.patch(f"{API}/issuers/i0001", json={"footer": "Danke"}, headers={"If-Match": '"1"'})
    assert (changed.json()["footer"], changed.headers["etag"]) == ("Danke", '"2"')
    assert_problem(await finance.delete(f"{API}/issuers/i0001", headers={"If-Match": '"1"'}), 412)
    assert (await finance.delete(f"{API}/issuers/i0001")).status_code == 204
    indian = ISSUER | {"tax_regime": "IN_GST", "number_format": "R{n}", "credit_format": "C{n}"}
    assert_problem(await finance.post(f"{API}/issuers", json=indian), 422, field="region")
    fresh = ISSUER | {"number_format": "R{n}", "credit_format": "C{n}"}
    made = await finance.post(f"{API}/issuers", json=fresh)
    assert made.status_code == 201, made.text
    assert (await finance.get(made.headers["location"])).json()["network"] == "default"
    listed = (await finance.get(f"{API}/issuers", params={"retired": True, "sort": "-created"})).json()["items"]
    assert {row["id"] for row in listed} == {"i0001", made.json()["id"]}


async def test_a_dead_letter_is_seen_and_tried_again(facade: Facade, finance: httpx.AsyncClient) -> None:
    async with facade.client(facade.token("support", "default")) as support:
        (letter,) = (await support.get(f"{API}/outbox", params={"state": "dead"})).json()["items"]
        assert (letter["recipient"], letter["error"]) == ("ann@example.org", "550 No such mailbox")
        assert not {"body", "html"} & letter.keys()
        again = await support.post(f"{API}/outbox/m0001/redelivery")
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        assert_problem(await support.post(f"{API}/outbox/m0001/redelivery"), 409)
        told = (await support.get(f"{API}/outbox/m0001")).json()
        assert "RAYCHARGE_SMTP_URL" in told["error"]


async def test_nothing_of_it_is_seen_from_another_network(facade: Facade, finance: httpx.AsyncClient) -> None:
    async with facade.client(facade.token("finance", "spare")) as stranger:
        for area in ("receipts", "reviews", "issuers", "outbox"):
            assert (await stranger.get(f"{API}/{area}")).json()["items"] == []
        for path in ("receipts/r0001", "receipts/r0001/pdf", "reviews/v0001", "issuers/i0001", "outbox/m0001"):
            assert_problem(await stranger.get(f"{API}/{path}"), 404)
        credit = {"reason": "Mine"}
        assert_problem(await stranger.post(f"{API}/receipts/r0001/credit-notes", json=credit), 404)
        decision = {"decision": "waive", "note": "Mine"}
        assert_problem(await stranger.post(f"{API}/reviews/v0001/resolution", json=decision), 404)
        bulk = {"network": "default", "doubt": "no_stop", "note": "Mine"}
        assert_problem(await stranger.post(f"{API}/reviews/resolution", json=bulk), 404)
        assert (await stranger.get(f"{API}/receipt-book")).text.count("\n") == 1


async def test_drivers_print_their_own_receipts_and_no_others(facade: Facade, finance: httpx.AsyncClient) -> None:
    token = facade.token("driver")
    business = facade.ports.business
    async with business.database.write() as connection:
        row = {"id": "d1", "network": "default", "account": "u-driver", "created": 1, "updated": 1}
        await connection.execute(insert(drivers), row)
        held = {"network": "default", "folded": "card", "since": 0, "driver": "d1"}
        await connection.execute(insert(token_holders), held)
    billing = Billing(business.database, facade.clock)
    await billing.open(1)
    await billing.apply([entry(2, [settled("s3", tariff=EUROS, id_token="CARD")])])
    async with facade.client(token) as driver:
        (mine,) = (await driver.get(f"{API}/me/receipts")).json()["items"]
        assert "€496.23" in (await driver.get(f"{API}/me/receipts/{mine['id']}/html")).text
        printed = await driver.get(f"{API}/me/receipts/{mine['id']}/pdf")
        assert printed.content.startswith(b"%PDF-")
        for path in ("html", "pdf"):
            assert_problem(await driver.get(f"{API}/me/receipts/r0001/{path}"), 404)
