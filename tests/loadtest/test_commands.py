"""How the simulated charge point obeys, and that all it says and answers is valid OCPP."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import ocpp
import orjson
import pytest

from loadtest.station import Traits, quirks
from tests.loadtest.scripted_csms import World

COMMANDS: dict[str, dict[str, object]] = {
    "ChangeAvailability": {"connectorId": 2, "type": "Inoperative"},
    "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "60"},
    "ClearCache": {},
    "DataTransfer": {"vendorId": "Nobody"},
    "GetConfiguration": {},
    "RemoteStartTransaction": {"idTag": "APP", "connectorId": 1},
    "RemoteStopTransaction": {"transactionId": 7},
    "TriggerMessage": {"requestedMessage": "Heartbeat"},
    "UnlockConnector": {"connectorId": 2},
    "Reset": {"type": "Soft"},
}


@pytest.fixture
def world() -> World:
    return World()


def test_remote_start_and_stop(world: World) -> None:
    world.run(1)
    assert world.call("RemoteStartTransaction", {"idTag": "APP", "connectorId": 1}) == [
        3,
        "cmd-1",
        {"status": "Accepted"},
    ]
    assert world.csms.payloads("StartTransaction")[0]["idTag"] == "APP"
    assert world.call("RemoteStartTransaction", {"idTag": "APP"})[2] == {"status": "Rejected"}
    assert world.call("RemoteStopTransaction", {"transactionId": 8})[2] == {"status": "Rejected"}
    assert world.call("RemoteStopTransaction", {"transactionId": 7})[2] == {"status": "Accepted"}
    assert world.csms.payloads("StopTransaction")[0]["reason"] == "Remote"


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
def test_reset_stops_reboots_and_boots_even_where_a_reconnect_would_not(kind: str, reason: str) -> None:
    world = World(Traits(quirks=quirks(["no_boot_after_reconnect"])))
    world.charge(60)
    world.cut()
    world.run(30)
    assert world.csms.actions().count("BootNotification") == 1
    assert world.call("Reset", {"type": kind})[2] == {"status": "Accepted"}
    world.run(20)
    assert world.hangups
    assert world.csms.actions().count("BootNotification") == 2
    world.heal()
    assert world.csms.payloads("StopTransaction")[0]["reason"] == reason


def test_commands_are_answered_as_the_specification_asks(world: World) -> None:
    world.run(1)
    assert world.call("GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]})[2] == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense"],
    }
    assert len(world.call("GetConfiguration", {})[2]["configurationKey"]) > 20
    change = {"key": "MeterValueSampleInterval", "value": "5"}
    assert world.call("ChangeConfiguration", change)[2] == {"status": "Accepted"}
    assert world.call("ChangeConfiguration", {"key": "NumberOfConnectors", "value": "9"})[2] == {"status": "Rejected"}
    assert world.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "x"})[2] == {"status": "Rejected"}
    assert world.call("ChangeConfiguration", {"key": "Nonsense", "value": "1"})[2] == {"status": "NotSupported"}
    assert world.call("ClearCache", {})[2] == {"status": "Accepted"}
    assert world.call("DataTransfer", {"vendorId": "Nobody"})[2] == {"status": "UnknownVendorId"}
    assert world.call("UnlockConnector", {"connectorId": 1})[2] == {"status": "Unlocked"}
    assert world.call("ReserveNow", {})[2] == "NotSupported"
    assert world.call("MakeCoffee", {})[2] == "NotImplemented"
    assert world.call("Reset", {})[2] == "FormationViolation"
    assert world.call("UnlockConnector", {"connectorId": "one"})[2] == "TypeConstraintViolation"


def test_change_availability_waits_for_a_running_session(world: World) -> None:
    world.charge(60)
    assert world.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})[2] == {"status": "Scheduled"}
    world.leave()
    assert world.station.connectors[1].status == "Unavailable"
    assert world.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})[2] == {"status": "Accepted"}
    assert world.station.connectors[1].status == "Available"


@pytest.mark.parametrize("message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"])
def test_a_triggered_message_is_really_sent(world: World, message: str) -> None:
    world.run(1)
    world.csms.received.clear()
    assert world.call("TriggerMessage", {"requestedMessage": message})[2] == {"status": "Accepted"}
    assert message in world.csms.actions()
    assert world.call("TriggerMessage", {"requestedMessage": "LogStatus"})[2] == {"status": "NotImplemented"}


def _problems(schema: str, payload: object) -> list[str]:
    text = (Path(ocpp.__file__).parent / "v16" / "schemas" / f"{schema}.json").read_text(encoding="utf-8-sig")
    return [f"{schema}: {error}" for error in jsonschema_rs.validator_for(orjson.loads(text)).iter_errors(payload)]


@pytest.mark.parametrize("seed", range(3))
def test_without_quirks_every_frame_is_valid_by_the_schemas(seed: int) -> None:
    world = World(Traits(connectors=2, soc=True, stop_data=True), seed=seed)
    world.run(1)
    world.charge(4000)
    for action, payload in COMMANDS.items():
        kind, _, answer = world.call(action, payload)
        assert kind == 3
        assert not _problems(f"{action}Response", answer)
    world.run(60)
    world.station.fault(2, "GroundFailure", world.now)
    world.heal()
    assert {"Heartbeat", "StopTransaction", "MeterValues", "Authorize"} <= set(world.csms.actions())
    assert not [problem for _, action, payload in world.csms.received for problem in _problems(action, payload)]
