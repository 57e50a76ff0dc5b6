"""Remote trigger: the station is asked to send a message."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station16 import Station16


async def _trigger(bench: Bench, station: Station16, message: str, status: str = "Accepted", **more: Any) -> None:
    asked = {"requestedMessage": message, **more}
    await bench.commanded(station, "TriggerMessage", asked, answer={"status": status}, outcome=status, wanted=asked)


@case("TC_054_CSMS")
async def each_message(bench: Bench) -> None:
    """MeterValues, Heartbeat, StatusNotification, upload and firmware states can be asked for, and are taken."""
    station = await bench.station16()
    await station.boot()
    await _trigger(bench, station, "MeterValues", connectorId=1)
    await station.meter_values(transaction=0)
    await _trigger(bench, station, "Heartbeat")
    await station.call("Heartbeat")
    await _trigger(bench, station, "StatusNotification", connectorId=1)
    await station.status("Available")
    await _trigger(bench, station, "DiagnosticsStatusNotification")
    await station.call("DiagnosticsStatusNotification", {"status": "Idle"})
    await _trigger(bench, station, "FirmwareStatusNotification")
    await station.call("FirmwareStatusNotification", {"status": "Idle"})


@case("TC_055_CSMS", sample=True)
async def rejected(bench: Bench) -> None:
    """MeterValues of a connector that the station does not have can be asked for; the refusal is told."""
    station = await bench.station16()
    await station.boot()
    await _trigger(bench, station, "MeterValues", "Rejected", connectorId=station.connectors + 1)
