"""Block E: how transactions end, with every TxStopPoint, and a cable that comes out and goes in again."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, Transaction, id_token
from tests.conformance.verdict import same


async def _charging(bench: Bench) -> tuple[Station201, Transaction]:
    """EnergyTransferStarted."""
    station = await bench.station201()
    await station.boot()
    return station, await station.energy_transfer_started()


async def _stopped(bench: Bench, transaction: Transaction, reason: str, **more: Any) -> None:
    """The session is in the books as stopped for this reason, and nothing runs any more."""
    wanted = {"id_token": bench.valid, "evse": 1, "doubts": [], **more}
    await bench.session(transaction.id, state="stopped", reason=reason, **wanted)
    running = [connector["session"] for connector in (await bench.live())["connectors"] if connector["session"]]
    same(running, [], "what still runs")


@case("TC_E_39_CSMS")
async def deauthorised_by_timeout(bench: Bench) -> None:
    """Authorised, and no cable comes: the transaction that ends with Timeout is taken."""
    station = await bench.station201()
    await station.boot()
    await station.authorised(starts=True)
    transaction = station.transactions[1]
    await transaction.event("Ended", "EVConnectTimeout", info={"stoppedReason": "Timeout"})
    await _stopped(bench, transaction, "Timeout", evse=0)


@case("TC_E_14_CSMS", sample=True)
async def unplugged_at_the_station(bench: Bench) -> None:
    """After charging, the cable out at the station ends the transaction with EVDisconnected."""
    station, transaction = await _charging(bench)
    await station.stop_authorised()
    await station.ev_connected_post_session()
    same((await bench.connector())["status"], "Finishing", "the connector after charging")
    await station.ev_disconnected()
    await _stopped(bench, transaction, "EVDisconnected")
    same((await bench.connector())["status"], "Available", "the connector")


@case("TC_E_20_CSMS")
async def unplugged_at_the_ev(bench: Bench) -> None:
    """Suspended by the EV, then unplugged at its side: the transaction ends with EVDisconnected."""
    station, transaction = await _charging(bench)
    await station.energy_transfer_suspended()
    same((await bench.connector())["session"]["state"], "suspended_ev", "the session while the EV takes nothing")
    await station.ev_disconnected()
    await _stopped(bench, transaction, "EVDisconnected")


@case("TC_E_15_CSMS")
async def stopped_by_the_driver(bench: Bench) -> None:
    """The driver's token ends the transaction with Local."""
    _, transaction = await _charging(bench)
    accepted = {"idTokenInfo.status": "Accepted"}
    info = {"stoppedReason": "Local"}
    await transaction.event("Ended", "StopAuthorized", token=bench.valid, info=info, wanted=accepted)
    await _stopped(bench, transaction, "Local")


@case("TC_E_21_CSMS")
async def stopped_from_afar(bench: Bench) -> None:
    """The remote stop names the station's own id of the transaction; it ends with Remote."""
    station, transaction = await _charging(bench)
    session = (await bench.connector())["session"]["id"]
    await bench.operated(
        station,
        "/stop",
        {"session": session},
        action="RequestStopTransaction",
        answer={"status": "Accepted"},
        wanted={"transactionId": transaction.id},
    )
    await transaction.event("Ended", "RemoteStop", info={"stoppedReason": "Remote"})
    await _stopped(bench, transaction, "Remote")


@case("TC_E_07_CSMS")
async def power_path_opened(bench: Bench) -> None:
    """The driver stops, the power path opens, and the transaction ends with Local; the cable may stay in."""
    _, transaction = await _charging(bench)
    await transaction.event("Ended", "StopAuthorized", info={"stoppedReason": "Local"})
    await _stopped(bench, transaction, "Local")
    same((await bench.connector())["status"], "Finishing", "the connector with the cable in")


@case("TC_E_08_CSMS")
async def energy_stopped_normally(bench: Bench) -> None:
    """The driver's stop is told first, and the transaction ends when no energy flows any more, with Local."""
    station, transaction = await _charging(bench)
    await station.stop_authorised()
    same((await bench.connector())["session"]["transaction"], transaction.id, "what still runs")
    await transaction.event("Ended", "ChargingStateChanged", "EVConnected", info={"stoppedReason": "Local"})
    await _stopped(bench, transaction, "Local")


@case("TC_E_16_CSMS")
async def deauthorised_token(bench: Bench) -> None:
    """A transaction with a token that nobody knows is told so, exists all the same, and ends with DeAuthorized."""
    station = await bench.station201()
    await station.boot()
    transaction = station.transaction()
    refused = {"idTokenInfo.status": {"Invalid", "Unknown"}}
    await transaction.event("Started", "Authorized", token=id_token("NOBODY-KNOWS-ME"), wanted=refused)
    await transaction.event("Ended", "Deauthorized", info={"stoppedReason": "DeAuthorized"})
    await _stopped(bench, transaction, "DeAuthorized", id_token="NOBODY-KNOWS-ME")


@case("TC_E_17_CSMS")
async def deauthorised_by_the_ev(bench: Bench) -> None:
    """The EV is lost while it is suspended, which ends the transaction with EVDisconnected."""
    station, transaction = await _charging(bench)
    await station.energy_transfer_suspended()
    await transaction.event("Ended", "EVCommunicationLost", "Idle", info={"stoppedReason": "EVDisconnected"})
    await _stopped(bench, transaction, "EVDisconnected")


@case("TC_E_22_CSMS")
async def stopped_by_the_ev(bench: Bench) -> None:
    """The EV takes no more, which ends the transaction with StoppedByEV."""
    _, transaction = await _charging(bench)
    await transaction.event("Ended", "ChargingStateChanged", "SuspendedEV", info={"stoppedReason": "StoppedByEV"})
    await _stopped(bench, transaction, "StoppedByEV")


@case("TC_E_19_CSMS")
async def parking_bay_left(bench: Bench) -> None:
    """Only the vehicle's leaving ends the transaction; until then it runs on without a cable."""
    station, transaction = await _charging(bench)
    await station.ev_disconnected(ends=False)
    connector = await bench.connector()
    same((connector["status"], connector["session"]["transaction"]), ("Available", transaction.id), "the connector")
    await transaction.event("Ended", "EVDeparted", info={"stoppedReason": "Local"})
    await _stopped(bench, transaction, "Local")


@case("TC_E_26_CSMS")
async def plugged_in_again(bench: Bench) -> None:
    """Unplugged at the EV's side the transaction is suspended; plugged in again, the same one charges on."""
    station, transaction = await _charging(bench)
    await station.energy_transfer_suspended()
    await transaction.event("Updated", "EVCommunicationLost", "Idle")
    await station.availability("Available")
    connector = await bench.connector()
    session = connector["session"]
    seen = (connector["status"], session["transaction"], session["state"])
    same(seen, ("Available", transaction.id, "suspended_ev"), "the connector while the cable is out")
    await transaction.event("Updated", "CablePluggedIn", "EVConnected")
    await transaction.event("Updated", "ChargingStateChanged", "Charging")
    session = (await bench.connector())["session"]
    same((session["transaction"], session["state"]), (transaction.id, "metered"), "the session that charges on")
    same(len(await bench.sessions()), 1, "how many sessions there are")
