"""Reservation: used, run out, refused, cancelled."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station16 import Station16
from tests.conformance.verdict import holds, same


async def _reserve(
    bench: Bench, station: Station16, status: str = "Accepted", connector: int = 1, expiry: str = "", **more: Any
) -> Commanded:
    """The station is asked for a reservation of ours, by connector and token, and answers `status`."""
    told = await bench.operated(
        station,
        "/reservations",
        {"token": {"id_token": bench.valid}, "evse": connector, "expires_at": expiry or stamp(ago_s=-900), **more},
        action="ReserveNow",
        answer={"status": status},
        outcome="Accepted" if status == "Accepted" else "Rejected",
        wanted={"connectorId": connector, "idTag": bench.valid},
    )
    same(told.request["reservationId"], told.ended["number"], "the reservation's number")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    if status == "Accepted":
        await _kept(bench, told, "active", evse=connector, id_token=bench.valid)
    else:
        same((await bench.kept("reservations"))["reservations"], [], "the reservations that are kept")
    return told


async def _kept(bench: Bench, told: Commanded, state: str, **more: Any) -> None:
    """The one reservation of this case is in this state, at the latest in a moment."""
    wanted = {"id": told.request["reservationId"], "command": told.id, "state": state, **more}

    async def reservations() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await bench.kept("reservations"))["reservations"]
        return found

    async def fits() -> bool:
        return [wanted.items() <= each.items() for each in await reservations()] == [True]

    await bench.until(fits, f"kept as {wanted}", instead=reservations)


async def _booted(bench: Bench) -> Station16:
    station = await bench.station16()
    await station.boot()
    return station


@case("TC_046_CSMS", sample=True)
async def used(bench: Bench) -> None:
    """The reserved connector charges with the reservation's id, and the session is accepted."""
    station = await _booted(bench)
    told = await _reserve(bench, station)
    await station.status("Reserved")
    same((await bench.connector())["status"], "Reserved", "the connector")
    number = await station.charging(reservationId=told.request["reservationId"])
    session = await bench.session(number, id_token=bench.valid)
    await _kept(bench, told, "used", session=session["id"])


@case("TC_047_CSMS")
async def expired(bench: Bench) -> None:
    """The reservation goes out with its expiry; when it runs out the connector is Available again."""
    station = await _booted(bench)
    expiry = stamp(ago_s=-2)
    told = await _reserve(bench, station, expiry=expiry)
    same(told.request["expiryDate"], expiry, "the expiry that the station is told")
    await station.status("Reserved")
    await _kept(bench, told, "expired")
    await station.status("Available")
    same((await bench.connector())["status"], "Available", "the connector")


@case("TC_048_1_CSMS")
async def faulted(bench: Bench) -> None:
    """Faulted is told to the operator."""
    await _reserve(bench, await _booted(bench), "Faulted")


@case("TC_048_2_CSMS")
async def occupied(bench: Bench) -> None:
    """Occupied is told to the operator."""
    station = await _booted(bench)
    await station.status("Preparing")
    await _reserve(bench, station, "Occupied")


@case("TC_048_3_CSMS")
async def unavailable(bench: Bench) -> None:
    """The connector is taken out of service, then a reservation of it is answered Unavailable."""
    station = await _booted(bench)
    await bench.operated(
        station,
        "/availability",
        {"operative": False, "evse": 1},
        action="ChangeAvailability",
        answer={"status": "Accepted"},
        wanted={"connectorId": 1, "type": "Inoperative"},
    )
    await station.status("Unavailable")
    same((await bench.connector())["status"], "Unavailable", "the connector")
    await _reserve(bench, station, "Unavailable")


@case("TC_048_4_CSMS")
async def rejected(bench: Bench) -> None:
    """Rejected is told to the operator."""
    await _reserve(bench, await _booted(bench), "Rejected")


@case("TC_049_CSMS")
async def whole_station(bench: Bench) -> None:
    """A reservation of connector 0 goes out as such, and the station's status Reserved is taken."""
    station = await _booted(bench)
    await _reserve(bench, station, connector=0)
    await station.status("Reserved", 1)
    same((await bench.connector())["status"], "Reserved", "the connector")


async def _cancel(bench: Bench, station: Station16, reservation: int, status: str) -> None:
    await bench.operated(
        station,
        f"/reservations/{reservation}",
        method="DELETE",
        action="CancelReservation",
        answer={"status": status},
        outcome=status,
        wanted={"reservationId": reservation},
    )


@case("TC_051_CSMS")
async def cancelled(bench: Bench) -> None:
    """The cancellation names the reservation that was made, and is accepted."""
    station = await _booted(bench)
    told = await _reserve(bench, station)
    await station.status("Reserved")
    await _cancel(bench, station, told.request["reservationId"], "Accepted")
    await _kept(bench, told, "cancelled")
    await station.status("Available")
    same((await bench.connector())["status"], "Available", "the connector")


@case("TC_052_CSMS")
async def cancellation_rejected(bench: Bench) -> None:
    """The refusal to cancel a reservation that the station does not know is told; the real one stays."""
    station = await _booted(bench)
    told = await _reserve(bench, station)
    await station.status("Reserved")
    await _cancel(bench, station, told.request["reservationId"] + 1, "Rejected")
    await _kept(bench, told, "active")
    same((await bench.connector())["status"], "Reserved", "the connector")


@case("TC_053_CSMS")
async def used_by_the_group(bench: Bench) -> None:
    """A second token of the reservation's group is accepted with the group as its parent, and stops the session."""
    group = f"G{bench.valid[1:]}"
    first, second = await bench.token(group=group), await bench.token(group=group)
    station = await _booted(bench)
    bench.valid = first
    told = await _reserve(bench, station, group={"id_token": group})
    holds(told.request, {"parentIdTag": group}, "ReserveNow")
    await station.status("Reserved")
    number = await station.charging(tag=first, reservationId=told.request["reservationId"])
    await station.authorize(second, wanted={"idTagInfo.status": "Accepted", "idTagInfo.parentIdTag": group})
    await station.stop("Local", idTag=second)
    await station.status("Finishing")
    session = await bench.session(number, state="stopped", id_token=first)
    await _kept(bench, told, "used", session=session["id"], group=group)
