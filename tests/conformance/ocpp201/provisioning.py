"""Block B, first part: booting, and being let in at once, later, or not yet."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import holds, same


@case("TC_B_01_CSMS", sample=True)
async def a_cold_boot(bench: Bench) -> None:
    """A boot is accepted with an interval, its connectors' states are taken, and the station is shown as it is."""
    station = await bench.station201(2)
    answer = await station.boot()
    holds(answer, {"interval": lambda seconds: seconds > 0}, "the answer to BootNotification")
    live = await bench.reached("both connectors Available", lambda state: len(state["connectors"]) == 2)
    same({each["status"] for each in live["connectors"]}, {"Available"}, "the connectors' states")
    holds(live, {"registration": "accepted", "boot.model": "Scripted 2"}, "the live state")


async def _held_back(bench: Bench, admission: str = "pending") -> Station201:
    """A station whose first boot is answered with Pending or Rejected, as the operator has set."""
    await bench.within(_admission(bench, admission), "setting the admission")
    station = await bench.station201()

    async def held() -> bool:
        # Hosts hear of the operator's word a moment later.
        answer = await station.boot_notification()
        return bool(answer["status"].lower() == admission)

    await bench.until(held, f"answered with {admission}")
    return station


async def _admission(bench: Bench, admission: str) -> None:
    await bench.ask("PATCH", f"/charge-points/{bench.identity}", {"admission": admission})


async def _accepted(bench: Bench, station: Station201, reason: str) -> None:
    async def accepted() -> bool:
        answer = await station.boot_notification(reason)
        return bool(answer["status"] == "Accepted")

    await bench.until(accepted, "accepted at its next boot")
    await station.report_all("Available")
    available = {"component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}}
    await station.notify_event(available["component"], {"name": "AvailabilityState"}, "Available")


@case("TC_B_02_CSMS")
async def a_boot_that_has_to_wait(bench: Bench) -> None:
    """The first boot is Pending; meanwhile the operator reads and sets variables; the next boot is Accepted."""
    station = await _held_back(bench)
    place = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
    await bench.commanded(
        station,
        "GetVariables",
        {"getVariableData": [place]},
        answer={"getVariableResult": [{"attributeStatus": "Accepted", "attributeValue": "60", **place}]},
    )
    await bench.commanded(
        station,
        "SetVariables",
        {"setVariableData": [{"attributeValue": "90", **place}]},
        answer={"setVariableResult": [{"attributeStatus": "Accepted", **place}]},
    )
    await _admission(bench, "accepted")
    await _accepted(bench, station, "PowerUp")


@case("TC_B_30_CSMS")
async def what_is_said_before_the_boot_is_accepted(bench: Bench) -> None:
    """A StatusNotification and a NotifyEvent of a station that has to wait get the CALLERROR SecurityError."""
    for admission in ("pending", "rejected"):
        station = await _held_back(bench, admission)
        said = {"timestamp": stamp(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        await station.call_refused("StatusNotification", said, code="SecurityError")
        event = {
            "eventId": 1,
            "timestamp": stamp(),
            "trigger": "Delta",
            "actualValue": "Available",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
        }
        told = {"generatedAt": stamp(), "seqNo": 0, "tbc": False, "eventData": [event]}
        await station.call_refused("NotifyEvent", told, code="SecurityError")
        await station.close()


@case("TC_B_31_CSMS")
async def a_station_that_waits_is_asked_to_boot(bench: Bench) -> None:
    """The operator lets the station in and has it boot by a TriggerMessage; that boot is Accepted."""
    station = await _held_back(bench)
    await _admission(bench, "accepted")
    await bench.operated(
        station,
        "/trigger",
        {"message": "boot"},
        action="TriggerMessage",
        answer={"status": "Accepted"},
        wanted={"requestedMessage": "BootNotification"},
    )
    await _accepted(bench, station, "Triggered")
