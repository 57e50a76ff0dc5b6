"""Block B, third part: the station or one EVSE restarted, at once or when nobody charges any more."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, same


async def _reset(
    bench: Bench, station: Station201, *, immediate: bool = False, evse: int | None = None, status: str = "Accepted"
) -> Commanded:
    body: dict[str, Any] = {"immediate": immediate, **({"evse": evse} if evse else {})}
    kind = "Immediate" if immediate else "OnIdle"
    return await bench.operated(
        station,
        "/reset",
        body,
        action="Reset",
        answer={"status": status},
        wanted={"type": kind, "evseId": evse or ABSENT},
    )


async def _restarted(station: Station201, reason: str, state: str = "Available") -> None:
    """The station boots, is accepted, and tells its connectors' states in both ways that 2.0.1 has."""
    await station.boot_notification(reason, wanted={"status": "Accepted"})
    for evse in range(1, station.evses + 1):
        said = state if evse == 1 else "Available"
        await station.status(said, evse)
        component = {"name": "Connector", "evse": {"id": evse, "connectorId": 1}}
        await station.notify_event(component, {"name": "AvailabilityState"}, said)


async def _charging(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    await station.energy_transfer_started()
    return station


async def _stopped_by_driver(bench: Bench, station: Station201) -> None:
    transaction = station.transactions[1]
    await transaction.event("Updated", "StopAuthorized", "EVConnected", token=station.tag)
    info = {"stoppedReason": "EVDisconnected"}
    await transaction.event("Ended", "EVCommunicationLost", "Idle", info=info)
    await bench.session(transaction.id, state="stopped", reason="EVDisconnected")


async def _stopped_by_reset(bench: Bench, station: Station201) -> None:
    transaction = station.transactions[1]
    await transaction.event("Ended", "ResetCommand", "EVConnected", info={"stoppedReason": "ImmediateReset"})
    await bench.session(transaction.id, state="stopped", reason="ImmediateReset")


@case("TC_B_20_CSMS", sample=True)
async def a_station_on_which_nobody_charges(bench: Bench) -> None:
    """The station is asked to restart when idle, does, and its boot is accepted and tied to the operator's request."""
    station = await bench.station201(2)
    await station.boot()
    told = await _reset(bench, station)
    await _restarted(station, "RemoteReset")
    await bench.led_to(told, kind="boot")


@case("TC_B_21_CSMS")
async def a_station_that_charges_when_idle(bench: Bench) -> None:
    """The restart is scheduled, the driver stops, the station boots and is accepted; the session is whole."""
    station = await _charging(bench)
    told = await _reset(bench, station, status="Scheduled")
    await _stopped_by_driver(bench, station)
    await _restarted(station, "ScheduledReset")
    await bench.led_to(told, kind="boot")


@case("TC_B_22_CSMS")
async def a_station_that_charges_at_once(bench: Bench) -> None:
    """The restart ends the transaction at once, the station boots and is accepted with its connector still in use."""
    station = await _charging(bench, 2)
    told = await _reset(bench, station, immediate=True)
    await _stopped_by_reset(bench, station)
    await _restarted(station, "RemoteReset", "Occupied")
    await bench.led_to(told, kind="boot")


@case("TC_B_25_CSMS")
async def an_evse_on_which_nobody_charges(bench: Bench) -> None:
    """One EVSE is asked to restart when idle."""
    station = await bench.station201(2)
    await station.boot()
    await _reset(bench, station, evse=2)


@case("TC_B_26_CSMS")
async def an_evse_that_charges_when_idle(bench: Bench) -> None:
    """The restart of one EVSE is scheduled; the driver stops, and the session is whole."""
    station = await _charging(bench)
    await _reset(bench, station, evse=1, status="Scheduled")
    await _stopped_by_driver(bench, station)


@case("TC_B_27_CSMS")
async def an_evse_that_charges_at_once(bench: Bench) -> None:
    """The restart of one EVSE ends its transaction at once."""
    station = await _charging(bench)
    told = await _reset(bench, station, evse=1, immediate=True)
    await _stopped_by_reset(bench, station)
    same(told.request["evseId"], 1, "the EVSE that is restarted")
