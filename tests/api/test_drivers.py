"""What is a driver's own: two drivers, each route, and neither sees anything of the other; staff finds both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import insert

from engine.stores.sql.models import sessions
from engine.stores.sql.tables.billing import issuers, receipts
from engine.stores.tokens.token import Token
from tests.api.calls import operations
from tests.api.conftest import Facade, assert_problem, view
from tests.people import put_account, put_login

ME = "/api/v1/me"


@dataclass
class Somebody:
    """A driver with a client, a vehicle, a card, a session each that is over and that runs, and a receipt."""

    id: str
    http: httpx.AsyncClient
    vehicle: str
    card: str


async def driver(facade: Facade, name: str) -> Somebody:
    now = facade.clock.now()
    id = f"u-{name}"
    put_account(facade.books, id, f"{name}@example.org", "driver", "default", now=now, driver_of="default")
    login = put_login(facade.books, id, now=now)
    http = facade.client(facade.app.state.context.logins.issue(login)[0])
    profile = {"name": name.title(), "phone": "+91 98450 12345", "address": {"city": "Pune", "country": "IN"}}
    assert (await http.patch(f"{ME}/profile", json=profile)).status_code == 200
    made = await http.post(f"{ME}/vehicles", json={"plate": f"KA 01 {name}", "battery_kwh": "40.5"})
    card = f"CARD-{name}"
    business = facade.ports.business
    await business.tokens.create(Token(card))
    await business.claims.set_code(card, "default", "secret-7")
    assert (await http.post(f"{ME}/tokens", json={"id_token": card.lower(), "code": "SECRET-7"})).status_code == 201
    facade.clock.advance(1)
    await _charge(facade, id, name, card)
    return Somebody(id, http, made.json()["id"], card)


async def _charge(facade: Facade, id: str, name: str, card: str) -> None:
    now = facade.clock.now()
    row = {"charge_point": "CP-1", "evse": 1, "connector": 1, "id_token": card, "started": now, "updated": now}
    over = row | {
        "id": f"over-{name}",
        "state": "stopped",
        "stopped": now + 1,
        "energy_wh": Decimal(22000),
        "doubts": [],
    }
    runs = row | {"id": f"runs-{name}", "state": "started", "stopped": None, "energy_wh": None, "doubts": []}
    receipt = {"id": f"r-{name}", "kind": "receipt", "session": f"over-{name}", "revision": 0, "issuer": "i"}
    receipt |= {
        "number": f"R-{name}",
        "period": "",
        "sequence": len(name),
        "network": "default",
        "charge_point": "CP-1",
    }
    receipt |= {"driver": id, "currency": "INR", "net": 39600, "tax": 7128, "gross": 46728, "energy_wh": 22000}
    receipt |= {"started": now, "ended": now, "issued": now, "day": "2026-01-01", "document": {"number": f"R-{name}"}}
    async with facade.ports.business.database.write() as connection:
        await connection.execute(insert(sessions), [over, runs])
        await connection.execute(insert(receipts), receipt)


@pytest.fixture
async def both(facade: Facade) -> AsyncIterator[tuple[Somebody, Somebody]]:
    issuer = {"id": "i", "network": "default", "name": "I", "address": [], "country": "IN", "tax_ids": []}
    issuer |= {"tax_regime": "NONE", "currency": "INR", "time_zone": "UTC", "number_format": "R", "credit_format": "C"}
    async with facade.ports.business.database.write() as connection:
        await connection.execute(insert(issuers), issuer | {"created": 1})
    asha, bo = await driver(facade, "asha"), await driver(facade, "benedikt")
    live = {"id": "runs-asha", "state": "metered", "energy_wh": "4210", "power_w": "11040"}
    facade.fleet.views["CP-1"] = view("CP-1", connectors=[{"session": None}, {"session": live}])
    yield asha, bo
    await asha.http.aclose()
    await bo.http.aclose()


async def test_each_driver_sees_their_own_and_nothing_else(facade: Facade, both: tuple[Somebody, Somebody]) -> None:
    for mine, other in (both, both[::-1]):
        name, foreign = mine.id.removeprefix("u-"), other.id.removeprefix("u-")
        for path in ("profile", "vehicles", "tokens", "sessions", "receipts", "export"):
            told = (await mine.http.get(f"{ME}/{path}")).text.lower()
            assert name in told, path
            assert foreign not in told.replace(f"{name}@", ""), path
        theirs = {
            "PATCH": [(f"vehicles/{other.vehicle}", {"make": "X"}), (f"tokens/{other.card}", {"label": "X"})],
            "DELETE": [(f"vehicles/{other.vehicle}", None)],
            "POST": [(f"tokens/{other.card}/loss", None), ("tokens", {"id_token": other.card, "code": "secret-7"})],
            "GET": [(f"sessions/over-{foreign}", None), (f"receipts/r-{foreign}", None)],
        }
        for method, asked in theirs.items():
            for path, body in asked:
                assert_problem(await mine.http.request(method, f"{ME}/{path}", json=body), 404)
        for path in (f"sessions/over-{name}", f"receipts/r-{name}"):
            assert (await mine.http.get(f"{ME}/{path}")).status_code == 200
        for path in ("/api/v1/drivers", f"/api/v1/drivers/{mine.id}", "/api/v1/tokens", "/api/v1/sessions"):
            assert_problem(await mine.http.get(path), 403)
    own = {operation.path for operation in operations(facade.app) if operation.permission.startswith("own:")}
    asked_here = {"profile", "vehicles", "tokens", "sessions", "receipts", "export"}
    # Of cases and notices: test_care.py.
    elsewhere = {"charging", "locations", "cases", "notifications", "push-key", "push-subscriptions"}
    assert {path.split("/")[4] for path in own if path.count("/") > 3} - asked_here <= elsewhere


async def test_a_running_session_shows_what_its_station_told_last(both: tuple[Somebody, Somebody]) -> None:
    asha, _ = both
    page = (await asha.http.get(f"{ME}/sessions", params={"running": "true"})).json()["items"]
    assert [(s["id"], s["running"], s["state"], s["energy_wh"], s["power_w"]) for s in page] == [
        ("runs-asha", True, "metered", "4210", "11040")
    ]
    over = (await asha.http.get(f"{ME}/sessions", params={"running": "false"})).json()["items"]
    assert [(s["id"], s["energy_wh"]) for s in over] == [("over-asha", "22000")]
    first = (await asha.http.get(f"{ME}/sessions", params={"limit": 1})).json()
    rest = (await asha.http.get(f"{ME}/sessions", params={"limit": 1, "cursor": first["next"]})).json()
    assert {s["id"] for s in first["items"] + rest["items"]} == {"over-asha", "runs-asha"}
    later = (await asha.http.get(f"{ME}/sessions", params={"since": "2030-01-01T00:00:00Z"})).json()
    assert later == {"items": [], "next": None}


async def test_a_lost_card_is_blocked_and_only_the_operator_unblocks_it(
    both: tuple[Somebody, Somebody], admin: httpx.AsyncClient
) -> None:
    asha, _ = both
    lost = (await asha.http.post(f"{ME}/tokens/{asha.card}/loss")).json()
    assert (lost["status"], lost["driver"]) == ("Blocked", asha.id)
    unblock = {"label": "x", "status": "Accepted"}
    assert_problem(await asha.http.patch(f"{ME}/tokens/{asha.card}", json=unblock), 422, field="status")
    back = await admin.patch(f"/api/v1/tokens/{asha.card}", json={"status": "Accepted"})
    assert (back.json()["status"], back.json()["block_reason"]) == ("Accepted", "")


async def test_changes_of_a_version_that_is_over_are_refused(both: tuple[Somebody, Somebody]) -> None:
    asha, _ = both
    tag = {"If-Match": (await asha.http.get(f"{ME}/profile")).headers["etag"]}
    assert (await asha.http.patch(f"{ME}/profile", json={"language": "mr"}, headers=tag)).json()["language"] == "mr"
    assert_problem(await asha.http.patch(f"{ME}/profile", json={"language": "hi"}, headers=tag), 412)
    assert_problem(await asha.http.patch(f"{ME}/profile", json={"credit_limit": "1"}), 422, field="credit_limit")


async def test_staff_finds_a_driver_and_what_they_did(
    facade: Facade, both: tuple[Somebody, Somebody], admin: httpx.AsyncClient
) -> None:
    for text in ("asha", "R-asha", "card-asha", "ka-01-as"):
        found = (await admin.get("/api/v1/drivers", params={"text": text})).json()["items"]
        assert [row["id"] for row in found] == ["u-asha"], text
    told = (await admin.get("/api/v1/drivers/u-asha/sessions")).json()["items"]
    assert {row["id"] for row in told} == {"over-asha", "runs-asha"}
    assert (await admin.get("/api/v1/drivers/u-asha/vehicles")).json()["items"][0]["battery_kwh"] == "40.5"
    assert "R-asha" in (await admin.get("/api/v1/drivers/u-asha/export")).text
    made = (await admin.post("/api/v1/drivers", json={"name": "Fleet", "email": "fleet@example.org"})).json()
    changed = await admin.patch(f"/api/v1/drivers/{made['id']}", json={"credit_limit": "100.00"})
    assert (changed.json()["credit_limit"], changed.json()["email"]) == ("100.00", "fleet@example.org")
    booked = await admin.post(f"/api/v1/drivers/{made['id']}/payments", json={"amount": "2.50", "note": "Bank"})
    assert booked.json()["credit_used"] == "-2.50"
    assert_problem(await admin.get(f"{ME}/profile"), 404)
    async with facade.client(facade.token("support", "north")) as north:
        assert_problem(await north.get("/api/v1/drivers/u-asha"), 404)
        assert (await north.get("/api/v1/drivers")).json()["items"] == []


async def test_who_has_themselves_forgotten_is_out_at_once(
    facade: Facade, both: tuple[Somebody, Somebody], admin: httpx.AsyncClient
) -> None:
    asha, bo = both
    assert_problem(await asha.http.delete(ME), 409, field="driver")
    async with facade.ports.business.database.write() as connection:
        await connection.execute(sessions.update().values(stopped=facade.clock.now(), state="stopped"))
    assert (await asha.http.delete(ME)).status_code == 204
    assert_problem(await asha.http.get(f"{ME}/profile"), 401)
    assert_problem(await admin.get("/api/v1/drivers/u-asha"), 404)
    assert (await admin.get("/api/v1/drivers", params={"text": "asha"})).json()["items"] == []
    assert (await bo.http.get(f"{ME}/profile")).status_code == 200
