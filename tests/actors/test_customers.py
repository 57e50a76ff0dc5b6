"""A customer is taken off a 2.x station's list by a CALL of our own, which leaves after the answer to the report."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.runtime import Runtime
from engine.charging.operations import GetLocalListVersion, IdToken, Operation, RequestCustomerInformation
from tests.actors.world import Place, StationIn, until

BOOT2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
REPORT = {"requestId": 5, "seqNo": 0, "generatedAt": "2026-01-01T00:00:00Z", "data": "All that we know"}


async def operated(runtime: Runtime, station: StationIn, operation: Operation, answer: dict[str, Any]) -> None:
    asked = asyncio.create_task(runtime.operate("CP-1", operation.kind, operation, 30.0, False, "somebody"))
    call = await station.next_call()
    station.reply(call[1], answer)
    assert (await asked).outcome == "Accepted"


async def test_our_call_leaves_after_the_answer_to_what_led_to_it(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT2)
    await operated(runtime, station, GetLocalListVersion(), {"versionNumber": 7})
    clear = RequestCustomerInformation(5, clear=True, id_token=IdToken("TAG", "ISO14443"))
    await operated(runtime, station, clear, {"status": "Accepted"})
    station.link.sent.clear()
    station.say("NotifyCustomerInformation", REPORT)
    await until(lambda: len(station.link.sent) == 2, "answered, and asked")
    answer, change = station.link.sent
    assert (answer[0], answer[2]) == (3, {})
    assert (change[0], change[2]) == (2, "SendLocalList")
    entry = {"idToken": {"idToken": "TAG", "type": "ISO14443"}}
    wanted = {"versionNumber": 8, "updateType": "Differential", "localAuthorizationList": [entry]}
    assert change[3] == wanted
    assert [e["requested_by"] for e in await place.events("command") if e["action"] == "SendLocalList"] == [
        "raycharge",
        "raycharge",
    ]
