"""What answers teach is kept alike for every version, with the time, bounded, and found again after a restart."""

from __future__ import annotations

from random import Random
from string import printable
from typing import Any

import orjson
import pytest

from engine.charging.kept import configuration as station_configuration
from engine.charging.kept import inventory
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import ConfigurationLearned, Setting
from engine.charging.kept.notice_events import (
    CertificateAsked,
    LimitChanged,
    MonitorTriggered,
    NeedsTold,
    SecurityEventSeen,
    StationNotified,
)
from engine.charging.kept.notices import (
    CertificateRequested,
    LimitReported,
    MonitorsTriggered,
    NeedsReported,
    NoticeAnswer,
    Noticed,
    ScheduleReported,
    SecurityEventReported,
)
from engine.charging.kept.view import VIEWS, configuration_view
from engine.charging.messages import Acknowledged
from engine.charging.smart import charging as smart_charging
from engine.charging.snapshots import restore_charge_point
from tests.engine.charging.asking import V16, V201, ask
from tests.engine.charging.world import World, appended, reply

COMPONENT = {"name": "OCPPCommCtrlr", "evse": {"id": 1, "connectorId": 2}}
VARIABLE = {"name": "HeartbeatInterval", "instance": "x"}
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "AA", "issuerKeyHash": "bb", "serialNumber": "01"}
PERIOD = {"startPeriod": 0, "limit": 16.0}


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def shown(world: World, name: str) -> Any:
    """The view from what was written, not from what is in memory."""
    return VIEWS[name](world.parts)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_variables_are_kept_with_place_attribute_and_time(world: World) -> None:
    asked = {"component": COMPONENT, "variable": VARIABLE}
    result = {**asked, "attributeStatus": "Accepted", "attributeType": "Target", "attributeValue": "300"}
    ask(world, V201, "GetVariables", {"getVariableData": [asked]}, {"getVariableResult": [result]})
    first = world.now
    world.pass_time(60)
    unknown = {**asked, "attributeStatus": "UnknownVariable"}
    wanted = {**asked, "attributeValue": "60", "attributeType": "Target"}
    good = {**asked, "attributeStatus": "RebootRequired", "attributeType": "Target"}
    ask(world, V201, "SetVariables", {"setVariableData": [wanted]}, {"setVariableResult": [good, unknown]})
    (setting,) = shown(world, "configuration")
    assert (setting["component"], setting["evse"], setting["connector"]) == ("OCPPCommCtrlr", 1, 2)
    assert (setting["key"], setting["instance"], setting["attribute"]) == ("HeartbeatInterval", "x", "Target")
    assert (setting["value"], setting["read_at"]) == ("60", world.now)
    assert setting["read_at"] > first


def test_what_is_known_of_a_settings_mutability_stays(world: World) -> None:
    keys = [{"key": "A", "value": "1", "readonly": True}, {"key": "B", "readonly": False}]
    ask(world, V16, "GetConfiguration", {}, {"configurationKey": keys})
    ask(world, V16, "ChangeConfiguration", {"key": "A", "value": "2"}, {"status": "RebootRequired"})
    ask(world, V16, "ChangeConfiguration", {"key": "B", "value": "2"}, {"status": "Rejected"})
    a, b = shown(world, "configuration")
    assert (a["value"], a["readonly"], b["value"], b["mutability"]) == ("2", True, None, "ReadWrite")


def test_a_part_of_the_first_version_is_lifted_and_one_of_a_newer_release_refused(world: World) -> None:
    old = {"conf": orjson.dumps({"v": 1, "keys": {"A": ["1", True], "B": [None, False]}})}
    a, b = configuration_view(old)
    assert (a["key"], a["value"], a["readonly"], a["read_at"]) == ("A", "1", True, None)
    assert (b["value"], b["mutability"]) == (None, "ReadWrite")
    world.state = restore_charge_point("CP-1", old)
    ask_again = {"configurationKey": [{"key": "A", "value": "3", "readonly": True}]}
    world.connect()
    ask(world, V16, "GetConfiguration", {"key": ["A"]}, ask_again)
    assert [(s["key"], s["value"], s["read_at"]) for s in shown(world, "configuration")] == [
        ("A", "3", world.now),
        ("B", None, None),
    ]
    with pytest.raises(ValueError, match="version 9"):
        configuration_view({"conf": b'{"v":9}'})


