"""Block E: GetTransactionStatus, and what a station had queued while it was offline."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, Transaction, energy
from tests.conformance.verdict import ABSENT, holds, same


async def _charging(bench: Bench) -> tuple[Station201, Transaction]:
    """EnergyTransferStarted, with a register at its start."""
    station = await bench.station201()
    await station.boot()
    await station.ev_connected_pre_session(meterValue=[energy(1000, "Transaction.Begin")])
    return station, await station.energy_transfer_started()


async def _asked(
    bench: Bench, station: Station201, transaction: Transaction | None, *, queued: bool, ongoing: bool | None = None
) -> None:
    """The station is asked, of this transaction or of all, and the operator is told what it says."""
    answer = {"messagesInQueue": queued} | ({} if ongoing is None else {"ongoingIndicator": ongoing})
    told = await bench.commanded(
        station,
        "GetTransactionStatus",
        {} if transaction is None else {"transactionId": transaction.id},
        answer=answer,
        wanted={"transactionId": ABSENT if transaction is None else transaction.id},
    )
    same(told.ended["payload"], answer, "what the operator is told")


async def _queued_update(bench: Bench, transaction: Transaction, offline: dict[str, Any]) -> None:
    """What was measured offline arrives; it belongs to the session, which goes on."""
    same(await transaction.station.call("TransactionEvent", offline), {}, "the answer to what was queued")
    session = await bench.reached("energy", lambda live: live["connectors"][0]["session"]["energy_wh"] == "500")
    open_session = session["connectors"][0]["session"]
    same((open_session["transaction"], open_session["doubts"]), (transaction.id, []), "the session that goes on")


@case("TC_E_29_CSMS", sample=True)
async def ongoing_with_queue(bench: Bench) -> None:
    """Asked by its id after a reconnect, the transaction goes on and has a queue, which then arrives and counts."""
    station, transaction = await _charging(bench)
    await station.close()
    offline = transaction.said("Updated", "MeterValuePeriodic", meterValue=[energy(1500)], offline=True)
    await station.connect()
    await _asked(bench, station, transaction, ongoing=True, queued=True)
    await _queued_update(bench, transaction, offline)


@case("TC_E_30_CSMS")
async def ongoing_without_queue(bench: Bench) -> None:
    """Asked by its id, the transaction goes on and nothing waits; it is open afterwards as before."""
    station, transaction = await _charging(bench)
    await _asked(bench, station, transaction, ongoing=True, queued=False)
    same((await bench.connector())["session"]["transaction"], transaction.id, "the open transaction")


@case("TC_E_31_CSMS")
async def ended_with_queue(bench: Bench) -> None:
    """The Ended came before two events that still wait: the gap is known, asked about, and closed as they arrive."""
    station, transaction = await _charging(bench)
    await station.close()
    stop = transaction.said("Updated", "StopAuthorized", token=bench.valid, offline=True)
    finish = transaction.said("Updated", "ChargingStateChanged", "EVConnected", offline=True)
    info = {"stoppedReason": "EVDisconnected"}
    last = [energy(1800, "Transaction.End")]
    ended = transaction.said("Ended", "EVCommunicationLost", "Idle", info=info, meterValue=last, offline=True)
    await station.connect()
    await station.status("Available")
    await station.call("TransactionEvent", ended)
    known = {"state": "stopped", "reason": "EVDisconnected", "energy_wh": "800"}
    await bench.session(transaction.id, doubts=["missing_events"], **known)
    await _asked(bench, station, transaction, ongoing=False, queued=True)
    holds(await station.call("TransactionEvent", stop), {"idTokenInfo.status": "Accepted"}, "the answer to the stop")
    await station.call("TransactionEvent", finish)
    await bench.session(transaction.id, doubts=[], **known)
    connector = await bench.connector()
    same((connector["status"], connector["session"]), ("Available", None), "the connector")
    same(len(await bench.sessions()), 1, "how many sessions there are")


@case("TC_E_33_CSMS")
async def all_with_queue(bench: Bench) -> None:
    """Asked of all transactions, the station has a queue, which then arrives and counts."""
    station, transaction = await _charging(bench)
    await station.close()
    offline = transaction.said("Updated", "MeterValuePeriodic", meterValue=[energy(1500)], offline=True)
    await station.connect()
    await _asked(bench, station, None, queued=True)
    await _queued_update(bench, transaction, offline)


@case("TC_E_34_CSMS")
async def all_without_queue(bench: Bench) -> None:
    """Asked of all transactions, the station has no queue."""
    station = await bench.station201()
    await station.boot()
    await _asked(bench, station, None, queued=False)
