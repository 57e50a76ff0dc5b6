"""What the routes take and give: charge points, tokens, sessions, meter curves, commands, the system's own state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.ports.facade import Component, Sample
from engine.clock import SECOND
from engine.errors import InvalidInput, JournalUnavailable
from tests.api.conftest import Facade, assert_problem, command_row, facade_with, session_row, view

CP = "/api/v1/charge-points"


async def test_a_charge_point_is_registered_changed_and_retired(facade: Facade, admin: httpx.AsyncClient) -> None:
    body = {"id": "CP-2", "name": "Back", "isolation": "dedicated", "password": "0123456789abcdef"}
    made = await admin.post(CP, json=body)
    assert made.status_code == 201
    assert made.headers["location"] == f"{CP}/CP-2"
    assert "0123456789abcdef" not in made.text
    assert made.json()["secured"] is True
    assert_problem(await admin.post(CP, json=body), 409, field="charge_point_id")
    changed = (await admin.patch(f"{CP}/CP-2", json={"password": None})).json()
    assert (changed["secured"], changed["name"], changed["isolation"]) == (False, "Back", "dedicated")
    assert (await admin.delete(f"{CP}/CP-2")).status_code == 204
    assert [row["id"] for row in (await admin.get(CP)).json()["items"]] == ["CP-1"]
    shown = (await admin.get(CP, params={"retired": True})).json()["items"]
    assert [row["id"] for row in shown] == ["CP-1", "CP-2"]
    command = {"action": "Reset", "payload": {"type": "Soft"}}
    assert_problem(await admin.post(f"{CP}/CP-2/commands", json=command), 409)
    assert_problem(await admin.delete(f"{CP}/CP-2"), 409)
    assert facade.fleet.asked == []


async def test_a_live_state_has_readable_times(facade: Facade, admin: httpx.AsyncClient) -> None:
    session = {
        "id": "s1",
        "state": "metered",
        "evse": 1,
        "connector": 1,
        "transaction": "7",
        "id_token": "TAG",
        "authorisation": "Accepted",
        "command": "",
        "started": 1_767_225_600 * SECOND,
        "energy_wh": "4210.5",
        "power_w": "11040",
        "metered": None,
        "doubts": [],
    }
    connector = {"evse": 1, "connector": 1, "status": "Charging", "error": "NoError", "info": "", "since": None}
    facade.fleet.views["CP-1"] = view("CP-1", connectors=[{**connector, "power_w": "11040", "session": session}])
    live = (await admin.get(f"{CP}/CP-1")).json()["live"]
    assert live["last_seen_at"] == "2026-01-01T00:00:01.000Z"
    assert live["connectors"][0]["session"]["started_at"] == "2026-01-01T00:00:00.000Z"
    assert live["connectors"][0]["session"]["energy_wh"] == "4210.5"
    assert (await admin.get(f"{CP}/CP-1/state")).json() == live


async def test_registered_stations_stay_readable_while_live_states_are_away(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Any) -> None:
        raise JournalUnavailable("away")

    monkeypatch.setattr(facade.fleet, "states", away)
    monkeypatch.setattr(facade.fleet, "state", away)
    assert (await admin.get(CP)).json()["items"][0]["live"] is None
    assert_problem(await admin.get(f"{CP}/CP-1/state"), 503)


@pytest.mark.parametrize("name", ["CP-9", "x" * 49, "a%20b", "a%00b", "%F0%9F%94%8C%22"])
async def test_ids_that_nobody_has_are_not_found(admin: httpx.AsyncClient, name: str) -> None:
    for path in ("", "/state", "/commands"):
        assert_problem(await admin.get(f"{CP}/{name}{path}"), 404)


async def test_a_station_that_never_connected_has_no_state(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views.clear()
    assert (await admin.get(f"{CP}/CP-1")).json()["live"] is None
    assert_problem(await admin.get(f"{CP}/CP-1/state"), 404)


async def test_tokens_are_added_blocked_and_listed(admin: httpx.AsyncClient) -> None:
    made = await admin.post("/api/v1/tokens", json={"id_token": "A1", "expires_at": "2027-01-01T01:00:00+01:00"})
    assert made.status_code == 201
    assert made.json()["expires_at"] == "2027-01-01T00:00:00.000Z"
    assert_problem(await admin.post("/api/v1/tokens", json={"id_token": "A1"}), 409)
    blocked = (await admin.patch("/api/v1/tokens/A1", json={"status": "Blocked"})).json()
    assert (blocked["status"], blocked["expires_at"]) == ("Blocked", "2027-01-01T00:00:00.000Z")
    assert (await admin.patch("/api/v1/tokens/A1", json={"expires_at": None})).json()["expires_at"] is None
    first = (await admin.get("/api/v1/tokens", params={"limit": 1})).json()
    assert [row["id_token"] for row in first["items"]] == ["A1"]
    rest = (await admin.get("/api/v1/tokens", params={"cursor": first["next"]})).json()
    assert ([row["id_token"] for row in rest["items"]], rest["next"]) == (["TAG"], None)
    assert_problem(await admin.patch("/api/v1/tokens/NONE", json={"label": "x"}), 404)


async def test_sessions_show_exact_energies_and_are_filtered(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.ledger.rows += [session_row(2, charge_point="CP-2"), session_row(3, state="started", stopped=None)]
    one = (await admin.get("/api/v1/sessions/s0001")).json()
    assert (one["energy_wh"], one["started_at"]) == ("8000.5", "2026-01-01T00:00:01.000Z")
    assert_problem(await admin.get("/api/v1/sessions/none"), 404)

    async def ids(**wanted: str) -> list[str]:
        return [row["id"] for row in (await admin.get("/api/v1/sessions", params=wanted)).json()["items"]]

    assert await ids() == ["s0003", "s0002", "s0001"]
    assert await ids(charge_point="CP-2") == ["s0002"]
    assert await ids(state="started") == ["s0003"]
    assert await ids(since="2026-01-01T00:00:02Z") == ["s0003", "s0002"]
    assert await ids(until="2026-01-01T00:00:02Z") == ["s0001"]


@settings(max_examples=15, deadline=None)
@given(count=st.integers(0, 12), limit=st.integers(1, 5), same=st.booleans())
async def test_pages_show_every_session_once_in_order(count: int, limit: int, same: bool) -> None:
    facade = facade_with()
    facade.ledger.rows = [session_row(number, **({"ordering": 5} if same else {})) for number in range(count)]
    seen: list[str] = []
    async with facade.client(facade.token()) as client:
        wanted: dict[str, Any] = {"limit": limit}
        while True:
            page = (await client.get("/api/v1/sessions", params=wanted)).json()
            seen += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            wanted["cursor"] = page["next"]
    assert seen == [f"s{number:04d}" for number in reversed(range(count))]


async def test_the_meter_curve_of_one_session(admin: httpx.AsyncClient) -> None:
    url = "/api/v1/sessions/s0001/meter-values"
    curve = (await admin.get(url)).json()
    assert curve["complete"] is True
    assert [(each["measurand"], each["unit"], len(each["points"])) for each in curve["curves"]] == [
        ("Energy.Active.Import.Register", "Wh", 2),
        ("Voltage", "V", 1),
    ]
    assert curve["curves"][0]["points"][1]["value"] == "1290.5"
    only = (await admin.get(url, params={"measurand": "Voltage"})).json()
    assert [each["measurand"] for each in only["curves"]] == ["Voltage"]
    coarse = (await admin.get(url, params={"step_s": 60, "measurand": "Energy.Active.Import.Register"})).json()
    assert [(p["value"], p["samples"]) for p in coarse["curves"][0]["points"]] == [("1290.5", 2)]
    assert (await admin.get(url, params={"limit": 1})).json()["complete"] is False
    assert_problem(await admin.get("/api/v1/sessions/none/meter-values"), 404)


async def test_a_command_is_answered_with_id_outcome_and_the_stations_payload(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    body = {"action": "Reset", "payload": {"type": "Soft"}, "timeout_s": 12}
    answer = await admin.post(f"{CP}/CP-1/commands", json=body)
    assert answer.status_code == 200
    given = answer.json()
    assert (given["outcome"], given["payload"]) == ("Accepted", {"status": "Accepted"})
    asked = facade.fleet.asked[0]
    assert asked == {
        "charge_point": "CP-1",
        "action": "Reset",
        "payload": {"type": "Soft"},
        "timeout_s": 12,
        "wait": False,
        "requested_by": "admin@example.org",
        "command_id": given["id"],
    }
    assert answer.headers["location"] == f"/api/v1/commands/{given['id']}"


async def test_an_offline_station_is_an_outcome_and_no_error(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views.clear()
    answer = await admin.post(f"{CP}/CP-1/commands", json={"action": "ClearCache"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "NotConnected")
    assert_problem(await admin.post(f"{CP}/CP-9/commands", json={"action": "ClearCache"}), 404)


async def test_a_payload_that_may_not_be_sent_is_refused_by_field(facade: Facade) -> None:
    def check(subprotocol: str, action: str, payload: Any) -> None:
        assert subprotocol == "ocpp1.6"
        raise InvalidInput("'Sot' is no type.", field="payload.type", remedy="Use Hard or Soft.")

    facade.app.state.context.ports = replace(facade.ports, check_call=check)
    async with facade.client(facade.token()) as client:
        answer = await client.post(f"{CP}/CP-1/commands", json={"action": "Reset", "payload": {"type": "Sot"}})
    assert_problem(answer, 422, field="payload.type", remedy="Use Hard or Soft.")
    assert facade.fleet.asked == []


@pytest.mark.parametrize("timeout", [0, -1, 3601, "soon", None])
async def test_a_timeout_out_of_bounds_is_refused(admin: httpx.AsyncClient, timeout: Any) -> None:
    body = {"action": "ClearCache", "timeout_s": timeout}
    assert_problem(await admin.post(f"{CP}/CP-1/commands", json=body), 422, field="timeout_s")


async def test_earlier_commands_are_listed_newest_first(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.ledger.ended.append(command_row(2, state="sent", outcome="", ended=None, answer=None))
    listed = (await admin.get(f"{CP}/CP-1/commands")).json()["items"]
    assert [(row["id"], row["outcome"]) for row in listed] == [("c0002", None), ("c0001", "Accepted")]
    assert (await admin.get("/api/v1/commands/c0001")).json()["payload"] == {"type": "Soft"}
    assert_problem(await admin.get("/api/v1/commands/none"), 404)


async def test_actors_are_shown_by_host(facade: Facade, admin: httpx.AsyncClient) -> None:
    actor = {"charge_point": "CP-1", "mailbox": 0, "epoch": 3, "connection": 1}
    facade.fleet.members.append({"name": "host-1", "actors": [actor]})
    assert (await admin.get("/api/v1/actors")).json()["hosts"][0]["actors"] == [actor]


async def test_readiness_names_what_does_not_work(facade: Facade) -> None:
    facade.health.parts = [Component("journal", True), Component("analytics", False, "does not answer")]
    async with facade.client() as client:
        answer = await client.get("/readyz")
        body = assert_problem(answer, 503)
        assert body["errors"] == [{"field": "analytics", "detail": "does not answer"}]
        assert (await client.get("/healthz")).json() == {"alive": True}
        facade.health.parts.pop()
        assert (await client.get("/readyz")).json()["ready"] is True


async def test_metrics_come_as_prometheus_text(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.metrics.samples = [
        Sample("raycharge_lag_entries", "Entries behind.", 3, {"projection": "ledger"}),
        Sample("raycharge_lag_entries", "Entries behind.", 4, {"projection": "analytics"}),
        Sample("raycharge_frames_total", "Frames.", 7),
    ]
    await admin.get("/api/v1/me")
    text = (await admin.get("/metrics")).text
    assert 'raycharge_lag_entries{projection="analytics"} 4.0' in text
    assert text.count("# TYPE raycharge_lag_entries gauge") == 1
    assert "raycharge_frames_total 7.0" in text
    assert 'raycharge_api_request_seconds_count{operation="getMe",status="200"} 1.0' in text
