"""What a station told is committed before it is acknowledged, and another host goes on with it in the middle."""

from __future__ import annotations

import asyncio
from typing import Any

from engine.charging.kept.view import VIEWS, reports_view
from tests.actors.world import Place, StationIn, turns, until

BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


def part(number: int, *, last: bool = False) -> dict[str, Any]:
    data = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": f"Variable{number}"},
        "variableAttribute": [{"value": str(number), "mutability": "ReadWrite"}],
    }
    return {
        "requestId": 7,
        "generatedAt": "2026-01-01T00:00:00Z",
        "seqNo": number,
        "tbc": not last,
        "reportData": [data],
    }


async def parts_of(place: Place) -> Any:
    return (await place.journal.snapshots(["CP-1"]))["CP-1"]


async def test_a_part_is_acknowledged_only_after_its_commit(place: Place) -> None:
    station = StationIn(await place.runtime(), subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT)
    place.journal.gate.clear()
    message = station.say("NotifyReport", part(0))
    await turns()
    assert station.answer_to(message) is None
    place.journal.gate.set()
    await until(lambda: station.answer_to(message), "acknowledged")
    assert station.answer_to(message) == [3, message, {}]
    (report,) = reports_view(await parts_of(place), 7)
    assert (report["state"], report["parts"]) == ("open", 1)


async def test_a_report_goes_on_in_another_host(place: Place) -> None:
    station = StationIn(await place.runtime("host-0"), subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT)
    await station.call("NotifyReport", part(2, last=True))
    await station.call("NotifyReport", part(0))
    again = StationIn(await place.runtime("host-1"), subprotocol="ocpp2.0.1")
    await again.call("NotifyReport", part(0))
    await again.call("NotifyReport", part(1))
    parts = await parts_of(place)
    (report,) = reports_view(parts, 7)
    assert (report["complete"], report["rows"]) == (True, 3)
    assert [name for name in parts if name.startswith("p:")] == []
    settings = VIEWS["configuration"](parts)
    assert [(setting["key"], setting["value"]) for setting in settings] == [
        ("Variable0", "0"),
        ("Variable1", "1"),
        ("Variable2", "2"),
    ]
    (event,) = await place.events("report")
    assert (event["complete"], event["parts"]) == (True, 3)


async def test_a_command_teaches_through_the_actor(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT)
    await station.call("StatusNotification", {
        "timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1,
    })  # fmt: skip
    asked = asyncio.ensure_future(
        runtime.command("CP-1", "c1", "GetLocalListVersion", {}, timeout_s=5, wait=False, requested_by="test")
    )
    call = await station.next_call()
    station.reply(call[1], {"versionNumber": 12})
    assert (await asked).outcome == "Accepted"
    assert VIEWS["local-list"](await parts_of(place))["version"] == 12
