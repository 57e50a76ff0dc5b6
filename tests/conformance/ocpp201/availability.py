"""Block G: taking the station, an EVSE or a connector out of service and into it again; a lock that fails."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201, Transaction
from tests.conformance.verdict import ABSENT, same


async def _booted(bench: Bench, evses: int = 2) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


async def _changed(
    bench: Bench, station: Station201, operative: bool, evse: int = 0, connector: int = 0, status: str = "Accepted"
) -> None:
    """An operator changes the availability of the station (evse 0), an EVSE (connector 0) or a connector."""
    place: Any = ABSENT
    if evse:
        place = {"id": evse, **({"connectorId": connector} if connector else {})}
    told = await bench.operated(
        station,
        "/availability",
        {"operative": operative, "evse": evse, "connector": connector},
        action="ChangeAvailability",
        answer={"status": status},
        wanted={"operationalStatus": "Operative" if operative else "Inoperative", "evse": place},
    )
    same(told.ended["payload"], {"status": status}, "what the operator is told")


async def _seen(bench: Bench, **statuses: str) -> None:
    """The connectors are seen so, each by its place as evse_1_2."""
    connectors = (await bench.live())["connectors"]
    found = {f"evse_{each['evse']}_{each['connector']}": each["status"] for each in connectors}
    same({place: found.get(place) for place in statuses}, statuses, "the connectors")


@case("TC_G_03_CSMS", sample=True)
async def evse_out_of_service(bench: Bench) -> None:
    """An EVSE is to be inoperative, without a word about its connectors; all of them are then Unavailable."""
    station = await _booted(bench)
    await _changed(bench, station, False, evse=1)
    for connector in (1, 2):
        await station.availability("Unavailable", 1, connector)
    await _seen(bench, evse_1_1="Unavailable", evse_1_2="Unavailable", evse_2_1="Available")


@case("TC_G_04_CSMS")
async def evse_into_service(bench: Bench) -> None:
    """An EVSE that was out of service is to be operative, without a word about its connectors; they are Available."""
    station = await _booted(bench)
    await _changed(bench, station, False, evse=1)
    for connector in (1, 2):
        await station.availability("Unavailable", 1, connector)
    await _changed(bench, station, True, evse=1)
    for connector in (1, 2):
        await station.availability("Available", 1, connector)
    await _seen(bench, evse_1_1="Available", evse_1_2="Available")


@case("TC_G_05_CSMS")
async def station_out_of_service(bench: Bench) -> None:
    """The whole station is to be inoperative, without a word about EVSEs; every connector is then Unavailable."""
    station = await _booted(bench)
    await _changed(bench, station, False)
    for evse in (1, 2):
        await station.availability("Unavailable", evse)
    await _seen(bench, evse_1_1="Unavailable", evse_2_1="Unavailable")


@case("TC_G_06_CSMS")
async def station_into_service(bench: Bench) -> None:
    """The whole station, out of service before, is to be operative; every connector is then Available."""
    station = await _booted(bench)
    await _changed(bench, station, False)
    for evse in (1, 2):
        await station.availability("Unavailable", evse)
    await _changed(bench, station, True)
    for evse in (1, 2):
        await station.availability("Available", evse)
    await _seen(bench, evse_1_1="Available", evse_2_1="Available")


@case("TC_G_07_CSMS")
async def connector_out_of_service(bench: Bench) -> None:
    """One connector is to be inoperative, named with its EVSE; it alone is Unavailable."""
    station = await _booted(bench)
    await station.availability("Available", 1, 2)
    await _changed(bench, station, False, evse=1, connector=1)
    await station.availability("Unavailable", 1, 1)
    await _seen(bench, evse_1_1="Unavailable", evse_1_2="Available")


@case("TC_G_08_CSMS")
async def connector_into_service(bench: Bench) -> None:
    """One connector that was out of service is to be operative, named with its EVSE; it is Available."""
    station = await _booted(bench)
    await _changed(bench, station, False, evse=1, connector=1)
    await station.availability("Unavailable", 1, 1)
    await _changed(bench, station, True, evse=1, connector=1)
    await station.availability("Available", 1, 1)
    await _seen(bench, evse_1_1="Available")


async def _charging(bench: Bench) -> tuple[Station201, Transaction]:
    """EnergyTransferStarted at EVSE 1 of two."""
    station = await _booted(bench)
    return station, await station.energy_transfer_started()


async def _ends(bench: Bench, station: Station201, transaction: Transaction) -> None:
    """The session goes on until it ends in the usual way; only then its connector is Unavailable."""
    same((await bench.connector())["session"]["transaction"], transaction.id, "the session that goes on")
    await station.stop_authorised()
    await station.ev_connected_post_session()
    await station.ev_disconnected()
    await station.availability("Unavailable", 1)
    await bench.session(transaction.id, state="stopped", reason="EVDisconnected", doubts=[])
    await _seen(bench, evse_1_1="Unavailable")


@case("TC_G_11_CSMS")
async def evse_while_charging(bench: Bench) -> None:
    """An EVSE that charges is to be inoperative: Scheduled is told, and comes true after the session."""
    station, transaction = await _charging(bench)
    await _changed(bench, station, False, evse=1, status="Scheduled")
    await _ends(bench, station, transaction)
    await _seen(bench, evse_2_1="Available")


@case("TC_G_14_CSMS")
async def station_while_charging(bench: Bench) -> None:
    """A station that charges is to be inoperative: its idle connectors are so at once, the other after the session."""
    station, transaction = await _charging(bench)
    await _changed(bench, station, False, status="Scheduled")
    await station.availability("Unavailable", 2)
    await _seen(bench, evse_1_1="Charging", evse_2_1="Unavailable")
    await _ends(bench, station, transaction)


@case("TC_G_17_CSMS")
async def connector_while_charging(bench: Bench) -> None:
    """A connector that charges is to be inoperative: Scheduled is told, and comes true after the session."""
    station, transaction = await _charging(bench)
    await _changed(bench, station, False, evse=1, connector=1, status="Scheduled")
    await _ends(bench, station, transaction)
    await _seen(bench, evse_2_1="Available")


@case("TC_G_20_CSMS")
async def lock_failure(bench: Bench) -> None:
    """A lock that fails is taken from the NotifyEvent and seen at its connector, and no session comes of it."""
    station = await _booted(bench)
    lock = {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}}
    await station.notify_event(lock, {"name": "Problem"}, "true")
    connector = await bench.connector()
    same((connector["status"], connector["error"]), ("Available", "ConnectorLockFailure"), "the connector")
    same((await bench.connector(2))["error"], "NoError", "the other connector")
    same(await bench.sessions(), [], "the sessions")
