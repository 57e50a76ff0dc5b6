"""Tariffs over REST: written, published, assigned, explained, and told in advance."""

from __future__ import annotations

from typing import Any

import orjson

from api.sources.ledger import SqlLedger
from engine.access.scope import EVERYWHERE
from engine.charging.kept.view import prices_view
from engine.charging.view import charge_point_view
from engine.journal.encoding import event_records
from engine.journal.port import Entry
from engine.journal.records import VERSION
from engine.projections.ledger import Ledger
from engine.stores.places.networks import Network
from tests.api.conftest import Facade, session_row
from tests.engine.charging.priced import MALL as STANDING
from tests.engine.charging.priced import Station

MALL: dict[str, Any] = {
    "currency": "INR",
    "elements": [{"components": [{"dimension": "ENERGY", "price": "18"}]}],
    "idle": {"per_minute": "3", "grace_s": 300},
    "tax_included": True,
    "text": {"en": "₹18 per kWh, ₹3 per minute idle after 5 minutes"},
}
PLAN = {"start": "2026-01-05T10:00:00Z", "kwh": "22", "power_kw": "44", "idle_s": 420}
NIGHT = {
    "components": [{"dimension": "ENERGY", "price": "9"}],
    "restrictions": {"start_time": "22:00", "end_time": "06:00"},
}


async def test_a_tariff_is_drafted_published_assigned_and_explained(facade: Facade) -> None:
    async with facade.client(facade.token("finance")) as client:
        made = await client.post("/api/v1/tariffs", json={"name": "City Mall", "content": MALL})
        assert (made.status_code, made.json()["current"]) == (201, None)
        tariff = made.json()["id"]
        draft = await client.get(f"/api/v1/tariffs/{tariff}/versions/1")
        assert draft.json()["content"]["idle"]["grace_s"] == 300
        assert draft.json()["content"]["name"] == "City Mall"
        tag = {"If-Match": draft.headers["ETag"]}
        dearer = MALL | {"elements": [NIGHT, *MALL["elements"]]}
        changed = await client.put(f"/api/v1/tariffs/{tariff}/versions/1", json=dearer, headers=tag)
        assert len(changed.json()["content"]["elements"]) == 2
        again = await client.put(f"/api/v1/tariffs/{tariff}/versions/1", json=MALL, headers=tag)
        assert again.status_code == 412
        assert (await client.put(f"/api/v1/tariffs/{tariff}/versions/1", json=MALL)).status_code == 200
        published = await client.post(f"/api/v1/tariffs/{tariff}/versions/1/publish", json={})
        assert published.json()["state"] == "published"
        late = await client.put(f"/api/v1/tariffs/{tariff}/versions/1", json=dearer)
        assert late.status_code == 409, "what holds is never changed"
        past = {"content": dearer, "publish": {"valid_from": "2020-01-01T00:00:00Z"}}
        assert (await client.post(f"/api/v1/tariffs/{tariff}/versions", json=past)).status_code == 422
        yen = {"content": MALL | {"currency": "JPY"}}
        assert (await client.post(f"/api/v1/tariffs/{tariff}/versions", json=yen)).json()["field"] == "currency"
        assigned = await client.post("/api/v1/tariff-assignments", json={"tariff": tariff})
        assert assigned.status_code == 201
        held = (
            await client.get("/api/v1/tariff-for", params={"charge_point": "CP-1", "evse": 1, "connector": 1})
        ).json()
        assert (held["tariff"], held["version"]) == (tariff, 1)
        assert "network default" in held["reason"]
        assert (await client.delete(f"/api/v1/tariffs/{tariff}")).status_code == 409
        gone = await client.delete(f"/api/v1/tariff-assignments/{assigned.json()['id']}")
        assert gone.status_code == 204
        held = (await client.get("/api/v1/tariff-for", params={"charge_point": "CP-1"})).json()
        assert (held["tariff"], held["reason"]) == (None, "No tariff is assigned here.")
        listed = (await client.get("/api/v1/tariffs", params={"q": "mall", "currency": "INR"})).json()
        assert [(row["id"], row["current"]) for row in listed["items"]] == [(tariff, 1)]


