"""Block E: how transactions begin, with every TxStartPoint, and what is told of them before energy flows."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, Transaction, energy
from tests.conformance.verdict import same

ACCEPTED = {"idTokenInfo.status": "Accepted"}


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _runs(bench: Bench, transaction: Transaction, status: str, state: str, token: str | None = None) -> None:
    """Operators see the transaction at its connector, in this state, and it is in the books."""
    tag = bench.valid if token is None else token
    connector = await bench.connector()
    session = connector["session"] or {}
    seen = (connector["status"], session.get("transaction"), session.get("state"), session.get("id_token"))
    same(seen, (status, transaction.id, state, tag), "the connector's status, transaction, its state and token")
    same(session["authorisation"], "Accepted" if tag else "", "how the token stands")
    await bench.session(transaction.id, evse=1, connector=1, id_token=tag, stopped_at=None)


@case("TC_E_01_CSMS", sample=True)
async def power_path_closed(bench: Bench) -> None:
    """Authorize is accepted, and so is the token of a transaction that starts when the power path is closed."""
    station = await _booted(bench)
    await station.authorize(wanted=ACCEPTED)
    await station.availability("Occupied")
    transaction = station.transaction()
    await transaction.event("Started", "ChargingStateChanged", "SuspendedEVSE", token=bench.valid, wanted=ACCEPTED)
    await _runs(bench, transaction, "SuspendedEVSE", "suspended_evse")
    await transaction.event("Updated", "ChargingStateChanged", "Charging")
    await _runs(bench, transaction, "Charging", "metered")


@case("TC_E_02_CSMS")
async def energy_transfer(bench: Bench) -> None:
    """Authorize is accepted, and so is the token of a transaction that starts when energy begins to flow."""
    station = await _booted(bench)
    await station.authorize(wanted=ACCEPTED)
    await station.availability("Occupied")
    transaction = station.transaction()
    await transaction.event("Started", "ChargingStateChanged", "Charging", token=bench.valid, wanted=ACCEPTED)
    await _runs(bench, transaction, "Charging", "metered")


@case("TC_E_03_CSMS")
async def cable_first(bench: Bench) -> None:
    """The cable starts the transaction, the token comes to it later and is accepted, energy flows."""
    station = await _booted(bench)
    await station.ev_connected_pre_session()
    await _runs(bench, station.transactions[1], "Preparing", "started", token="")
    await station.authorised()
    transaction = await station.energy_transfer_started()
    await _runs(bench, transaction, "Charging", "metered")


@case("TC_E_04_CSMS")
async def authorisation_first(bench: Bench) -> None:
    """The token starts a transaction that knows no EVSE yet; with the cable it gets one, and energy flows."""
    station = await _booted(bench)
    await station.authorised(starts=True)
    started = station.transactions[1]
    await bench.session(started.id, evse=0, id_token=bench.valid)
    await station.ev_connected_pre_session()
    transaction = await station.energy_transfer_started()
    same(transaction, started, "the transaction that charges")
    await _runs(bench, transaction, "Charging", "metered")
    same(len(await bench.sessions()), 1, "how many sessions there are")


@case("TC_E_09_CSMS")
async def ev_connected(bench: Bench) -> None:
    """A transaction that starts with the cable is answered without a word about a token, and its EVSE is known."""
    station = await _booted(bench)
    await station.availability("Occupied")
    transaction = station.transaction()
    answer = await transaction.event("Started", "CablePluggedIn", "EVConnected")
    same(answer.get("idTokenInfo"), None, "what is said of a token that nobody named")
    await _runs(bench, transaction, "Preparing", "started", token="")


@case("TC_E_10_CSMS")
async def authorised_locally(bench: Bench) -> None:
    """Authorize is accepted, and so is the token of a transaction that starts with it, wherever it will charge."""
    station = await _booted(bench)
    await station.authorize(wanted=ACCEPTED)
    transaction = station.transaction(place=False)
    await transaction.event("Started", "Authorized", token=bench.valid, wanted=ACCEPTED)
    await bench.session(transaction.id, evse=0, id_token=bench.valid, state="started")


@case("TC_E_11_CSMS")
async def data_signed(bench: Bench) -> None:
    """A transaction that starts with signed meter values is accepted, and the signed data is kept as it was said."""
    station = await _booted(bench)
    await station.authorize(wanted=ACCEPTED)
    await station.availability("Occupied")
    transaction = station.transaction()
    signed = {
        "signedMeterData": base64.b64encode(b'OCMF|{"FV":"1.0","RD":[]}|{"SD":"3045"}').decode(),
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": base64.b64encode(b"a public key").decode(),
    }
    first = energy(0.0, "Transaction.Begin", signedMeterValue=signed)
    await transaction.event("Started", "SignedDataReceived", token=bench.valid, wanted=ACCEPTED, meterValue=[first])
    await transaction.event("Updated", "ChargingStateChanged", "Charging")
    await _runs(bench, transaction, "Charging", "metered")
    session = await bench.session(transaction.id, meter_start_wh="0.0")

    async def kept() -> list[list[Any]]:
        where = f"session = '{session['id']}' AND format = 'SignedData'"
        return await bench.system.clickhouse(f"SELECT context, raw FROM meter_values WHERE {where}")

    ((context, raw),) = await bench.until(kept, "the signed data in the store", instead=kept)
    same((context, json.loads(raw)), ("Transaction.Begin", signed), "the signed data that is kept")


@case("TC_E_12_CSMS")
async def parking_bay_occupied(bench: Bench) -> None:
    """A transaction that starts with a vehicle in the bay is answered; it has neither token nor charging state."""
    station = await _booted(bench)
    await station.parking_bay_occupied()
    answer = await station.transactions[1].event("Updated", "Trigger")
    same(answer, {}, "the answer to an event that says nothing more")
    await bench.session(station.transactions[1].id, evse=1, id_token="", state="started")


@case("TC_E_38_CSMS")
async def ev_not_ready(bench: Bench) -> None:
    """Authorised and connected, the EV takes nothing yet: the session is seen as suspended by the EV."""
    station = await _booted(bench)
    await station.authorised(starts=True)
    await station.ev_connected_pre_session()
    transaction = station.transactions[1]
    await transaction.event("Updated", "ChargingStateChanged", "SuspendedEV")
    await _runs(bench, transaction, "SuspendedEV", "suspended_ev")


@case("TC_E_53_CSMS")
async def numbers_begin_anew(bench: Bench) -> None:
    """Two transactions after each other, each counted from 0, are both accepted, and are two sessions."""
    station = await _booted(bench)
    transactions = []
    for _ in range(2):
        await station.ev_connected_pre_session()
        same(station.transactions[1].sequence, 1, "the number after the Started with seqNo 0")
        await station.authorised()
        transactions.append(await station.energy_transfer_started())
        await station.ev_disconnected()
    for transaction in transactions:
        await bench.session(transaction.id, state="stopped", reason="EVDisconnected", id_token=bench.valid, doubts=[])
    same(len(await bench.sessions()), 2, "how many sessions there are")
