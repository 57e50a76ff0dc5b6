"""Remote trigger: the station is asked to send a message."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ABSENT

NAMES = {
    "MeterValues": "meter_values",
    "Heartbeat": "heartbeat",
    "StatusNotification": "status",
    "DiagnosticsStatusNotification": "diagnostics_status",
    "FirmwareStatusNotification": "firmware_status",
}
"""The words of the typed endpoint, which are the same for every version."""


async def _trigger(
    bench: Bench, station: Station16, message: str, status: str = "Accepted", connector: int | None = None
) -> None:
    await bench.operated(
        station,
        "/trigger",
        {"message": NAMES[message], **({} if connector is None else {"evse": connector})},
        action="TriggerMessage",
        answer={"status": status},
        outcome=status,
        wanted={"requestedMessage": message, "connectorId": ABSENT if connector is None else connector},
    )


@case("TC_054_CSMS")
async def each_message(bench: Bench) -> None:
    """MeterValues, Heartbeat, StatusNotification, upload and firmware states can be asked for, and are taken."""
    station = await bench.station16()
    await station.boot()
    await _trigger(bench, station, "MeterValues", connector=1)
    await station.meter_values(transaction=0)
    await _trigger(bench, station, "Heartbeat")
    await station.call("Heartbeat")
    await _trigger(bench, station, "StatusNotification", connector=1)
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
    await _trigger(bench, station, "MeterValues", "Rejected", connector=station.connectors + 1)