def test_settings_are_bounded_in_number_and_length(world: World) -> None:
    settings = tuple(Setting(f"K{i}", "x" * 3000) for i in range(station_configuration.MAX_SETTINGS + 5))
    station_configuration.learn(world.state, ConfigurationLearned(settings), "", 1)
    rows = station_configuration.view(kept.load(world.state, "conf"))
    assert len(rows) == station_configuration.MAX_SETTINGS
    assert len(rows[0]["value"]) == station_configuration.MAX_VALUE
    assert len(world.state.kept["conf"]) < 100_000


def test_no_part_grows_without_bound_whatever_a_station_says(world: World) -> None:
    dice = Random(1)
    for number in range(12):
        noise = "".join(dice.choices(printable[:90], k=30_000))
        world.do(LimitReported(number, "EMS", False, None, ({"unit": noise},)))
        assert len(world.parts["limits"]) <= kept.MAX_BYTES
    evses = [row["evse"] for row in shown(world, "charging-profiles")["limits"]]
    assert evses == list(range(12 - len(evses), 12))
    assert len(evses) >= 2


# --- lists and certificates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "field", "listed"),
    [(V16, "listVersion", {"idTag": "T"}), (V201, "versionNumber", {"idToken": {"idToken": "T", "type": "Central"}})],
)
def test_the_local_lists_version(world: World, version: str, field: str, listed: dict[str, Any]) -> None:
    sent = {field: 5, "updateType": "Full", "localAuthorizationList": [listed]}
    ask(world, version, "SendLocalList", sent, {"status": "Accepted"})
    world.pass_time(10)
    ask(world, version, "SendLocalList", sent | {field: 6}, {"status": "VersionMismatch"})
    known = shown(world, "local-list")
    assert (known["version"], known["entries"], known["update"]) == (5, 1, "Full")
    ask(world, version, "GetLocalListVersion", {}, {field: 0})
    assert (shown(world, "local-list")["version"], shown(world, "local-list")["read_at"]) == (0, world.now)


@pytest.mark.parametrize(("version", "said"), [(V16, "CentralSystemRootCertificate"), (V201, "CSMSRootCertificate")])
def test_certificates_are_installed_listed_and_deleted(world: World, version: str, said: str) -> None:
    sent = {"certificateType": said, "certificate": "-----BEGIN\nAAA"}
    for _ in range(2):
        ask(world, version, "InstallCertificate", sent, {"status": "Accepted"})
    (one,) = shown(world, "certificates")
    assert (one["use"], one["hash"], len(one["sha256"])) == ("CSMSRootCertificate", None, 64)
    chain = {"certificateType": said, "certificateHashData": HASH, "childCertificateHashData": []}
    told = {"certificateHashData": [HASH]} if version == V16 else {"certificateHashDataChain": [chain]}
    wanted = said if version == V16 else [said]
    asked = {"certificateType": wanted}
    ask(world, version, "GetInstalledCertificateIds", asked, {"status": "Accepted", **told})
    assert [row["hash"] for row in shown(world, "certificates")] == [HASH]
    gone = {"certificateHashData": HASH | {"issuerNameHash": "aa"}}
    ask(world, version, "DeleteCertificate", gone, {"status": "Accepted"})
    assert shown(world, "certificates") == []
    ask(world, version, "InstallCertificate", sent, {"status": "Accepted"})
    ask(world, version, "GetInstalledCertificateIds", asked, {"status": "NotFound"})
    assert shown(world, "certificates") == []


# --- smart charging ---------------------------------------------------------------------------------------------------


def profile16(number: int, level: int = 0, purpose: str = "TxDefaultProfile") -> dict[str, Any]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD]}
    return {
        "chargingProfileId": number, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute", "chargingSchedule": schedule,
    }  # fmt: skip


def profile201(number: int, level: int = 0, purpose: str = "TxDefaultProfile") -> dict[str, Any]:
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD]}
    return {
        "id": number, "stackLevel": level, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }  # fmt: skip


def set_profile(world: World, version: str, number: int, evse: int, **changes: Any) -> None:
    if version == V16:
        sent = {"connectorId": evse, "csChargingProfiles": profile16(number, **changes)}
    else:
        sent = {"evseId": evse, "chargingProfile": profile201(number, **changes)}
    ask(world, version, "SetChargingProfile", sent, {"status": "Accepted"})


