"""What is kept of a station beside its charging, as REST shows it: the same whatever version the station speaks."""

from __future__ import annotations

from typing import Any

import httpx

from api.ports.security_events import MemorySecurityEvents, SecurityEventRow
from engine.clock import SECOND
from tests.api.conftest import Facade, assert_problem

CP = "/api/v1/charge-points/CP-1"
AT, AT_TEXT = 1_767_225_600 * SECOND, "2026-01-01T00:00:00.000Z"
LATER, LATER_TEXT = AT + 60 * SECOND, "2026-01-01T00:01:00.000Z"


def _setting(**changes: Any) -> dict[str, Any]:
    given = {
        "component": "OCPPCommCtrlr",
        "component_instance": "",
        "evse": None,
        "connector": None,
        "key": "HeartbeatInterval",
        "instance": "",
        "attribute": "Actual",
        "value": "300",
        "mutability": "ReadWrite",
        "readonly": False,
        "read_at": AT,
    }
    return given | changes


async def test_settings_show_component_value_and_when_they_were_read(facade: Facade, admin: httpx.AsyncClient) -> None:
    key = _setting(component="", key="NumberOfConnectors", mutability="ReadOnly", readonly=True, read_at=None)
    facade.fleet.kept_views["CP-1", "configuration"] = [_setting(), key]
    shown = (await admin.get(f"{CP}/configuration")).json()
    first, second = shown["settings"]
    assert (shown["charge_point"], first["component"], first["read_at"]) == ("CP-1", "OCPPCommCtrlr", AT_TEXT)
    assert (second["key"], second["readonly"], second["read_at"]) == ("NumberOfConnectors", True, None)


async def test_nothing_told_is_shown_as_nothing(admin: httpx.AsyncClient) -> None:
    assert (await admin.get(f"{CP}/local-list")).json()["version"] is None
    for path in ("configuration", "certificates", "reservations", "jobs", "display-messages"):
        body = (await admin.get(f"{CP}/{path}")).json()
        assert [value for value in body.values() if isinstance(value, list)] == [[]], path


async def test_a_station_that_never_connected_has_no_kept_state(facade: Facade, admin: httpx.AsyncClient) -> None:
    await facade.registry.add_charge_point("CP-9", name="", isolation="shared", password=None)
    for path in ("configuration", "local-list", "monitors", "reports", "reports/1", "charging-profiles"):
        assert_problem(await admin.get(f"/api/v1/charge-points/CP-9/{path}"), 404, field="id")


async def test_a_job_shows_its_steps_the_newest_job_first(facade: Facade, admin: httpx.AsyncClient) -> None:
    job = {
        "job": "firmware",
        "request": 7,
        "command": "c1",
        "state": "running",
        "status": "Downloading",
        "location": "https://host/image",
        "file": "",
        "info": "",
        "started": AT,
        "ended": None,
        "steps": [["Downloading", LATER]],
    }
    facade.fleet.kept_views["CP-1", "jobs"] = [job, {**job, "request": 8, "ended": LATER, "steps": []}]
    newest, oldest = (await admin.get(f"{CP}/jobs")).json()["jobs"]
    assert (newest["request"], newest["ended_at"]) == (8, LATER_TEXT)
    assert oldest["steps"] == [{"status": "Downloading", "at": LATER_TEXT}]
    assert oldest["started_at"] == AT_TEXT


async def test_a_reservation_shows_when_it_ends_and_what_it_was_used_for(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    row = {"id": 3, "state": "used", "evse": 1, "id_token": "TAG", "group": "", "expires": LATER, "made": AT}
    facade.fleet.kept_views["CP-1", "reservations"] = [row | {"ended": AT, "session": "s1", "command": "c1"}]
    (shown,) = (await admin.get(f"{CP}/reservations")).json()["reservations"]
    assert (shown["state"], shown["expires_at"], shown["session"]) == ("used", LATER_TEXT, "s1")


async def test_profiles_come_with_composites_limits_and_needs(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.kept_views["CP-1", "charging-profiles"] = {
        "profiles": [],
        "composites": [{"evse": 1, "unit": "A", "periods": [{"start_s": 0, "limit": 16}], "read_at": AT}],
        "limits": [{"evse": 0, "source": "EMS", "grid_critical": True, "schedules": [], "at": AT}],
        "needs": [{"evse": 1, "needs": {"requestedEnergyTransfer": "DC"}, "needs_at": AT}],
    }
    shown = (await admin.get(f"{CP}/charging-profiles")).json()
    assert shown["composites"][0]["read_at"] == shown["limits"][0]["at"] == shown["needs"][0]["needs_at"] == AT_TEXT


async def test_a_report_is_shown_as_far_as_it_has_come(admin: httpx.AsyncClient) -> None:
    (listed,) = (await admin.get(f"{CP}/reports")).json()["reports"]
    assert (listed["request"], listed["state"], listed["complete"]) == (1, "open", False)
    whole = (await admin.get(f"{CP}/reports/1")).json()
    assert (whole["items"], whole["parts"]) == ([{"variable": "Interval"}], 1)
    assert_problem(await admin.get(f"{CP}/reports/2"), 404, field="request")


async def test_security_events_are_paged_and_say_which_are_critical(facade: Facade, admin: httpx.AsyncClient) -> None:
    kinds = ["TamperDetectionActivated", "InvalidMessages", "VendorsOwn"]
    assert isinstance(facade.ports.security_events, MemorySecurityEvents)
    facade.ports.security_events.rows += [
        SecurityEventRow("CP-1", kind, "info", None, AT, AT + number) for number, kind in enumerate(kinds)
    ]
    page = (await admin.get(f"{CP}/security-events", params={"limit": 2})).json()
    assert [(row["type"], row["critical"]) for row in page["items"]] == [
        ("VendorsOwn", None),
        ("InvalidMessages", False),
    ]
    rest = (await admin.get(f"{CP}/security-events", params={"limit": 2, "cursor": page["next"]})).json()
    assert [(row["type"], row["critical"], row["at"]) for row in rest["items"]] == [(kinds[0], True, AT_TEXT)]
    assert rest["next"] is None
    only = (await admin.get(f"{CP}/security-events", params={"type": "VendorsOwn"})).json()
    assert len(only["items"]) == 1
