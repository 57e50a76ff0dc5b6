"""Every module on a meter value's way, from the actor's mailbox to the answer, is among those that are compiled."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from engine import compiled
from tests.actors.world import BOOT, Place, StationIn, until

LEFT_OUT = {
    "engine.ocpp.v16.protocol": "says where to go on; derived from in tests, which a compiled class forbids",
    "engine.journal.commit_metrics": "once a flight",
    "engine.journal.memory": "the tests' journal",
    "engine.ids": "once a flight of that journal",
    "engine.stores.admissions": "one look into a dictionary",
}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}


def meters(number: int, transaction: int) -> dict[str, Any]:
    sampled = [
        {"value": str(1000 + number), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "11040.5", "measurand": "Power.Active.Import", "unit": "W"},
    ]
    value = {"timestamp": f"2026-01-01T00:{number:02d}:00Z", "sampledValue": sampled}
    return {"connectorId": 1, "transactionId": transaction, "meterValue": [value]}


async def test_a_meter_value_passes_through_no_module_that_is_not_compiled(place: Place) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    transaction = (await station.call("StartTransaction", START))[2]["transactionId"]
    await station.call("MeterValues", meters(1, transaction))
    seen: set[str] = set()

    def look(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(compiled.ROOT):
            seen.add(str(path.relative_to(compiled.ROOT).with_suffix("")).replace("/", "."))

    sys.setprofile(look)
    try:
        said = station.say("MeterValues", meters(2, transaction))
        await until(lambda: station.answer_to(said), "answered")
    finally:
        sys.setprofile(None)
    ours = {name for name in seen if name.startswith(("engine.", "actors.")) and name not in LEFT_OUT}
    assert ours - set(compiled.HOT) == set()
    assert compiled.active() or len(ours) > 10, "the way was not seen"
