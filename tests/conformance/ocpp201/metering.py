"""Blocks I and J: what a driver is told of the cost, and meter values, clock-aligned, sampled and signed."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.ocpp201.readings import Row, kept_rows
from tests.conformance.price import cost
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201, Transaction, energy
from tests.conformance.verdict import ABSENT, same

ACCEPTED = {"idTokenInfo.status": "Accepted"}
CLOCK, PERIODIC = "Sample.Clock", "Sample.Periodic"
INTERVAL_S = 60


def _measured(wh: int, context: str, ago_s: float, **more: Any) -> dict[str, Any]:
    return energy(wh, context, **more) | {"timestamp": stamp(ago_s=ago_s)}


async def _booted(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


async def _charging(bench: Bench, evses: int = 1) -> tuple[Station201, Transaction]:
    """EnergyTransferStarted, from a register of 1000 Wh."""
    station = await _booted(bench, evses)
    begin = _measured(1000, "Transaction.Begin", 600)
    await station.ev_connected_pre_session(meterValue=[begin], timestamp=stamp(ago_s=600))
    return station, await station.energy_transfer_started()


# --- I: tariff and cost -----------------------------------------------------------------------------------------------


@case("TC_I_01_CSMS")
async def running_cost(bench: Bench) -> None:
    """While it charges, the station is told what its transaction has cost, to the cent and not with every value."""
    station = await _booted(bench)
    del station.answers["CostUpdated"]
    await station.authorize(wanted=ACCEPTED)
    transaction = station.transaction()
    await transaction.event("Updated", "Authorized", token=bench.valid, wanted=ACCEPTED)
    begin = [energy(1000, "Transaction.Begin")]
    await station.status("Occupied")
    await transaction.event("Started", "CablePluggedIn", "EVConnected", meterValue=begin)
    await station.energy_transfer_started()
    await transaction.event("Updated", "MeterValuePeriodic", meterValue=[energy(4333)], wanted={"totalCost": ABSENT})
    wanted = {"transactionId": transaction.id, "totalCost": cost(3333)}
    await station.expect("CostUpdated", {}, wanted=wanted)
    await transaction.event("Updated", "MeterValuePeriodic", meterValue=[energy(4999)], wanted={"totalCost": ABSENT})
    station.nothing_else()


@case("TC_I_02_CSMS", sample=True)
async def final_cost(bench: Bench) -> None:
    """The answer to the Ended says what all of the energy has cost, to the cent, and a repeat is told the same."""
    station, transaction = await _charging(bench)
    await station.stop_authorised()
    await station.ev_connected_post_session()
    await station.availability("Available")
    end, info = [energy(23_340, "Transaction.End")], {"stoppedReason": "EVDisconnected"}
    ended = transaction.said("Ended", "EVCommunicationLost", "Idle", info=info, meterValue=end)
    for _ in range(2):
        await station.call("TransactionEvent", ended, wanted={"totalCost": cost(22_340)})
    await bench.session(transaction.id, state="stopped", energy_wh="22340", reason="EVDisconnected")


# --- J: meter values --------------------------------------------------------------------------------------------------


async def _clock_aligned(station: Station201, evses: tuple[int, ...], ago_s: float) -> list[Row]:
    """What these EVSEs (0: the main meter) measure at one turn of the clock, also told as an event; its rows."""
    rows = []
    for evse in evses:
        wh = 10_000 * evse + int(1000 - ago_s)
        await station.meter_values(evse, _measured(wh, CLOCK, ago_s))
        place = {"name": "FiscalMetering", **({"evse": {"id": evse}} if evse else {})}
        await station.notify_event(place, {"name": "EnergyImport"}, str(wh), "Periodic")
        rows.append((evse, CLOCK, "Raw", str(wh)))
    return rows


@case("TC_J_01_CSMS", sample=True)
async def clock_aligned_idle(bench: Bench) -> None:
    """Clock-aligned values of the main meter and of idle EVSEs are taken, and belong to no session."""
    station = await _booted(bench, evses=2)
    rows: list[Row] = []
    for turn in (2, 1, 0):
        rows += await _clock_aligned(station, (0, 1, 2), turn * INTERVAL_S)
    await kept_rows(bench, rows, session="")
    same(await bench.sessions(), [], "the sessions")


@case("TC_J_02_CSMS")
async def clock_aligned_while_charging(bench: Bench) -> None:
    """What charges tells its values with its transaction, the others apart; each is kept where it belongs."""
    station, transaction = await _charging(bench, evses=2)
    rows: list[Row] = []
    charged: list[Row] = [(1, "Transaction.Begin", "Raw", "1000")]
    for turn in (2, 1, 0):
        rows += await _clock_aligned(station, (0, 2), turn * INTERVAL_S)
        wh = 2000 - 100 * turn
        await transaction.event("Updated", "MeterValueClock", meterValue=[_measured(wh, CLOCK, turn * INTERVAL_S)])
        charged.append((1, CLOCK, "Raw", str(wh)))
    session = await bench.session(transaction.id)
    await kept_rows(bench, rows, session="")
    await kept_rows(bench, charged, session=session["id"])
    same((await bench.connector())["session"]["energy_wh"], "1000", "the energy so far")


@case("TC_J_07_CSMS")
async def sampled_start(bench: Bench) -> None:
    """The register in a Started with its EVSE is where the session's energy counts from."""
    station = await _booted(bench)
    await station.ev_connected_pre_session(meterValue=[energy(1000, "Transaction.Begin")])
    session = await bench.session(station.transactions[1].id, evse=1, meter_start_wh="1000")
    await kept_rows(bench, [(1, "Transaction.Begin", "Raw", "1000")], session=session["id"])