@pytest.mark.parametrize("version", [V16, V201])
def test_profiles_replace_each_other_and_are_cleared(world: World, version: str) -> None:
    purpose = "ChargePointMaxProfile" if version == V16 else "ChargingStationMaxProfile"
    set_profile(world, version, 1, 0, purpose=purpose)
    set_profile(world, version, 2, 1)
    set_profile(world, version, 3, 1)
    set_profile(world, version, 4, 1, level=1)
    rows = shown(world, "charging-profiles")["profiles"]
    assert [(row["id"], row["evse"], row["purpose"]) for row in rows] == [
        (1, 0, "ChargingStationMaxProfile"),
        (3, 1, "TxDefaultProfile"),
        (4, 1, "TxDefaultProfile"),
    ]
    (schedule,) = rows[1]["schedules"]
    assert (schedule["unit"], schedule["periods"]) == ("A", [{"start_s": 0, "limit": 16.0}])
    set_profile(world, version, 4, 1, level=2)
    set_profile(world, version, 4, 1, level=1)
    assert [row["id"] for row in shown(world, "charging-profiles")["profiles"]] == [1, 3, 4]
    by_level = {"stackLevel": 1} if version == V16 else {"chargingProfileCriteria": {"stackLevel": 1}}
    ask(world, version, "ClearChargingProfile", by_level, {"status": "Accepted"})
    assert [row["id"] for row in shown(world, "charging-profiles")["profiles"]] == [1, 3]
    by_id = {"id": 3} if version == V16 else {"chargingProfileId": 3}
    ask(world, version, "ClearChargingProfile", by_id, {"status": "NotImplemented"})
    assert [row["id"] for row in shown(world, "charging-profiles")["profiles"]] == [1, 3]
    ask(world, version, "ClearChargingProfile", by_id, {"status": "Unknown"})
    assert [row["id"] for row in shown(world, "charging-profiles")["profiles"]] == [1]


def test_a_transactions_own_profile_ends_with_it(world: World) -> None:
    number = reply(world.do(world.start(1000))).transaction
    for profile, transaction in ((1, number), (2, number + 1)):
        own = profile16(profile, purpose="TxProfile") | {"transactionId": transaction}
        ask(world, V16, "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": own}, {"status": "Accepted"})
    set_profile(world, V16, 3, 1)
    world.do(world.stop(number, 2000))
    assert [row["id"] for row in shown(world, "charging-profiles")["profiles"]] == [2, 3]


@pytest.mark.parametrize("version", [V16, V201])
def test_the_last_composite_schedule_of_each_evse(world: World, version: str) -> None:
    place = "connectorId" if version == V16 else "evseId"
    for limit in (16.0, 8.0):
        body = {"chargingRateUnit": "A", "chargingSchedulePeriod": [PERIOD | {"limit": limit}], "duration": 60}
        start = {"scheduleStart": "2026-01-01T00:00:00Z"}
        answer = {"connectorId": 1, "chargingSchedule": body, **start} if version == V16 else {
            "schedule": {"evseId": 1, **body, **start}
        }  # fmt: skip
        ask(world, version, "GetCompositeSchedule", {place: 1, "duration": 60}, {"status": "Accepted", **answer})
    (composite,) = shown(world, "charging-profiles")["composites"]
    assert (composite["evse"], composite["start"]) == (1, "2026-01-01T00:00:00Z")
    assert (composite["periods"][0]["limit"], composite["duration_s"]) == (8.0, 60)


def test_limits_of_others_come_and_go(world: World) -> None:
    limit = LimitReported(1, "EMS", False, True, ({"unit": "A", "periods": []},))
    assert reply(world.do(limit)) == Acknowledged()
    world.do(LimitReported(0, "SO"))
    world.do(LimitReported(1, "EMS", cleared=True))
    assert [row["source"] for row in shown(world, "charging-profiles")["limits"]] == ["SO"]
    assert [event.cleared for event in world.told(LimitChanged)] == [False, False, True]
    for evse in range(smart_charging.MAX_EVSES + 3):
        world.do(LimitReported(evse, "EMS"))
    assert len(shown(world, "charging-profiles")["limits"]) == smart_charging.MAX_EVSES


def test_what_an_ev_needs_and_how_it_means_to_charge_are_kept_together(world: World) -> None:
    needs = world.do(NeedsReported(1, {"requestedEnergyTransfer": "DC"}))
    assert reply(needs) == NoticeAnswer({"status": "Processing"})
    world.pass_time(5)
    assert reply(world.do(ScheduleReported(1, {"unit": "W"}))) == NoticeAnswer({"status": "Accepted"})
    (row,) = shown(world, "charging-profiles")["needs"]
    assert (row["needs"], row["schedule"], row["schedule_at"]) == (
        {"requestedEnergyTransfer": "DC"}, {"unit": "W"}, world.now,
    )  # fmt: skip
    assert len(world.told(NeedsTold)) == 2


