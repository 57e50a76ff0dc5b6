"""Alerts over REST: what somebody on duty does with one, rules for one network, windows, and one's own preferences."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from engine.alerts.observer import AlertObserver
from engine.projections.watch import Watch
from tests.api.conftest import Facade, assert_problem
from tests.engine.projections.events import entry, status


@pytest.fixture
async def watch(facade: Facade) -> Watch:
    made = Watch(facade.ports.business.database, [AlertObserver()], facade.clock)
    await made.open(1)
    return made


@pytest.fixture
async def ops(facade: Facade) -> AsyncIterator[httpx.AsyncClient]:
    async with facade.client(facade.token("operations", "default")) as client:
        yield client


async def fault(facade: Facade, watch: Watch, number: int = 1, connector: int = 1) -> None:
    said = {"error": "GroundFailure", "vendor_error": "E42", "received": facade.clock.now(), "connector": connector}
    await watch.apply([entry(number, [status("Faulted", **said)])])


async def test_somebody_on_duty_sees_takes_over_and_resolves_an_alert(
    facade: Facade, ops: httpx.AsyncClient, watch: Watch
) -> None:
    await fault(facade, watch)
    (alert,) = (await ops.get("/api/v1/alerts", params={"state": "unresolved", "charge_point": "cp-1"})).json()["items"]
    assert (alert["rule"], alert["severity"], alert["state"], alert["network"]) == (
        "faulted",
        "major",
        "open",
        "default",
    )
    assert alert["details"] == {"error": "GroundFailure", "vendor_error": "E42"}
    counts = (await ops.get("/api/v1/alerts/counts")).json()
    assert counts["open"] == {"critical": 0, "major": 1, "minor": 0, "warning": 0}
    path = f"/api/v1/alerts/{alert['id']}"
    taken = await ops.post(f"{path}/acknowledgement", json={"note": "On my way"}, headers={"If-Match": '"1"'})
    assert (taken.status_code, taken.json()["acknowledged_by"]["email"]) == (200, "operations.default@example.org")
    assert_problem(await ops.post(f"{path}/resolution", json={}, headers={"If-Match": '"1"'}), 412)
    me = (await ops.get("/api/v1/me")).json()["id"]
    assert (await ops.post(f"{path}/assignment", json={"assignee": me})).json()["assignee"]["id"] == me
    assert (await ops.post(f"{path}/comments", json={"text": "Fuse"})).status_code == 200
    assert (await ops.post(f"{path}/resolution", json={"note": "Mended"})).json()["resolution"] == "person"
    story = (await ops.get(path)).json()
    told = [(line["kind"], line["note"]) for line in story["history"]]
    assert told == [
        ("opened", ""),
        ("acknowledged", "On my way"),
        ("assigned", ""),
        ("commented", "Fuse"),
        ("resolved", "Mended"),
    ]
    assert story["history"][1]["actor"] == "operations.default@example.org"
    assert_problem(await ops.post(f"{path}/assignment", json={"assignee": None}), 409)
    lines = (await ops.get(f"{path}/history", params={"limit": 2})).json()
    assert (len(lines["items"]), bool(lines["next"])) == (2, True)


async def test_many_are_acknowledged_at_once_and_what_is_not_there_is_said(
    facade: Facade, ops: httpx.AsyncClient, watch: Watch
) -> None:
    await fault(facade, watch)
    await fault(facade, watch, 2, connector=2)
    ids = [each["id"] for each in (await ops.get("/api/v1/alerts")).json()["items"]]
    await ops.post(f"/api/v1/alerts/{ids[1]}/resolution", json={})
    answer = await ops.post("/api/v1/alerts/acknowledgements", json={"alerts": [*ids, "nothing"]})
    assert answer.json()["results"] == {ids[0]: "acknowledged", ids[1]: "resolved", "nothing": "unknown"}


async def test_a_rule_is_changed_for_the_network_and_given_back(ops: httpx.AsyncClient) -> None:
    rules = (await ops.get("/api/v1/alert-rules")).json()["items"]
    assert {rule["source"] for rule in rules} == {"default"}
    assert {"faulted", "offline", "security_event"} <= {rule["kind"] for rule in rules}
    assert "journal_full" not in {rule["kind"] for rule in rules}
    body = {
        "thresholds": {"connections": 10},
        "steps": [{"roles": ["operations"]}, {"after_s": 60, "roles": ["admin"]}],
    }
    changed = await ops.patch("/api/v1/alert-rules/flapping", json=body)
    assert (changed.json()["source"], changed.json()["thresholds"]) == (
        "network",
        {"connections": 10, "window_s": 3600},
    )
    refused = await ops.patch("/api/v1/alert-rules/flapping", json={"thresholds": {"connections": 1000}})
    assert_problem(refused, 422, field="thresholds.connections", remedy="Use 2 to 60.")
    stale = await ops.delete("/api/v1/alert-rules/flapping", headers={"If-Match": '"7"'})
    assert_problem(stale, 412)
    assert (await ops.delete("/api/v1/alert-rules/flapping")).json()["source"] == "default"
    assert_problem(await ops.get("/api/v1/alert-rules/moonshine"), 404)
    assert_problem(await ops.get("/api/v1/alert-rules/journal_full"), 404)


async def test_a_window_keeps_alerts_back(facade: Facade, ops: httpx.AsyncClient, watch: Watch) -> None:
    body = {"charge_point": "CP-1", "reason": "New cable", "begins_at": "2026-01-01T00:00:00Z"}
    refused = await ops.post("/api/v1/maintenance-windows", json=body | {"ends_at": "2025-12-31T00:00:00Z"})
    assert_problem(refused, 422, field="ends_at")
    half = await ops.post("/api/v1/maintenance-windows", json=body | {"ends_at": "2026-01-01T04:00:00Z", "evse": 1})
    assert_problem(half, 422, field="connector")
    made = await ops.post("/api/v1/maintenance-windows", json=body | {"ends_at": "2026-01-01T04:00:00Z"})
    assert (made.status_code, made.json()["network"]) == (201, "default")
    await fault(facade, watch)
    assert (await ops.get("/api/v1/alerts")).json()["items"] == []
    path = f"/api/v1/maintenance-windows/{made.json()['id']}"
    later = await ops.patch(path, json={"ends_at": "2026-01-01T05:00:00Z"}, headers={"If-Match": made.headers["etag"]})
    assert later.json()["ends_at"] == "2026-01-01T05:00:00.000Z"
    assert [each["id"] for each in (await ops.get("/api/v1/maintenance-windows")).json()["items"]] == [
        made.json()["id"]
    ]
    assert (await ops.delete(path)).status_code == 204
    assert_problem(await ops.get(path), 404)


async def test_my_preferences_are_mine_and_checked(ops: httpx.AsyncClient) -> None:
    path = "/api/v1/me/alert-preferences"
    assert (await ops.get(path)).json()["quiet_from"] is None
    body = {"severity": "major", "quiet_from": "22:00", "quiet_to": "07:30", "time_zone": "Asia/Kolkata"}
    changed = await ops.patch(path, json=body)
    assert {name: changed.json()[name] for name in body} == body
    assert (await ops.get(path)).json() == changed.json()
    for wrong, field in (
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ):
        assert_problem(await ops.patch(path, json=wrong), 422, field=field)
    assert_problem(await ops.patch(path, json={"channels": ["nothing"]}), 404, field="channels")
    assert (await ops.patch(path, json={"quiet_from": None, "quiet_to": None})).json()["quiet_to"] is None
