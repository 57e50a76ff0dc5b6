"""How the simulated 2.x charge point obeys, and that all it says and answers is valid by the schemas."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from engine.clock import SECOND, to_iso
from engine.ocpp.directions import DIRECTIONS
from engine.ocpp.schemas import first_flaw
from loadtest.v2.commands import ACTIONS
from tests.loadtest.scripted_csms import World
from tests.loadtest.v2.test_station import SCHEMAS, events, flaws, of, told

TOKEN = {"idToken": "APP", "type": "Central"}
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(key: ec.EllipticCurvePublicKey, name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
        .public_key(key)
        .serial_number(0xABC1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=3650))
        .sign(ROOT_KEY, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def ask(world: World, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The answer's payload; both it and the question fit their schemas."""
    schemas = SCHEMAS[world.station.traits.version]
    assert first_flaw(schemas.request(action).checked, payload) is None
    kind, _, answer = world.call(action, payload)
    assert kind == 3
    flaw = first_flaw(schemas.response(action).checked, answer)
    assert flaw is None, f"{action}: {flaw}"
    return dict(answer)


def status(world: World, action: str, payload: dict[str, Any]) -> str:
    return str(ask(world, action, payload)["status"])


@pytest.fixture(params=["ocpp2.0.1", "ocpp2.1"])
def world(request: pytest.FixtureRequest) -> World:
    return of(request.param, connectors=2)


def test_remote_start_and_stop(world: World) -> None:
    start = {"idToken": TOKEN, "remoteStartId": 77, "evseId": 2}
    assert status(world, "RequestStartTransaction", start) == "Accepted"
    started = events(world)[0]
    assert told(started) == ("Started", "RemoteStart", "Charging")
    assert started["transactionInfo"]["remoteStartId"] == 77
    assert (started["idToken"], started["evse"]["id"]) == (TOKEN, 2)
    assert status(world, "RequestStartTransaction", start) == "Rejected"
    name = started["transactionInfo"]["transactionId"]
    assert ask(world, "GetTransactionStatus", {"transactionId": name}) == {
        "ongoingIndicator": True,
        "messagesInQueue": False,
    }
    assert status(world, "RequestStopTransaction", {"transactionId": "other"}) == "Rejected"
    assert status(world, "RequestStopTransaction", {"transactionId": name}) == "Accepted"
    assert told(events(world)[-1]) == ("Ended", "RemoteStop", "EVConnected")
    assert ask(world, "GetTransactionStatus", {"transactionId": name})["ongoingIndicator"] is False
    assert not flaws(world)