@case("TC_J_08_CSMS")
async def sampled_start_without_evse(bench: Bench) -> None:
    """Where the transaction began without an EVSE, the register comes with the cable; energy counts from it."""
    station = await _booted(bench)
    await station.authorised(starts=True)
    await station.ev_connected_pre_session(meterValue=[energy(1000, "Transaction.Begin")])
    transaction = await station.energy_transfer_started()
    await transaction.event("Updated", "MeterValuePeriodic", meterValue=[energy(1600)])
    session = await bench.session(transaction.id, evse=1, meter_start_wh="1000", doubts=[])
    same((await bench.connector())["session"]["energy_wh"], "600", "the energy so far")
    wanted = [(1, "Transaction.Begin", "Raw", "1000"), (1, PERIODIC, "Raw", "1600")]
    await kept_rows(bench, wanted, session=session["id"])


@case("TC_J_09_CSMS")
async def sampled_while_charging(bench: Bench) -> None:
    """Values that are sampled while it charges are answered, kept, and are the energy that operators see."""
    _, transaction = await _charging(bench)
    rows: list[Row] = [(1, "Transaction.Begin", "Raw", "1000")]
    for turn in (2, 1, 0):
        wh = 2000 - 100 * turn
        value = _measured(wh, PERIODIC, turn * INTERVAL_S)
        await transaction.event("Updated", "MeterValuePeriodic", meterValue=[value], timestamp=value["timestamp"])
        rows.append((1, PERIODIC, "Raw", str(wh)))
    session = await bench.session(transaction.id)
    await kept_rows(bench, rows, session=session["id"])
    same((await bench.connector())["session"]["energy_wh"], "1000", "the energy so far")


SIGNED = {
    "signedMeterData": base64.b64encode(b'OCMF|{"FV":"1.0","RD":[{"RV":2.0}]}|{"SD":"3045"}').decode(),
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": base64.b64encode(b"a public key").decode(),
}


async def _ended(bench: Bench, context: str, signed: bool) -> None:
    """The cable is out; the Ended has all values since the start, the last of the end. The session has each once."""
    station, transaction = await _charging(bench)
    more: dict[str, Any] = {"signedMeterValue": SIGNED} if signed else {}
    values = [_measured(1000 + 500 * turn, context, (3 - turn) * INTERVAL_S, **more) for turn in (1, 2)]
    values.append(_measured(2500, "Transaction.End", 0, **more))
    await station.ev_disconnected(meterValue=values)
    session = await bench.session(transaction.id, state="stopped", energy_wh="1500", meter_stop_wh="2500", doubts=[])
    rows: list[Row] = [(1, "Transaction.Begin", "Raw", "1000"), (1, "Transaction.End", "Raw", "2500")]
    rows += [(1, context, "Raw", "1500"), (1, context, "Raw", "2000")]
    if signed:
        text = json.dumps(SIGNED, separators=(",", ":"))
        rows += [(1, context, "SignedData", text)] * 2 + [(1, "Transaction.End", "SignedData", text)]
    await kept_rows(bench, rows, session=session["id"])


@case("TC_J_03_CSMS")
async def clock_aligned_end(bench: Bench) -> None:
    """Clock-aligned values that come with the Ended are the session's, and its energy ends with the last."""
    await _ended(bench, CLOCK, signed=False)


@case("TC_J_04_CSMS")
async def clock_aligned_signed(bench: Bench) -> None:
    """Signed clock-aligned values are kept byte for byte beside the plain ones."""
    await _ended(bench, CLOCK, signed=True)


@case("TC_J_10_CSMS")
async def sampled_end(bench: Bench) -> None:
    """Sampled values that come with the Ended are the session's, and its energy ends with the last."""
    await _ended(bench, PERIODIC, signed=False)


@case("TC_J_11_CSMS")
async def sampled_signed(bench: Bench) -> None:
    """Signed sampled values are kept byte for byte beside the plain ones."""
    await _ended(bench, PERIODIC, signed=True)
