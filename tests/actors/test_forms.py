"""A station whose readings are known by their form leaves the same traces as one whose every frame is parsed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.clock import ManualClock
from engine.journal.records import MESSAGES, METERS
from tests.actors.test_hot_path import START, meters
from tests.actors.world import BOOT, Place, StationIn, until

SESSION = re.compile(rb"[0-9a-f]{32}")
LATENCY = 10
"""Where a message's row has it: last."""
NOW = 1_767_300_000_000_000
BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
STARTED = {
    "eventType": "Started",
    "timestamp": "2026-01-01T00:00:00Z",
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "T-1", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "idToken": {"idToken": "TAG", "type": "ISO14443"},
}


def updated(number: int) -> dict[str, Any]:
    at = f"2026-01-01T00:{number:02d}:00Z"
    samples = [
        {"value": 1000 + number, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}},
        {"value": 11040.5, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W"}},
    ]
    return {
        "eventType": "Updated", "timestamp": at, "triggerReason": "MeterValuePeriodic", "seqNo": number,
        "transactionInfo": {"transactionId": "T-1", "chargingState": "Charging"},
        "meterValue": [{"timestamp": at, "sampledValue": samples}],
    }  # fmt: skip


async def traces(subprotocol: str, *, by_form: bool) -> tuple[list[Any], list[Any], bool]:
    """What a session with six readings leaves in the journal and is answered, and whether a form was learned."""
    place = Place()
    try:
        station = StationIn(await place.runtime(clock=ManualClock(NOW)), "CP-1", subprotocol)
        conversation = station.actor.conversation
        assert conversation is not None
        if not by_form:
            conversation._forms_to_learn = 0
        if subprotocol == "ocpp1.6":
            await station.call("BootNotification", BOOT)
            transaction = (await station.call("StartTransaction", START))[2]["transactionId"]
            readings = [("MeterValues", meters(number, transaction)) for number in range(1, 7)]
        else:
            await station.call("BootNotification", BOOT_2)
            await station.call("TransactionEvent", STARTED)
            readings = [("TransactionEvent", updated(number)) for number in range(1, 7)]
        answers = [await station.call(*reading) for reading in readings]
        # A station may ask again before it was answered: that is a deviation, however well its form is known.
        asked = [station.say(*readings[-1], message_id=name) for name in ("again-1", "again-2")]
        await until(lambda: all(station.answer_to(name) for name in asked), "both answered")
        return await kept(place), answers, conversation._form is not None
    finally:
        await place.aclose()


async def kept(place: Place) -> list[Any]:
    """All rows of the journal, without what no two sessions share: their ids, and how long answers took."""
    rows = []
    for partition, head in (await place.journal.heads()).items():
        for entry in await place.journal.read(partition, 0, count=head):
            for channel, data in entry.channels.items():
                told = json.loads(SESSION.sub(b"S", data))
                rows += [(channel, row[:LATENCY] if channel == MESSAGES else row) for row in told]
    return rows


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_a_session_known_by_form_leaves_the_same_traces(subprotocol: str) -> None:
    by_form, parsed = await traces(subprotocol, by_form=True), await traces(subprotocol, by_form=False)
    assert (by_form[2], parsed[2]) == (True, False)
    assert by_form[1] == parsed[1]
    assert by_form[0] == parsed[0]
    readings = [row for channel, row in parsed[0] if channel == METERS]
    assert len(readings) >= 6
    assert any("pipelined_call" in row[9] for channel, row in parsed[0] if channel == MESSAGES)
