"""What stations of two versions told beside charging, through the running system: the same doors, the same words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation, stamp

pytestmark = pytest.mark.system

BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Raw", "model": "Two"}}


async def asked(
    system: Installation, station: RawStation, identity: str, action: str, sent: Mapping[str, Any], answer: Any
) -> None:
    """Have the station asked something, and answer it."""
    asking = asyncio.create_task(asyncio.to_thread(system.command, identity, action, dict(sent)))
    calling = asyncio.create_task(station.next_call())
    await asyncio.wait({asking, calling}, return_when=asyncio.FIRST_COMPLETED)
    assert calling.done(), f"the command ended before the station was asked: {asking.result()}"
    call = calling.result()
    assert call[2] == action
    await station.answer(call[1], answer)
    assert (await asking)["outcome"] == "Accepted"


def variable(number: int) -> dict[str, Any]:
    return {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": f"Variable{number}"},
        "variableAttribute": [{"value": str(number), "mutability": "ReadOnly"}],
    }


async def test_a_2x_stations_report_job_and_security_event_are_readable(system: Installation) -> None:
    identity = await registered(system, "KEPT")
    path = f"/charge-points/{identity}"
    async with await RawStation.connect(system, identity, subprotocols=("ocpp2.0.1",)) as station:
        await station.call("BootNotification", BOOT_2)
        sent = {"requestId": 41, "reportBase": "FullInventory"}
        await asked(system, station, identity, "GetBaseReport", sent, {"status": "Accepted"})
        head = {"requestId": 41, "generatedAt": stamp()}
        for number in (2, 0, 0):
            part = {**head, "seqNo": number, "tbc": number != 2, "reportData": [variable(number)]}
            assert (await station.call("NotifyReport", part))[2] == {}
        half = await asyncio.to_thread(system.get, f"{path}/reports/41")
        assert (half["state"], half["parts"], half["complete"]) == ("open", 2, False)
        assert (await asyncio.to_thread(system.get, f"{path}/configuration"))["settings"] == []
        await station.call("NotifyReport", {**head, "seqNo": 1, "tbc": True, "reportData": [variable(1)]})
        whole = await asyncio.to_thread(system.get, f"{path}/reports/41")
        assert (whole["complete"], [item["variable"] for item in whole["items"]]) == (
            True,
            ["Variable0", "Variable1", "Variable2"],
        )
        settings = (await asyncio.to_thread(system.get, f"{path}/configuration"))["settings"]
        assert [(s["key"], s["value"], s["readonly"]) for s in settings] == [
            (f"Variable{n}", str(n), True) for n in range(3)
        ]
        assert all(setting["read_at"] for setting in settings)
        log = {"requestId": 42, "logType": "SecurityLog", "log": {"remoteLocation": "https://me:secret@host.example/"}}
        await asked(system, station, identity, "GetLog", log, {"status": "Accepted", "filename": "log.zip"})
        await station.call("LogStatusNotification", {"status": "Uploaded", "requestId": 42})
        (job,) = (await asyncio.to_thread(system.get, f"{path}/jobs"))["jobs"]
        assert (job["state"], job["file"], job["location"]) == ("done", "log.zip", "https://***@host.example/")
        event = {"type": "TamperDetectionActivated", "timestamp": stamp()}
        for _ in range(2):
            assert (await station.call("SecurityEventNotification", event))[2] == {}
    found = await eventually(lambda: system.get(f"{path}/security-events")["items"], "the security event in SQL")
    assert [(one["type"], one["critical"]) for one in found] == [("TamperDetectionActivated", True)]


async def test_a_1_6_station_is_shown_in_the_same_words(system: Installation) -> None:
    identity = await registered(system, "KEPT")
    path = f"/charge-points/{identity}"
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
        await asked(system, station, identity, "GetConfiguration", {}, {"configurationKey": keys})
        await asked(system, station, identity, "GetLocalListVersion", {}, {"listVersion": 3})
        wanted = {"connectorId": 1, "idTag": "TAG", "reservationId": 9, "expiryDate": "2099-01-01T00:00:00Z"}
        await asked(system, station, identity, "ReserveNow", wanted, {"status": "Accepted"})
        update = {"location": "https://host.example/image", "retrieveDate": stamp()}
        await asked(system, station, identity, "UpdateFirmware", update, {})
        await station.call("FirmwareStatusNotification", {"status": "Downloading"})
    (setting,) = (await asyncio.to_thread(system.get, f"{path}/configuration"))["settings"]
    assert (setting["key"], setting["component"], setting["value"]) == ("HeartbeatInterval", "", "300")
    assert (await asyncio.to_thread(system.get, f"{path}/local-list"))["version"] == 3
    (reservation,) = (await asyncio.to_thread(system.get, f"{path}/reservations"))["reservations"]
    assert (reservation["id"], reservation["state"], reservation["evse"]) == (9, "active", 1)
    (job,) = (await asyncio.to_thread(system.get, f"{path}/jobs"))["jobs"]
    assert (job["job"], job["status"], job["state"]) == ("firmware", "Downloading", "running")
