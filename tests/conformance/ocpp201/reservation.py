"""Block H: reservations of an EVSE, of any, of a type of connector; cancelled, run out, lost, refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, same


async def _booted(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


async def _reserved(
    bench: Bench,
    station: Station201,
    *,
    evse: int = 0,
    status: str = "Accepted",
    expiry: str = "",
    connector_type: str = "",
    group: str = "",
) -> Commanded:
    """An operator reserves for the case's token; the station is asked just that. It is kept if the station accepts."""
    expiry = expiry or stamp(ago_s=-900)
    body: dict[str, Any] = {"token": {"id_token": bench.valid, "kind": "ISO14443"}, "expires_at": expiry}
    body |= {"evse": evse, "connector_type": connector_type}
    if group:
        body["group"] = {"id_token": group, "kind": "Central"}
    told = await bench.operated(
        station,
        "/reservations",
        body,
        action="ReserveNow",
        answer={"status": status},
        outcome="Accepted" if status == "Accepted" else "Rejected",
        wanted={
            "expiryDateTime": expiry,
            "idToken": {"idToken": bench.valid, "type": "ISO14443"},
            "evseId": evse or ABSENT,
            "connectorType": connector_type or ABSENT,
            "groupIdToken": {"idToken": group, "type": "Central"} if group else ABSENT,
        },
    )
    same(told.request["id"], told.ended["number"], "the reservation's number")
    same(told.ended["payload"], {"status": status}, "what the operator is told")
    if status == "Accepted":
        await _kept(bench, told, "active", evse=evse, id_token=bench.valid, group=group, expires_at=expiry)
    return told


async def _reservations(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await bench.kept("reservations"))["reservations"]
    return found


async def _kept(bench: Bench, told: Commanded, state: str, **more: Any) -> None:
    """The reservation is in this state, at the latest in a moment."""
    wanted = {"id": told.request["id"], "command": told.id, "state": state, **more}

    async def fits() -> bool:
        return any(wanted.items() <= each.items() for each in await _reservations(bench))

    async def instead() -> Any:
        return await _reservations(bench)

    await bench.until(fits, f"kept as {wanted}", instead=instead)


async def _shown(bench: Bench, station: Station201, status: str, evses: int = 1) -> None:
    """The station tells the state of its connectors, and operators see it."""
    for evse in range(1, evses + 1):
        await station.availability(status, evse)
    seen = {connector["status"] for connector in (await bench.live())["connectors"]}
    same(seen, {status}, "the connectors")


@case("TC_H_01_CSMS", sample=True)
async def one_evse(bench: Bench) -> None:
    """An EVSE is reserved for the token, until the time that was wanted, and seen as reserved."""
    station = await _booted(bench)
    await _reserved(bench, station, evse=1)
    await _shown(bench, station, "Reserved")


@case("TC_H_07_CSMS")
async def run_out(bench: Bench) -> None:
    """A reservation that nobody uses runs out at its time; the station's word that it has is taken."""
    station = await _booted(bench)
    expiry = stamp(ago_s=-3)
    told = await _reserved(bench, station, evse=1, expiry=expiry)
    await _shown(bench, station, "Reserved")
    await _kept(bench, told, "expired")
    (kept,) = await _reservations(bench)
    early = datetime.fromisoformat(kept["ended_at"]) < datetime.fromisoformat(expiry)
    same(early, False, "whether it ran out before its time")
    await _shown(bench, station, "Available")
    update = {"reservationId": told.request["id"], "reservationUpdateStatus": "Expired"}
    same(await station.call("ReservationStatusUpdate", update), {}, "the answer to the station's word")
    await _kept(bench, told, "expired")


@case("TC_H_08_CSMS")
async def any_evse(bench: Bench) -> None:
    """A reservation of any EVSE names none, and no type of connector; the only one is then reserved."""
    station = await _booted(bench)
    await _reserved(bench, station)
    await _shown(bench, station, "Reserved")


@case("TC_H_14_CSMS")
async def as_many_as_there_are(bench: Bench) -> None:
    """As many reservations of any EVSE as there are EVSEs: each has a number of its own, and all are then reserved."""
    station = await _booted(bench, evses=2)
    first, second = [await _reserved(bench, station) for _ in range(2)]
    same(first.request["id"] == second.request["id"], False, "whether the two have one number")
    await _kept(bench, first, "active")
    await _kept(bench, second, "active")
    await _shown(bench, station, "Reserved", evses=2)


@case("TC_H_15_CSMS")
async def a_type_of_connector(bench: Bench) -> None:
    """A reservation of a type of connector names the type, and no EVSE."""
    station = await _booted(bench)
    await _reserved(bench, station, connector_type="cCCS2")
    await _shown(bench, station, "Reserved")


@case("TC_H_17_CSMS")
async def cancelled(bench: Bench) -> None:
    """The cancellation names the reservation that was made, is accepted, and the EVSE is available again."""
    station = await _booted(bench)
    told = await _reserved(bench, station, evse=1)
    await _shown(bench, station, "Reserved")
    await bench.operated(
        station,
        f"/reservations/{told.ended['number']}",
        method="DELETE",
        action="CancelReservation",
        answer={"status": "Accepted"},
        wanted={"reservationId": told.request["id"]},
    )
    await _kept(bench, told, "cancelled")
    await _shown(bench, station, "Available")


@case("TC_H_19_CSMS")
async def for_a_group(bench: Bench) -> None:
    """A reservation for a group names the group beside the token."""
    station = await _booted(bench)
    group = await bench.token()
    await _reserved(bench, station, evse=1, group=group)
    await _shown(bench, station, "Reserved")


@case("TC_H_20_CSMS")
async def lost_by_a_fault(bench: Bench) -> None:
    """A faulted EVSE loses its reservation: the station's word is taken, and the reservation is over."""
    station = await _booted(bench)
    told = await _reserved(bench, station, evse=1)
    await _shown(bench, station, "Reserved")
    await _shown(bench, station, "Faulted")
    update = {"reservationId": told.request["id"], "reservationUpdateStatus": "Removed"}
    same(await station.call("ReservationStatusUpdate", update), {}, "the answer to the station's word")
    await _kept(bench, told, "removed")


@case("TC_H_22_CSMS")
async def refused(bench: Bench) -> None:
    """A station that takes no reservations refuses; the operator is told, and none is kept."""
    station = await _booted(bench)
    await _reserved(bench, station, evse=1, status="Rejected")
    same(await _reservations(bench), [], "the reservations")
