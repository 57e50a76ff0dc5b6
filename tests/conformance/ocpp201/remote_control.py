"""Block F: remote start and unlocking."""

from __future__ import annotations

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, Transaction
from tests.conformance.verdict import ABSENT, same


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _remote_start(bench: Bench, station: Station201, transaction: Transaction | None = None) -> Commanded:
    """An operator starts for the case's token; the station is asked just that, and may name its transaction."""
    told = await bench.operated(
        station,
        "/start",
        {"token": {"id_token": bench.valid, "kind": "ISO14443"}, "evse": 1},
        action="RequestStartTransaction",
        answer={"status": "Accepted"} | ({} if transaction is None else {"transactionId": transaction.id}),
        wanted={
            "idToken": {"idToken": bench.valid, "type": "ISO14443"},
            "evseId": 1,
            "remoteStartId": lambda number: isinstance(number, int),
            "groupIdToken": ABSENT,
            "chargingProfile": ABSENT,
        },
    )
    same(told.request["remoteStartId"], told.ended["number"], "the remote start's number")
    return told


async def _started_by(station: Station201, told: Commanded) -> Transaction:
    """The remote start makes a transaction, which names it and nothing more."""
    transaction = station.transaction()
    await transaction.event("Started", "RemoteStart", info={"remoteStartId": told.request["remoteStartId"]})
    return transaction


async def _follows(bench: Bench, told: Commanded, transaction: Transaction, state: str, status: str) -> None:
    """The session is known to be the remote start's doing, and to be for its token, live and in the books."""
    connector = await bench.connector()
    session = connector["session"]
    seen = (connector["status"], session["transaction"], session["state"], session["id_token"], session["command"])
    same(seen, (status, transaction.id, state, bench.valid, told.id), "the session of the remote start")
    kept = await bench.session(transaction.id, id_token=bench.valid, evse=1)
    await bench.led_to(told, kind="session", session=kept["id"])
    same(len(await bench.sessions()), 1, "how many sessions there are")


@case("TC_F_01_CSMS", sample=True)
async def cable_first(bench: Bench) -> None:
    """With the cable in, the remote start is for the right token, and its transaction is known to be its doing."""
    station = await _booted(bench)
    await station.ev_connected_pre_session()
    transaction = station.transactions[1]
    told = await _remote_start(bench, station, transaction)
    same(told.ended["payload"]["transactionId"], transaction.id, "the transaction that the operator is told")
    await transaction.event("Updated", "RemoteStart", info={"remoteStartId": told.request["remoteStartId"]})
    await station.energy_transfer_started()
    await _follows(bench, told, transaction, "metered", "Charging")


@case("TC_F_02_CSMS")
async def remote_start_first_with_authorisation(bench: Bench) -> None:
    """The station asks about the token of the remote start, which is Accepted, and then starts, connects, charges."""
    station = await _booted(bench)
    told = await _remote_start(bench, station)
    await station.authorize(wanted={"idTokenInfo.status": "Accepted"})
    transaction = await _started_by(station, told)
    await station.ev_connected_pre_session()
    await station.energy_transfer_started()
    await _follows(bench, told, transaction, "metered", "Charging")


@case("TC_F_03_CSMS")
async def remote_start_first(bench: Bench) -> None:
    """The station asks nobody, and starts, connects, charges."""
    station = await _booted(bench)
    told = await _remote_start(bench, station)
    transaction = await _started_by(station, told)
    await station.ev_connected_pre_session()
    await station.energy_transfer_started()
    await _follows(bench, told, transaction, "metered", "Charging")


@case("TC_F_04_CSMS")
async def no_cable_comes(bench: Bench) -> None:
    """The remote start's transaction says that no cable came, and is still the remote start's, without energy."""
    station = await _booted(bench)
    told = await _remote_start(bench, station)
    transaction = await _started_by(station, told)
    await transaction.event("Updated", "EVConnectTimeout")
    await _follows(bench, told, transaction, "started", "Available")


@case("TC_F_06_CSMS")
async def unlock(bench: Bench) -> None:
    """The connector that the operator named is to be unlocked, and the operator is told that it is."""
    station = await _booted(bench)
    told = await bench.operated(
        station,
        "/unlock",
        {"evse": 1, "connector": 1},
        action="UnlockConnector",
        answer={"status": "Unlocked"},
        wanted={"evseId": 1, "connectorId": 1},
    )
    same(told.ended["payload"]["status"], "Unlocked", "what the operator is told")