# --- monitors and display messages ------------------------------------------------------------------------------------


def test_monitors_are_set_cleared_and_taken_away_by_another_base(world: World) -> None:
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
    wanted = {**place, "value": 10, "type": "Delta", "severity": 5}
    result = {**place, "id": 7, "status": "Accepted", "type": "Delta", "severity": 5}
    refused = {**place, "status": "Rejected", "type": "Periodic", "severity": 5}
    ask(
        world, V201, "SetVariableMonitoring", {"setMonitoringData": [wanted, {**wanted, "type": "Periodic"}]},
        {"setMonitoringResult": [result, refused]},
    )  # fmt: skip
    known = shown(world, "monitors")
    (monitor,) = known["monitors"]
    assert (monitor["id"], monitor["component"], monitor["value"], monitor["evse"]) == (7, "EVSE", 10, 1)
    ask(world, V201, "SetMonitoringLevel", {"severity": 4}, {"status": "Accepted"})
    results = [{"id": 7, "status": "NotFound"}, {"id": 8, "status": "Rejected"}]
    ask(world, V201, "ClearVariableMonitoring", {"id": [7, 8]}, {"clearMonitoringResult": results})
    assert (shown(world, "monitors")["monitors"], shown(world, "monitors")["level"]) == ([], 4)
    ask(world, V201, "SetMonitoringBase", {"monitoringBase": "HardWiredOnly"}, {"status": "Accepted"})
    assert shown(world, "monitors") == {"base": "HardWiredOnly", "level": 4, "monitors": []}


def test_display_messages_are_set_and_cleared(world: World) -> None:
    message = {"id": 3, "priority": "InFront", "message": {"format": "UTF8", "language": "de", "content": "Hallo"}}
    ask(world, V201, "SetDisplayMessage", {"message": message}, {"status": "Accepted"})
    (row,) = shown(world, "display-messages")
    assert (row["id"], row["content"], row["language"]) == (3, "Hallo", "de")
    ask(world, V201, "ClearDisplayMessage", {"id": 3}, {"status": "Accepted"})
    assert shown(world, "display-messages") == []
    for number in range(inventory.MAX_DISPLAYS + 2):
        ask(world, V201, "SetDisplayMessage", {"message": message | {"id": number}}, {"status": "Accepted"})
    assert len(shown(world, "display-messages")) == inventory.MAX_DISPLAYS


# --- notifications ----------------------------------------------------------------------------------------------------


def test_a_security_event_counts_once_however_often_it_is_sent(world: World) -> None:
    event = SecurityEventReported("TamperDetectionActivated", world.at(), "lid")
    for _ in range(2):
        assert reply(world.do(event)) == Acknowledged()
    world.host_dies()
    world.do(event)
    world.do(SecurityEventReported("TamperDetectionActivated", world.at(ago=9), "lid"))
    many = tuple({"eventId": n, "timestamp": "t", "trigger": "Alerting"} for n in range(200))
    world.do(MonitorsTriggered(world.at(), 0, True, many))
    world.do(event)
    assert [event.type for event in world.told(SecurityEventSeen)] == ["TamperDetectionActivated"] * 2


def test_a_request_for_a_certificate_is_accepted_and_on_record_for_the_authority(world: World) -> None:
    effects = world.do(CertificateRequested("-----BEGIN CERTIFICATE REQUEST-----", request=4))
    assert reply(effects) == NoticeAnswer({"status": "Accepted"})
    (event,) = world.told(CertificateAsked)
    assert (event.use, event.request) == ("ChargingStationCertificate", 4)


def test_each_monitored_event_is_one_once(world: World) -> None:
    events = tuple({"eventId": n, "timestamp": "t", "trigger": "Alerting", "actualValue": "1"} for n in (1, 2))
    told = MonitorsTriggered(world.at(), 0, True, events)
    world.do(told)
    assert appended(world.do(told)) == []
    assert [event.event["eventId"] for event in world.told(MonitorTriggered)] == [1, 2]


def test_a_long_notice_is_on_record_without_its_content(world: World) -> None:
    world.do(Noticed("BatterySwap", {"x": "y" * 20_000}))
    (event,) = world.told(StationNotified)
    assert (event.action, event.content) == ("BatterySwap", None)


def test_a_heartbeat_of_a_station_that_told_much_writes_none_of_it(world: World) -> None:
    ask(world, V16, "GetConfiguration", {}, {"configurationKey": [{"key": "A", "readonly": True}]})
    world.parts.clear()
    world.do(world.status("Available"))
    assert set(world.parts) == {"core"}
