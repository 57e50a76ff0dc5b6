"""What may be sent to a 1.6 station, what its answers mean, and that our answers are valid."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.messages import (
    Acknowledged,
    Answer,
    AuthorizeAnswer,
    BootAnswer,
    DataTransferAnswer,
    HeartbeatAnswer,
    StartAnswer,
    StopAnswer,
    TokenStanding,
)
from engine.errors import InvalidInput
from engine.ocpp.v16.calls import CORE_CALLS, to_station
from engine.ocpp.v16.registry import SCHEMAS
from tests.engine.ocpp.stations import NOW, V16

GOOD: dict[str, Any] = {
    "ChangeAvailability": {"connectorId": 0, "type": "Inoperative"},
    "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "60"},
    "ClearCache": {},
    "DataTransfer": {"vendorId": "v", "data": "x"},
    "GetConfiguration": {"key": ["HeartbeatInterval"]},
    "RemoteStartTransaction": {"idTag": "T", "connectorId": 1},
    "RemoteStopTransaction": {"transactionId": 7},
    "Reset": {"type": "Hard"},
    "UnlockConnector": {"connectorId": 1},
    "TriggerMessage": {"requestedMessage": "MeterValues", "connectorId": 1},
}


def test_the_core_profile_may_be_sent() -> None:
    assert set(GOOD) == CORE_CALLS
    for action, payload in GOOD.items():
        assert V16.validate_call(action, payload) == payload


def test_a_charging_profile_with_tenths_of_an_ampere_may_be_sent() -> None:
    for tenths in range(1, 1000):
        period = {"startPeriod": 0, "limit": tenths / 10}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        profile = {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative", "chargingSchedule": schedule,
        }  # fmt: skip
        V16.validate_call("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})


@pytest.mark.parametrize(
    ("action", "payload", "field", "remedy"),
    [
        ("Reset", {"type": "Medium"}, "payload.type", "Hard, Soft"),
        ("Reset", {}, "payload.type", "Give it"),
        ("Reset", {"type": "Soft", "when": 1}, "payload.when", "Leave it out. Reset has type"),
        ("Reset", [], "payload", "Give"),
        ("Reset", None, "payload", "Give"),
        ("UnlockConnector", {"connectorId": "1"}, "payload.connectorId", "type"),
        ("ChangeConfiguration", {"key": "k" * 51, "value": ""}, "payload.key", "maxLength 50"),
        ("UpdateFirmware", {"location": "ftp://h/f", "retrieveDate": "soon"}, "payload.retrieveDate", "date-time"),
        ("UpdateFirmware", {"location": "here", "retrieveDate": "2026-01-01T00:00:00Z"}, "payload.location", "uri"),
        ("MakeCoffee", {}, "action", "Reset"),
        ("BootNotification", {}, "action", "Reset"),
        ("SecurityEventNotification", {}, "action", "Reset"),
    ],
)  # fmt: skip
def test_what_may_not_be_sent_is_refused_with_field_and_remedy(
    action: str, payload: Any, field: str, remedy: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        V16.validate_call(action, payload)
    assert caught.value.field == field
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("action", "payload", "outcome"),
    [
        ("Reset", {"status": "Accepted"}, "Accepted"),
        ("Reset", {"status": "Rejected"}, "Rejected"),
        ("ChangeAvailability", {"status": "Scheduled"}, "Accepted"),
        ("ChangeConfiguration", {"status": "RebootRequired"}, "Accepted"),
        ("ChangeConfiguration", {"status": "NotSupported"}, "Rejected"),
        ("UnlockConnector", {"status": "Unlocked"}, "Accepted"),
        ("UnlockConnector", {"status": "UnlockFailed"}, "Rejected"),
        ("TriggerMessage", {"status": "NotImplemented"}, "Rejected"),
        ("DataTransfer", {"status": "UnknownVendorId"}, "Rejected"),
        ("GetConfiguration", {"configurationKey": []}, "Accepted"),
        ("GetDiagnostics", {}, "Accepted"),
        ("GetLocalListVersion", {"listVersion": 3}, "Accepted"),
        ("SendLocalList", {"status": "VersionMismatch"}, "Rejected"),
        ("Reset", {}, "Failed"),
        ("Reset", {"status": 7}, "Failed"),
        ("NeverHeardOf", {}, "Accepted"),
    ],
)
def test_an_answer_decides_how_its_command_ends(action: str, payload: Any, outcome: str) -> None:
    assert V16.outcome(action, payload) == outcome


def test_every_action_to_a_station_has_both_schemas() -> None:
    for action in to_station():
        assert SCHEMAS.request(action)
        assert SCHEMAS.response(action)


def test_slow_actions_have_longer_deadlines() -> None:
    assert V16.timeout_s("UnlockConnector") == 60.0
    assert V16.timeout_s("Reset") is None


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
BOOT_STATUS = st.sampled_from(["Accepted", "Pending", "Rejected"])
TRANSFER_STATUS = st.sampled_from(["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"])
TIMES = st.integers(NOW - 10**15, NOW + 10**15)
STANDINGS = st.builds(
    TokenStanding,
    st.sampled_from(["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]),
    st.none() | TIMES,
    TEXT,
)
ANSWERS: dict[str, st.SearchStrategy[Answer]] = {
    "Authorize": st.builds(AuthorizeAnswer, STANDINGS),
    "BootNotification": st.builds(BootAnswer, BOOT_STATUS, st.integers(1, 86400), TIMES),
    "Heartbeat": st.builds(HeartbeatAnswer, TIMES),
    "StartTransaction": st.builds(StartAnswer, st.integers(1, 2**31 - 1), STANDINGS),
    "StopTransaction": st.builds(StopAnswer, st.none() | STANDINGS),
    "DataTransfer": st.builds(
        DataTransferAnswer, TRANSFER_STATUS, st.none() | TEXT | st.dictionaries(TEXT, st.integers(0, 9), max_size=3)
    ),
    "MeterValues": st.just(Acknowledged()),
    "StatusNotification": st.just(Acknowledged()),
}  # fmt: skip


@pytest.mark.parametrize("action", sorted(ANSWERS))
@given(data=st.data())
def test_every_answer_of_ours_is_valid(action: str, data: st.DataObject) -> None:
    payload = orjson.loads(V16.answer(data.draw(ANSWERS[action])))
    assert SCHEMAS.response(action).checked.is_valid(payload)
