"""The typed operations: what they send, the numbers they make, and what they refuse with field and remedy."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.operations.operator import _together
from api.ports.facade import Consequence
from engine.clock import to_iso
from engine.stores.tokens.token import Token
from tests.api.conftest import Facade, assert_problem, command_row, view
from tests.api.operation_bodies import SCHEDULE, TOKEN

CP = "/api/v1/charge-points/CP-1"

SAID: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("POST", "start", {"token": TOKEN, "evse": 1}, "RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG"}),
    ("POST", "stop", {"transaction": "17"}, "RemoteStopTransaction", {"transactionId": 17}),
    ("POST", "reset", {"immediate": True}, "Reset", {"type": "Hard"}),
    ("POST", "reset", {}, "Reset", {"type": "Soft"}),
    ("POST", "unlock", {"evse": 2}, "UnlockConnector", {"connectorId": 2}),
    ("POST", "availability", {"operative": True}, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    ("POST", "trigger", {"message": "log_status"}, "ExtendedTriggerMessage", {}),
    ("POST", "configuration/refresh", {}, "GetConfiguration", {}),
    ("POST", "clear-cache", {}, "ClearCache", {}),
    ("POST", "local-list/refresh", {}, "GetLocalListVersion", {}),
    ("DELETE", "reservations/7", {}, "CancelReservation", {"reservationId": 7}),
    ("DELETE", "charging-profiles/7", {}, "ClearChargingProfile", {"id": 7}),
    ("DELETE", "charging-profiles?evse=2&purpose=TxProfile", {}, "ClearChargingProfile", {"connectorId": 2}),
    ("POST", "logs", {"location": "https://x/"}, "GetDiagnostics", {"location": "https://x/"}),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "action", "payload"), SAID, ids=lambda v: v if type(v) is str else ""
)
async def test_it_is_said_in_the_stations_words(
    facade: Facade,
    admin: httpx.AsyncClient,
    method: str,
    path: str,
    body: dict[str, Any],
    action: str,
    payload: dict[str, Any],
) -> None:
    answer = await admin.request(method, f"{CP}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert (given["action"], given["outcome"], given["payload"]) == (action, "Accepted", {"status": "Accepted"})
    (asked,) = facade.fleet.asked
    assert asked["action"] == action
    assert asked["payload"].items() >= payload.items()
    assert (asked["requested_by"], asked["command_id"]) == ("admin@example.org", given["id"])
    assert answer.headers["location"] == f"/api/v1/commands/{given['id']}"


async def test_numbers_are_fresh_and_told(facade: Facade, admin: httpx.AsyncClient) -> None:
    body = {"token": TOKEN, "evse": 1, "expires_at": "2027-01-01T00:00:00Z"}
    numbers = [(await admin.post(f"{CP}/reservations", json=body)).json()["number"] for _ in range(3)]
    assert [asked["payload"]["reservationId"] for asked in facade.fleet.asked] == numbers
    assert len(set(numbers)) == 3
    profile = {"evse": 1, "profile": {"schedules": [SCHEDULE], "number": 77}}
    assert (await admin.post(f"{CP}/charging-profiles", json=profile)).json()["number"] == 77
    assert facade.fleet.asked[-1]["payload"]["csChargingProfiles"]["chargingProfileId"] == 77


async def test_a_session_is_stopped_by_our_id_of_it(facade: Facade, admin: httpx.AsyncClient) -> None:
    session = {"id": "s9", "transaction": "4711"}
    facade.fleet.views["CP-1"] = view("CP-1", connectors=[{"session": None}, {"session": session}])
    assert (await admin.post(f"{CP}/stop", json={"session": "s9"})).status_code == 200
    assert facade.fleet.asked[-1]["payload"] == {"transactionId": 4711}
    assert_problem(await admin.post(f"{CP}/stop", json={"session": "s8"}), 404, field="session")
    assert_problem(await admin.post(f"{CP}/stop", json={}), 422, field="session")
    assert_problem(await admin.post(f"{CP}/stop", json={"session": "s9", "transaction": "1"}), 422, field="session")


async def test_the_local_list_is_made_from_the_registry(facade: Facade, admin: httpx.AsyncClient) -> None:
    await facade.ports.business.tokens.put(
        Token("BLOCKED", status="Blocked", group_id="FLEET"),
        Token("ELSEWHERE", network="north"),
        Token("ALL", network=""),
    )
    given = (await admin.post(f"{CP}/local-list", json={})).json()
    sent = facade.fleet.asked[-1]["payload"]
    assert (sent["updateType"], sent["listVersion"]) == ("Full", given["number"])
    assert sent["localAuthorizationList"] == [
        {"idTag": "ALL", "idTagInfo": {"status": "Accepted"}},
        {"idTag": "BLOCKED", "idTagInfo": {"status": "Blocked", "parentIdTag": "FLEET"}},
        {"idTag": "TAG", "idTagInfo": {"status": "Accepted"}},
    ]
    given = (await admin.post(f"{CP}/local-list", json={"tokens": ["tag", "GONE"]})).json()
    sent = facade.fleet.asked[-1]["payload"]
    assert (sent["updateType"], sent["listVersion"]) == ("Differential", given["number"])
    assert sent["localAuthorizationList"] == [{"idTag": "TAG", "idTagInfo": {"status": "Accepted"}}, {"idTag": "GONE"}]


async def test_what_the_version_cannot_do_names_field_and_remedy(facade: Facade, admin: httpx.AsyncClient) -> None:
    problem = assert_problem(await admin.post(f"{CP}/reset", json={"evse": 1}), 422, field="evse")
    assert "1.6" in problem["detail"]
    assert problem["remedy"]
    assert_problem(await admin.post(f"{CP}/display-messages", json={"content": "x"}), 422)
    assert facade.fleet.asked == []


async def test_a_misspelt_member_is_refused(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.post(f"{CP}/reset", json={"imediate": True}), 422, field="imediate")


async def test_firmware_is_fetched_at_once_unless_a_time_is_given(facade: Facade, admin: httpx.AsyncClient) -> None:
    assert (await admin.post(f"{CP}/firmware", json={"location": "https://x/v2"})).json()["number"]
    assert facade.fleet.asked[-1]["payload"]["retrieveDate"] == to_iso(facade.clock.now())
    later = {"location": "https://x/v2", "retrieve_at": "2027-01-01T00:00:00Z"}
    await admin.post(f"{CP}/firmware", json=later)
    assert facade.fleet.asked[-1]["payload"]["retrieveDate"] == "2027-01-01T00:00:00.000Z"


async def test_timing_and_an_absent_station(facade: Facade, admin: httpx.AsyncClient) -> None:
    del facade.fleet.views["CP-1"]
    assert (await admin.post(f"{CP}/reset", json={})).json()["outcome"] == "NotConnected"
    waited = await admin.post(f"{CP}/reset?wait=true&timeout_s=5", json={})
    assert waited.json()["outcome"] == "Accepted"
    assert (facade.fleet.asked[-1]["wait"], facade.fleet.asked[-1]["timeout_s"]) == (True, 5)


async def test_a_retired_station_is_asked_nothing(facade: Facade, admin: httpx.AsyncClient) -> None:
    await facade.registry.retire_charge_point("CP-1")
    assert_problem(await admin.post(f"{CP}/reset", json={}), 409, field="id")
    assert facade.fleet.asked == []


async def test_an_operator_says_how_the_next_boot_is_answered(admin: httpx.AsyncClient) -> None:
    assert (await admin.get(CP)).json()["admission"] == "accepted"
    changed = await admin.patch(CP, json={"admission": "pending"})
    assert (changed.status_code, changed.json()["admission"]) == (200, "pending")
    assert (await admin.get(CP)).json()["admission"] == "pending"
    assert_problem(await admin.patch(CP, json={"admission": "perhaps"}), 422, field="admission")


async def test_a_command_shows_what_it_led_to(facade: Facade, admin: httpx.AsyncClient) -> None:
    at = facade.clock.now()
    led_to = (
        Consequence("session", "s9", at, at),
        Consequence("job", "firmware", at, at, "Downloading", "running"),
        Consequence("reservation", "", at, at, "", "used", "s9"),
    )
    facade.ledger.ended.append(command_row(2, followed_by=led_to))
    followed = (await admin.get("/api/v1/commands/c0002")).json()["followed_by"]
    assert [(each["kind"], each["session"], each["job"]) for each in followed] == [
        ("session", "s9", None),
        ("job", None, "firmware"),
        ("reservation", "s9", None),
    ]
    assert (followed[1]["status"], followed[1]["state"]) == ("Downloading", "running")


@pytest.mark.parametrize(
    "setting",
    [
        {"component": "", "key": "GetConfigurationMaxKeys", "instance": "", "value": "2"},
        {"component": "DeviceDataCtrlr", "key": "ItemsPerMessage", "instance": "GetVariables", "value": "2"},
    ],
)
async def test_settings_are_asked_for_in_as_many_requests_as_the_station_needs(
    facade: Facade, admin: httpx.AsyncClient, setting: dict[str, str]
) -> None:
    facade.fleet.kept_views["CP-1", "configuration"] = [setting]
    names = [{"key": f"Key{number}"} for number in range(5)]
    answer = await admin.post(f"{CP}/configuration/refresh", json={"names": names})
    assert answer.status_code == 200, answer.text
    asked = [each["payload"]["key"] for each in facade.fleet.asked]
    assert asked == [["Key0", "Key1"], ["Key2", "Key3"], ["Key4"]]


def test_answers_in_pieces_are_put_together() -> None:
    first, second = {"getVariableResult": [1, 2]}, {"getVariableResult": [3], "statusInfo": {}}
    assert _together(_together({}, first), second) == {"getVariableResult": [1, 2, 3], "statusInfo": {}}


def _limit(value: str) -> dict[str, Any]:
    return {
        "component": "MonitoringCtrlr",
        "key": "ItemsPerMessage",
        "instance": "ClearVariableMonitoring",
        "attribute": "Actual",
        "value": value,
    }


async def test_monitors_are_cleared_in_as_many_messages_as_the_station_needs(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    facade.fleet.views["CP-1"] = view("CP-1", subprotocol="ocpp2.0.1")
    facade.fleet.kept_views["CP-1", "configuration"] = [_limit("2")]
    given = (await admin.delete(f"{CP}/monitors?number=1&number=2&number=3&number=2&number=4&number=5")).json()
    assert [asked["payload"] for asked in facade.fleet.asked] == [{"id": [1, 2]}, {"id": [3, 4]}, {"id": [5]}]
    assert {asked["action"] for asked in facade.fleet.asked} == {"ClearVariableMonitoring"}
    assert [each["id"] for each in given["operations"]] == [asked["command_id"] for asked in facade.fleet.asked]
    assert given["not_asked"] == []


async def test_a_station_whose_limit_is_not_known_is_asked_for_it(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views["CP-1"] = view("CP-1", subprotocol="ocpp2.0.1")

    def told(charge_point: str, action: str, payload: Any) -> tuple[str, Any]:
        if action == "GetVariables":
            facade.fleet.kept_views[charge_point, "configuration"] = [_limit("1")]
        return "Accepted", {}

    facade.fleet.answer = told
    await admin.delete(f"{CP}/monitors?number=1&number=2")
    actions = [asked["action"] for asked in facade.fleet.asked]
    assert actions == ["GetVariables", "ClearVariableMonitoring", "ClearVariableMonitoring"]


async def test_a_station_that_answers_no_more_is_not_asked_on(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views["CP-1"] = view("CP-1", subprotocol="ocpp2.0.1")
    facade.fleet.kept_views["CP-1", "configuration"] = [_limit("1")]
    facade.fleet.answer = lambda _, __, payload: ("TimedOut" if payload["id"] == [2] else "Accepted", {})
    given = (await admin.delete(f"{CP}/monitors?number=1&number=2&number=3")).json()
    assert [each["outcome"] for each in given["operations"]] == ["Accepted", "TimedOut"]
    assert given["not_asked"] == [3]


async def test_monitors_need_a_newer_version(facade: Facade, admin: httpx.AsyncClient) -> None:
    for query in ("number=1", "number=1&number=2"):
        problem = assert_problem(await admin.delete(f"{CP}/monitors?{query}"), 422)
        assert "1.6" in problem["detail"]
    assert facade.fleet.asked == []
    assert_problem(await admin.delete(f"{CP}/monitors"), 422, field="number")


async def test_a_local_list_is_above_the_version_that_is_there(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.kept_views["CP-1", "local-list"] = {"version": 4711}
    assert (await admin.post(f"{CP}/local-list", json={"tokens": ["TAG"]})).json()["number"] == 4712
    assert facade.fleet.asked[-1]["payload"]["listVersion"] == 4712
    assert (await admin.post(f"{CP}/local-list", json={"version": 9})).json()["number"] == 9
