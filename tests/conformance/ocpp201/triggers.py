"""Block F: the station is asked to send a message now."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.ocpp201.readings import kept_rows
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, energy
from tests.conformance.verdict import ABSENT, ANY, same

NAMES = {
    "MeterValues": "meter_values",
    "TransactionEvent": "transaction",
    "LogStatusNotification": "log_status",
    "FirmwareStatusNotification": "firmware_status",
    "Heartbeat": "heartbeat",
    "StatusNotification": "status",
}
"""The words of the typed endpoint, which are the same for every version."""


async def _triggered(
    bench: Bench,
    station: Station201,
    message: str,
    *,
    evse: int | None = None,
    wanted: Any = ABSENT,
    status: str = "Accepted",
) -> None:
    """An operator asks for the message, of one EVSE or of all (then the station is told of none)."""
    told = await bench.operated(
        station,
        "/trigger",
        {"message": NAMES[message], **({} if evse is None else {"evse": evse})},
        action="TriggerMessage",
        answer={"status": status},
        outcome="Accepted" if status == "Accepted" else "Rejected",
        wanted={"requestedMessage": message, "evse": wanted if evse is None or wanted is not ABSENT else {"id": evse}},
    )
    same(told.ended["payload"], {"status": status}, "what the operator is told")


async def _booted(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


@case("TC_F_11_CSMS", sample=True)
async def meter_values_of_one(bench: Bench) -> None:
    """MeterValues are asked of one EVSE, and what comes is kept as triggered."""
    station = await _booted(bench, evses=2)
    await _triggered(bench, station, "MeterValues", evse=1)
    await station.meter_values(1, energy(1234, "Trigger"))
    await kept_rows(bench, [(1, "Trigger", "Raw", "1234")])


@case("TC_F_12_CSMS")
async def meter_values_of_all(bench: Bench) -> None:
    """MeterValues are asked without an EVSE, and what comes of each is kept."""
    station = await _booted(bench, evses=2)
    await _triggered(bench, station, "MeterValues")
    for evse in (1, 2):
        await station.meter_values(evse, energy(1000 * evse, "Trigger"))
    await kept_rows(bench, [(1, "Trigger", "Raw", "1000"), (2, "Trigger", "Raw", "2000")])


async def _transaction_event(bench: Bench, station: Station201, number: int, wh: int, **more: Any) -> None:
    """What is asked for comes: the EVSE's transaction, charging, with a triggered value, which its session has."""
    transaction = station.transactions[number]
    await transaction.event("Updated", "Trigger", "Charging", meterValue=[energy(wh, "Trigger")], **more)
    session = await bench.session(transaction.id, evse=number)
    await kept_rows(bench, [(number, "Trigger", "Raw", str(wh))], session=session["id"])


@case("TC_F_13_CSMS")
async def transaction_event_of_one(bench: Bench) -> None:
    """A TransactionEvent is asked of one EVSE; what comes belongs to the transaction that runs there."""
    station = await _booted(bench, evses=2)
    await station.energy_transfer_started()
    await _triggered(bench, station, "TransactionEvent", evse=1)
    await _transaction_event(bench, station, 1, 500, evse={"id": 1})


@case("TC_F_14_CSMS")
async def transaction_event_of_all(bench: Bench) -> None:
    """A TransactionEvent is asked without an EVSE; what comes of each belongs to the transaction that runs there."""
    station = await _booted(bench, evses=2)
    await station.energy_transfer_started(1)
    await station.energy_transfer_started(2, await bench.token())
    await _triggered(bench, station, "TransactionEvent")
    for evse in (1, 2):
        await _transaction_event(bench, station, evse, 500 * evse)


@case("TC_F_15_CSMS")
async def log_status(bench: Bench) -> None:
    """LogStatusNotification is asked for; Idle is taken, and no job is made of it."""
    station = await _booted(bench)
    await _triggered(bench, station, "LogStatusNotification")
    same(await station.call("LogStatusNotification", {"status": "Idle"}), {}, "the answer")
    same((await bench.kept("jobs"))["jobs"], [], "the jobs")


@case("TC_F_18_CSMS")
async def firmware_status(bench: Bench) -> None:
    """FirmwareStatusNotification is asked for; Idle is taken, and no job is made of it."""
    station = await _booted(bench)
    await _triggered(bench, station, "FirmwareStatusNotification")
    same(await station.call("FirmwareStatusNotification", {"status": "Idle"}), {}, "the answer")
    same((await bench.kept("jobs"))["jobs"], [], "the jobs")


@case("TC_F_20_CSMS")
async def heartbeat(bench: Bench) -> None:
    """A Heartbeat is asked for, and answered with the time."""
    station = await _booted(bench)
    await _triggered(bench, station, "Heartbeat")
    await station.call("Heartbeat", wanted={"currentTime": ANY})


@case("TC_F_23_CSMS")
async def status_of_an_available_one(bench: Bench) -> None:
    """The status of one EVSE's connector is asked for; Available is taken."""
    station = await _booted(bench)
    await _triggered(bench, station, "StatusNotification", evse=1, wanted={"id": 1, "connectorId": 1})
    await station.availability("Available")
    same((await bench.connector())["status"], "Available", "the connector")


@case("TC_F_24_CSMS")
async def status_of_an_occupied_one(bench: Bench) -> None:
    """The status of one EVSE's connector is asked for while it is occupied; it is seen so, before and after."""
    station = await _booted(bench)
    await station.availability("Occupied")
    same((await bench.connector())["status"], "Preparing", "the occupied connector")
    await _triggered(bench, station, "StatusNotification", evse=1, wanted={"id": 1, "connectorId": 1})
    await station.availability("Occupied")
    same((await bench.connector())["status"], "Preparing", "the occupied connector")


@case("TC_F_27_CSMS")
async def not_implemented(bench: Bench) -> None:
    """A station that cannot send what is asked for says so, and the operator is told."""
    station = await _booted(bench)
    await _triggered(bench, station, "LogStatusNotification", status="NotImplemented")