async def test_a_preview_says_what_a_session_would_cost_and_why(facade: Facade) -> None:
    async with facade.client(facade.token("support")) as client:
        told = (await client.post("/api/v1/tariff-preview", json={"content": MALL, **PLAN})).json()
        assert (told["gross"], told["currency"], told["idle_s"]) == ("402.00", "INR", 420)
        assert [(line["kind"], line["amount"]) for line in told["lines"]] == [("energy", "396.00"), ("idle", "6.00")]
        assert "after 5 minutes of grace" in told["lines"][1]["reason"]
        odd = await client.post("/api/v1/tariff-preview", json={"content": MALL, **PLAN, "time_zone": "Mars/Olympus"})
        assert (odd.status_code, odd.json()["field"]) == (422, "time_zone")
        lint = await client.post("/api/v1/tariff-lint", json={"content": MALL | {"elements": [NIGHT]}})
        assert lint.json()["findings"]
        refused = await client.post("/api/v1/tariffs", json={"name": "Mine", "content": MALL})
        assert refused.status_code == 403, "support reads tariffs and writes none"


async def test_another_operator_sees_and_changes_nothing(facade: Facade) -> None:
    await facade.ports.business.networks.create(Network("north", "North"), scope=EVERYWHERE)
    async with facade.client(facade.token("finance")) as client:
        made = await client.post("/api/v1/tariffs", json={"name": "Ours", "content": MALL, "publish": {}})
        tariff = made.json()["id"]
        assigned = (await client.post("/api/v1/tariff-assignments", json={"tariff": tariff})).json()["id"]
    async with facade.client(facade.token("finance", "north")) as client:
        assert (await client.get("/api/v1/tariffs")).json()["items"] == []
        assert (await client.get("/api/v1/tariff-assignments")).json()["items"] == []
        for path in (f"tariffs/{tariff}", f"tariffs/{tariff}/versions/1", f"tariff-assignments/{assigned}"):
            assert (await client.get(f"/api/v1/{path}")).status_code == 404
        assert (await client.get("/api/v1/tariff-for", params={"charge_point": "CP-1"})).status_code == 404
        for path, body in (
            (f"tariffs/{tariff}/versions", {"content": MALL}),
            (f"tariffs/{tariff}/versions/1/withdraw", None),
            (f"tariffs/{tariff}/preview", PLAN),
            ("tariff-assignments", {"tariff": tariff}),
            ("tariffs", {"name": "Theirs", "network": "default", "content": MALL}),
        ):
            assert (await client.post(f"/api/v1/{path}", json=body)).status_code == 404, path
        mine = await client.post("/api/v1/tariffs", json={"name": "Mine", "network": "north", "content": MALL})
        there = {"tariff": mine.json()["id"], "charge_point": "CP-1"}
        assert (await client.post("/api/v1/tariff-assignments", json=there)).status_code == 404


async def test_a_sessions_price_is_told_while_it_runs_and_when_it_is_settled(facade: Facade) -> None:
    station = Station(STANDING).start()
    station.says("Charging")
    station.meter(3000, 600)
    facade.ledger.rows.append(session_row(7, id="session-101"))
    facade.fleet.kept_views["CP-1", "prices"] = prices_view(station.world.parts)
    async with facade.client(facade.token("support")) as client:
        running = (await client.get("/api/v1/sessions/session-101/price")).json()
        assert (running["settled"], running["bill"]["gross"]) == (False, "36.00")
        assert charge_point_view("CP-1", station.world.parts)["connectors"][0]["session"]["tariff"] == "mall"
        station.stop(23_000, 60, reason="EVDisconnected")
        entry = {"e": orjson.dumps([orjson.loads(event_records(event)[0].data) for event in station.world.events])}
        ledger = Ledger(facade.ports.business.database)
        position = (await ledger.open(1))[0]
        await ledger.apply([Entry(0, position + 1, VERSION, entry)])
        settled = (await client.get("/api/v1/sessions/session-101/price")).json()
        assert (settled["settled"], settled["bill"]["gross"], settled["version"]) == (True, "396.00", 3)
        row = await SqlLedger(facade.ports.business.database).session("session-101", EVERYWHERE)
        assert (row.cost, row.currency, row.tariff, row.network) == ("396.00", "INR", "mall", "net")
        assert row.settled is not None
        free = (await client.get("/api/v1/sessions/s0001/price")).json()
        assert (free["tariff"], free["bill"]) == (None, None)
