"""Commands to a station that we did not write, through the raw-command endpoint, in each of their outcomes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ocpp.v16 import call
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.independent_station import independent_station
from tests.system.raw_station import RawStation, stamp

pytestmark = pytest.mark.system

TAG = "COMMAND-TAG"
CORE: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("GetConfiguration", {"key": ["HeartbeatInterval", "NoSuchKey"]}, "Accepted", {"unknownKey": ["NoSuchKey"]}),
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, "Accepted", {"status": "RebootRequired"}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, "Accepted", {"status": "Scheduled"}),
    ("UnlockConnector", {"connectorId": 1}, "Rejected", {"status": "NotSupported"}),
    ("TriggerMessage", {"requestedMessage": "Heartbeat"}, "Accepted", {"status": "Accepted"}),
    ("DataTransfer", {"vendorId": "Foreign", "data": '{"snake_case": 1}'}, "Accepted", {"data": "a vendor's answer"}),
    ("ClearCache", {}, "Accepted", {"status": "Accepted"}),
    ("Reset", {"type": "Soft"}, "Accepted", {"status": "Accepted"}),
]


async def command(system: Installation, identity: str, action: str, payload: dict[str, Any], **more: Any) -> Any:
    return await asyncio.to_thread(system.command, identity, action, payload, **more)


async def recorded(system: Installation, command_id: str) -> Any:
    """The command as the ledger has it once it has ended."""

    def ended() -> Any:
        answer = system.api("GET", f"/commands/{command_id}")
        return answer.json() if answer.status_code == 200 and answer.json()["state"] == "ended" else None

    return await eventually(ended, "recorded")


async def test_every_command_of_the_core_profile_is_answered_by_a_foreign_station(system: Installation) -> None:
    identity = await registered(system, "CORE")
    async with independent_station(system, identity) as station:
        await station.call(call.BootNotification("Model F", "Foreign"), suppress=False)
        for action, payload, outcome, part in CORE:
            ended = await command(system, identity, action, payload)
            assert ended["outcome"] == outcome, ended
            assert ended["payload"].items() >= part.items()
        assert [action for action, _ in station.asked] == [action for action, *_ in CORE]
        transferred = dict(station.asked)["DataTransfer"]
        assert transferred["data"] == '{"snake_case": 1}'

    kept = await eventually(
        lambda: [c for c in system.get(f"/charge-points/{identity}/commands")["items"] if c["state"] == "ended"][7:],
        "recorded",
    )
    assert [(c["action"], c["outcome"], c["requested_by"]) for c in kept] == [
        ("GetConfiguration", "Accepted", "admin@raycharge.local")
    ]


async def test_a_remote_start_is_correlated_with_the_session_that_follows(system: Installation) -> None:
    identity = await registered(system, "REMOTE", tokens=[TAG])
    async with independent_station(system, identity) as station:
        await station.call(call.BootNotification("Model F", "Foreign"), suppress=False)
        await station.call(
            call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.preparing, stamp())
        )
        ended = await command(system, identity, "RemoteStartTransaction", {"idTag": TAG, "connectorId": 1})
        assert ended["outcome"] == "Accepted"
        assert station.asked == [("RemoteStartTransaction", {"id_tag": TAG, "connector_id": 1})]
        started = await station.call(call.StartTransaction(1, TAG, 100, stamp()), suppress=False)

        live = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        (session,) = [c["session"] for c in live["connectors"] if c["session"]]
        assert (session["command"], session["transaction"]) == (ended["id"], str(started.transaction_id))
        ended = await command(system, identity, "RemoteStopTransaction", {"transactionId": started.transaction_id})
        assert ended["outcome"] == "Accepted"
        await station.call(call.StopTransaction(600, stamp(), started.transaction_id), suppress=False)


async def test_a_callerror_ends_a_command_as_failed_with_its_code(system: Installation) -> None:
    identity = await registered(system, "FAILED")
    async with independent_station(system, identity) as station:
        station.worn_out = True
        ended = await command(system, identity, "ClearCache", {})
        assert (ended["outcome"], ended["error_code"]) == ("Failed", "InternalError")
        told = await recorded(system, ended["id"])
        assert (told["outcome"], told["error_code"]) == ("Failed", "InternalError")


async def test_a_silent_station_ends_a_command_as_timed_out_and_a_late_answer_changes_nothing(
    system: Installation,
) -> None:
    identity = await registered(system, "SILENT")
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        asking = asyncio.create_task(command(system, identity, "ClearCache", {}, timeout_s=1.5))
        (_, message_id, action, _) = await station.next_call()
        assert action == "ClearCache"
        ended = await asking
        assert ended["outcome"] == "TimedOut"
        await station.answer(message_id, {"status": "Accepted"})
        assert (await station.call("Heartbeat", {}))[0] == 3
        asking = asyncio.create_task(command(system, identity, "Reset", {"type": "Hard"}))
        (_, message_id, action, payload) = await station.next_call()
        assert (action, payload) == ("Reset", {"type": "Hard"})
        await station.answer(message_id, {"status": "Rejected"})
        assert (await asking)["outcome"] == "Rejected"
        assert (await recorded(system, ended["id"]))["outcome"] == "TimedOut"


async def test_an_absent_station_ends_a_command_at_once_unless_it_may_wait(system: Installation) -> None:
    identity = await registered(system, "ABSENT")
    ended = await command(system, identity, "ClearCache", {})
    assert ended["outcome"] == "NotConnected"
    ended = await command(system, identity, "ClearCache", {}, wait=True, timeout_s=1.5)
    assert ended["outcome"] == "Expired"

    waiting = asyncio.create_task(command(system, identity, "UnlockConnector", {"connectorId": 1}, wait=True))
    await eventually(
        lambda: [c["action"] for c in system.get(f"/charge-points/{identity}/state")["commands"]], "waiting"
    )
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        (_, message_id, action, _) = await station.next_call()
        assert action == "UnlockConnector"
        await station.answer(message_id, {"status": "Unlocked"})
        assert (await waiting)["outcome"] == "Accepted"


async def test_a_wrong_payload_is_refused_naming_its_field(system: Installation) -> None:
    identity = await registered(system, "WRONG")

    def refused(action: str, payload: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = system.api("POST", f"/charge-points/{identity}/commands", json={"action": action, "payload": payload})
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()

    status, problem = await asyncio.to_thread(refused, "Reset", {"type": "Sot"})
    assert (status, problem["field"]) == (422, "payload.type")
    assert "Hard" in problem["detail"] + str(problem.get("remedy"))
    status, problem = await asyncio.to_thread(refused, "NoSuchAction", {})
    assert (status, problem["field"]) == (422, "action")
    status, problem = await asyncio.to_thread(refused, "Heartbeat", {})
    assert status == 422, "a station's own action is not for it"
    commands = await asyncio.to_thread(system.get, f"/charge-points/{identity}/commands")
    assert commands["items"] == []
    unknown = await asyncio.to_thread(
        system.api, "POST", "/charge-points/NOBODY/commands", json={"action": "ClearCache", "payload": {}}
    )
    assert unknown.status_code == 404