def test_a_transaction_that_began_with_the_cable_is_named_in_the_answer() -> None:
    world = of(start_at="EVConnected")
    world.station.plug_in(1, world.now)
    world.act()
    answer = ask(world, "RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 5})
    assert answer["transactionId"] == events(world)[0]["transactionInfo"]["transactionId"]
    assert told(events(world)[1]) == ("Updated", "RemoteStart", "Charging")


def test_what_waits_in_the_queue_is_told(world: World) -> None:
    world.charge(65)
    world.loses_requests = True
    world.run(70)
    name = events(world)[0]["transactionInfo"]["transactionId"]
    assert ask(world, "GetTransactionStatus", {}) == {"messagesInQueue": True}
    assert ask(world, "GetTransactionStatus", {"transactionId": name})["messagesInQueue"] is True


def test_resets(world: World) -> None:
    world.charge(60)
    assert status(world, "Reset", {"type": "OnIdle", "evseId": 1}) == "Rejected"
    assert status(world, "Reset", {"type": "OnIdle"}) == "Scheduled"
    world.run(60)
    assert world.csms.actions().count("BootNotification") == 1
    world.leave()
    world.run(20)
    assert world.csms.payloads("BootNotification")[1]["reason"] == "RemoteReset"
    world.charge(60)
    assert status(world, "Reset", {"type": "Immediate"}) == "Accepted"
    world.heal()
    assert events(world)[-1]["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    assert not flaws(world)


def test_variables_are_read_and_written(world: World) -> None:
    def of_(component: str, name: str, **more: Any) -> dict[str, Any]:
        return {"component": {"name": component}, "variable": {"name": name}, **more}

    wanted = [
        of_("OCPPCommCtrlr", "HeartbeatInterval"), of_("ocppcommctrlr", "heartbeatinterval"), of_("Oven", "Heat"),
        of_("OCPPCommCtrlr", "Heat"), of_("SecurityCtrlr", "BasicAuthPassword"),
        of_("OCPPCommCtrlr", "HeartbeatInterval", attributeType="MaxSet"),
        {"component": {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}, "variable": {"name": "Available"}},
    ]  # fmt: skip
    results = ask(world, "GetVariables", {"getVariableData": wanted})["getVariableResult"]
    assert [result["attributeStatus"] for result in results] == [
        "Accepted", "Accepted", "UnknownComponent", "UnknownVariable", "Rejected", "NotSupportedAttributeType",
        "Accepted",
    ]  # fmt: skip
    assert results[0]["attributeValue"] == "300"
    changes = [
        of_("SampledDataCtrlr", "TxUpdatedInterval", attributeValue="5"),
        of_("ClockCtrlr", "DateTime", attributeValue="x"),
        of_("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="often"),
        of_("SecurityCtrlr", "BasicAuthPassword", attributeValue="0123456789abcdef"),
        of_("TxCtrlr", "TxStartPoint", attributeValue="EVConnected"),
        of_("TxCtrlr", "TxStopPoint", attributeValue="Moon"),
    ]  # fmt: skip
    written = ask(world, "SetVariables", {"setVariableData": changes})["setVariableResult"]
    assert [result["attributeStatus"] for result in written] == [
        "Accepted", "Rejected", "Rejected", "RebootRequired", "Accepted", "Rejected",
    ]  # fmt: skip
    world.charge(21)
    assert [told(event)[1] for event in events(world)][:2] == ["CablePluggedIn", "Authorized"]
    assert [told(event)[1] for event in events(world)].count("MeterValuePeriodic") == 4


@pytest.mark.parametrize(
    ("base", "least"), [("SummaryInventory", 4), ("ConfigurationInventory", 25), ("FullInventory", 60)]
)
def test_reports_come_in_parts(world: World, base: str, least: int) -> None:
    assert status(world, "GetBaseReport", {"requestId": 9, "reportBase": base}) == "Accepted"
    parts = world.csms.payloads("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    items = [item for part in parts for item in part["reportData"]]
    assert len(items) >= least
    assert len({str((item["component"], item["variable"])) for item in items}) == len(items)
    assert not flaws(world)


def test_custom_reports(world: World) -> None:
    clock = {"component": {"name": "ClockCtrlr"}}
    assert status(world, "GetReport", {"requestId": 1, "componentVariable": [clock]}) == "Accepted"
    names = [item["variable"]["name"] for item in world.csms.payloads("NotifyReport")[0]["reportData"]]
    assert names == ["DateTime", "TimeSource"]
    oven = {"component": {"name": "Oven"}}
    assert status(world, "GetReport", {"requestId": 2, "componentVariable": [oven]}) == "EmptyResultSet"
    assert status(world, "GetReport", {"requestId": 3, "componentCriteria": ["Problem"]}) == "EmptyResultSet"


def test_availability_and_locks(world: World) -> None:
    world.charge(60)
    inoperative = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert status(world, "ChangeAvailability", inoperative) == "Scheduled"
    assert status(world, "UnlockConnector", {"evseId": 1, "connectorId": 1}) == "OngoingAuthorizedTransaction"
    assert status(world, "UnlockConnector", {"evseId": 2, "connectorId": 1}) == "Unlocked"
    assert status(world, "UnlockConnector", {"evseId": 3, "connectorId": 1}) == "UnknownConnector"
    world.leave()
    assert world.csms.payloads("StatusNotification")[-1]["connectorStatus"] == "Unavailable"
    assert status(world, "ChangeAvailability", {"operationalStatus": "Operative"}) == "Accepted"
    assert world.csms.payloads("StatusNotification")[-1]["connectorStatus"] == "Available"


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("Heartbeat", "Accepted"), ("StatusNotification", "Accepted"), ("MeterValues", "Accepted"),
        ("LogStatusNotification", "Accepted"), ("FirmwareStatusNotification", "Accepted"),
        ("TransactionEvent", "Accepted"), ("BootNotification", "Rejected"),
        ("SignV2GCertificate", "NotImplemented"),
    ],
)  # fmt: skip
def test_a_triggered_message_is_really_sent(world: World, message: str, answer: str) -> None:
    world.charge(30)
    world.csms.received.clear()
    assert status(world, "TriggerMessage", {"requestedMessage": message}) == answer
    assert (message in world.csms.actions()) == (answer == "Accepted")
    assert not flaws(world)


def test_a_reservation_keeps_the_connector_for_its_card(world: World) -> None:
    until = to_iso(world.now + 60 * SECOND)
    reserve = {"id": 4, "expiryDateTime": until, "idToken": TOKEN, "evseId": 1}
    assert status(world, "ReserveNow", reserve) == "Accepted"
    assert world.csms.payloads("StatusNotification")[-1]["connectorStatus"] == "Reserved"
    assert status(world, "ReserveNow", reserve | {"id": 5}) == "Occupied"
    assert not world.station.plug_in(1, world.now)
    other = {"idToken": {"idToken": "OTHER", "type": "Central"}, "remoteStartId": 1, "evseId": 1}
    assert status(world, "RequestStartTransaction", other) == "Rejected"
    assert status(world, "CancelReservation", {"reservationId": 5}) == "Rejected"
    assert status(world, "CancelReservation", {"reservationId": 4}) == "Accepted"
    assert status(world, "ReserveNow", reserve) == "Accepted"
    assert status(world, "RequestStartTransaction", other | {"idToken": TOKEN}) == "Accepted"
    assert events(world)[0]["reservationId"] == 4
    assert status(world, "ReserveNow", reserve | {"evseId": 2, "id": 6}) == "Accepted"
    world.run(61)
    assert world.csms.payloads("ReservationStatusUpdate") == [
        {"reservationId": 6, "reservationUpdateStatus": "Expired"}
    ]
    assert not flaws(world)


def profile(name: int, limit: float, purpose: str = "TxDefaultProfile", **more: Any) -> dict[str, Any]:
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    kind: dict[str, Any] = {"chargingProfileKind": "Absolute", "chargingSchedule": [schedule]}
    return {"id": name, "stackLevel": 0, "chargingProfilePurpose": purpose, **kind, **more}


def test_charging_profiles_are_kept_told_and_cleared(world: World) -> None:
    default = {"evseId": 0, "chargingProfile": profile(1, 16.0)}
    assert status(world, "SetChargingProfile", default) == "Accepted"
    assert status(world, "SetChargingProfile", {"evseId": 9, "chargingProfile": profile(2, 6.0)}) == "Rejected"
    mine = profile(3, 6.0, "TxProfile", transactionId="none")
    assert status(world, "SetChargingProfile", {"evseId": 1, "chargingProfile": mine}) == "Rejected"
    world.charge(60)
    name = events(world)[0]["transactionInfo"]["transactionId"]
    mine = profile(3, 6.0, "TxProfile", transactionId=name)
    assert status(world, "SetChargingProfile", {"evseId": 1, "chargingProfile": mine}) == "Accepted"
    asked = {"evseId": 1, "duration": 3600, "chargingRateUnit": "A"}
    schedule = ask(world, "GetCompositeSchedule", asked)["schedule"]
    assert [(p["startPeriod"], p["limit"]) for p in schedule["chargingSchedulePeriod"]] == [(0, 6.0)]
    every: dict[str, Any] = {"requestId": 8, "chargingProfile": {}}
    assert status(world, "GetChargingProfiles", every) == "Accepted"
    assert {r["evseId"]: r["chargingProfile"][0]["id"] for r in world.csms.payloads("ReportChargingProfiles")} == {
        0: 1,
        1: 3,
    }
    world.leave()
    only = {"requestId": 9, "chargingProfile": {"chargingProfilePurpose": "TxProfile"}}
    assert status(world, "GetChargingProfiles", only) == "NoProfiles", "it went with its transaction"
    assert status(world, "ClearChargingProfile", {"chargingProfileId": 1}) == "Accepted"
    assert status(world, "ClearChargingProfile", {"chargingProfileId": 1}) == "Unknown"
    assert not flaws(world)


def test_a_composite_follows_the_schedules_periods(world: World) -> None:
    begin = to_iso(world.now)
    periods = [{"startPeriod": 0, "limit": 10_000.0}, {"startPeriod": 600, "limit": 4_000.0}]
    schedule = {"id": 1, "startSchedule": begin, "duration": 1200, "chargingRateUnit": "W"}
    schedule |= {"chargingSchedulePeriod": periods}
    whole = profile(1, 0.0, "ChargingStationMaxProfile", chargingSchedule=[schedule])
    assert status(world, "SetChargingProfile", {"evseId": 0, "chargingProfile": whole}) == "Accepted"
    answer = ask(world, "GetCompositeSchedule", {"evseId": 1, "duration": 1800})
    told_periods = [(p["startPeriod"], p["limit"]) for p in answer["schedule"]["chargingSchedulePeriod"]]
    assert told_periods == [(0, 10_000.0), (600, 4_000.0), (1200, 11_000.0)]


def test_the_local_list_decides_offline(world: World) -> None:
    entry = {"idToken": {"idToken": "GONE", "type": "ISO14443"}, "idTokenInfo": {"status": "Blocked"}}
    full = {"versionNumber": 3, "updateType": "Full", "localAuthorizationList": [entry]}
    assert status(world, "SendLocalList", full) == "Accepted"
    assert status(world, "SendLocalList", full | {"updateType": "Differential"}) == "VersionMismatch"
    assert ask(world, "GetLocalListVersion", {}) == {"versionNumber": 3}
    world.reachable = False
    world.cut()
    world.charge(60, "gone")
    assert world.station.connectors[1].transaction is None
    world.station.present(1, "TAG", world.now)
    assert world.station.connectors[1].transaction is not None


def test_jobs_are_told_step_by_step(world: World) -> None:
    log = {"requestId": 3, "logType": "DiagnosticsLog", "log": {"remoteLocation": "http://here/up"}}
    assert ask(world, "GetLog", log) == {"status": "Accepted", "filename": "DiagnosticsLog-3.log"}
    firmware = {"location": "http://here/f.bin", "retrieveDateTime": to_iso(world.now)}
    firmware |= {"signature": "c2ln", "signingCertificate": "cert"}
    assert status(world, "UpdateFirmware", {"requestId": 4, "firmware": firmware}) == "Accepted"
    assert status(world, "UpdateFirmware", {"requestId": 5, "firmware": firmware}) == "AcceptedCanceled"
    world.run(20)
    assert [p["status"] for p in world.csms.payloads("LogStatusNotification")] == ["Uploading", "Uploaded"]
    steps = [p["status"] for p in world.csms.payloads("FirmwareStatusNotification") if p["requestId"] == 5]
    assert steps == ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"]
    assert not flaws(world)


def test_certificates(world: World) -> None:
    root = certificate(ROOT_KEY.public_key(), "root")
    install = {"certificateType": "CSMSRootCertificate", "certificate": root}
    assert status(world, "InstallCertificate", install) == "Accepted"
    assert status(world, "InstallCertificate", install | {"certificate": "none"}) == "Rejected"
    (chain,) = ask(world, "GetInstalledCertificateIds", {})["certificateHashDataChain"]
    assert chain["certificateHashData"]["serialNumber"] == "abc1"
    deletion = {"certificateHashData": chain["certificateHashData"]}
    assert status(world, "DeleteCertificate", deletion) == "Accepted"
    assert status(world, "DeleteCertificate", deletion) == "NotFound"
    assert status(world, "GetInstalledCertificateIds", {}) == "NotFound"
    assert status(world, "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}) == "Accepted"
    asked = x509.load_pem_x509_csr(world.csms.payloads("SignCertificate")[0]["csr"].encode())
    key = asked.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert status(world, "CertificateSigned", {"certificateChain": root}) == "Rejected"
    assert status(world, "CertificateSigned", {"certificateChain": certificate(key, "CP-1")}) == "Accepted"
    assert not flaws(world)


def test_the_rest(world: World) -> None:
    assert status(world, "ClearCache", {}) == "Accepted"
    assert status(world, "DataTransfer", {"vendorId": "Nobody"}) == "UnknownVendorId"
    assert ask(world, "CostUpdated", {"totalCost": 1.5, "transactionId": "t"}) == {}
    connection = {
        "ocppVersion": "OCPP20", "ocppTransport": "JSON", "ocppCsmsUrl": "wss://csms/ocpp", "messageTimeout": 30,
        "securityProfile": 2, "ocppInterface": "Wired0",
    }  # fmt: skip
    assert status(world, "SetNetworkProfile", {"configurationSlot": 1, "connectionData": connection}) == "Accepted"
    assert status(world, "SetNetworkProfile", {"configurationSlot": 7, "connectionData": connection}) == "Rejected"


def test_what_it_does_not_do_is_refused_as_part_4_asks(world: World) -> None:
    folder = {"ocpp2.0.1": "v201", "ocpp2.1": "v21"}[world.station.traits.version]
    for action in DIRECTIONS[folder].to_station - ACTIONS:
        assert world.call(action, {})[:3] == [4, "cmd-1", "NotSupported"]
    assert world.call("MakeCoffee", {})[2] == "NotImplemented"
    assert world.call("GetVariables", [])[2] == "FormatViolation"
    assert world.call("RequestStopTransaction", {})[2] == "OccurrenceConstraintViolation"
    assert world.call("UnlockConnector", {"evseId": "one", "connectorId": 1})[2] == "TypeConstraintViolation"
