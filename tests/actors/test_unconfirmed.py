"""2.1's SEND and CALLRESULTERROR, through an actor: stepped, journalled, logged, and never answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from actors.runtime import Runtime
from tests.actors.test_message_log import logged
from tests.actors.world import Place, StationIn, turns, until

BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
STREAM = {"id": 1, "pending": 0, "basetime": "2026-11-26T09:00:00Z", "data": [{"t": 0.5, "v": "230.4"}]}


async def booted(place: Place) -> tuple[Runtime, StationIn]:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol="ocpp2.1")
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    return runtime, station


def hear(station: StationIn, *frame: Any) -> None:
    station.actor.frame_received(station.link, json.dumps(frame).encode())


async def test_a_send_is_heard_and_never_answered(place: Place) -> None:
    runtime, station = await booted(place)
    before = list(station.link.sent)
    hear(station, 6, "s-1", "NotifyPeriodicEventStream", STREAM)
    hear(station, 6, "s-2", "NotifyPeriodicEventStream", {"id": "first"})
    await turns()
    _, good, bad = await logged(place, runtime)
    assert station.link.sent == before
    for row, message_id in ((good, "s-1"), (bad, "s-2")):
        assert (row["type"], row["action"], row["message_id"], row["answer"], row["latency"]) == (
            6,
            "NotifyPeriodicEventStream",
            message_id,
            None,
            None,
        )
    assert good["deviations"] == []
    assert "invalid_send" in bad["deviations"]
    assert "invalid_send" in [event["name"] for event in await place.events("deviation")]


async def test_a_refused_answer_of_ours_is_noted(place: Place) -> None:
    runtime, station = await booted(place)
    hear(station, 5, "BootNotification-1", "FormatViolation", "interval is odd", {})
    await turns()
    row = (await logged(place, runtime))[-1]
    assert (row["type"], row["message_id"], row["deviations"]) == (5, "BootNotification-1", ["answer_refused"])


async def test_an_answer_that_cannot_be_understood_is_complained_of(place: Place) -> None:
    runtime, station = await booted(place)
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "ClearCache", {}, 30, False, "me"))
    call = await station.next_call()
    station.reply(call[1], {"status": ["what"]})
    await asking
    await until(lambda: station.answer_to(call[1]), "complained of")
    complaint = station.answer_to(call[1])
    assert complaint is not None
    assert complaint[:3] == [5, call[1], "FormatViolation"]
    row = (await logged(place, runtime))[-1]
    assert (row["type"], json.loads(row["answer"])) == (3, complaint)
