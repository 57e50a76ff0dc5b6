"""Reservations of a simulated 2.x station (2.0.1 block H): one connector kept for one card until a given time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.ocpp.times import read_time
from loadtest.connector import Connector
from loadtest.outbox import Call
from loadtest.speech import Answer

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2

_OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Reserved"})


class Reservation(NamedTuple):
    number: int
    id_tag: str
    group: str


class Reservations:
    """By the CSMS's id of the reservation."""

    def __init__(self, speech: Speech2) -> None:
        self._speech = speech
        self._kept: dict[int, Reservation] = {}
        self._using: dict[int, int] = {}

    def reserve(self, payload: dict[str, Any]) -> Answer:
        """ReserveNow: the same id again replaces what was reserved by it."""
        station = self._speech.station
        name, token = int(payload["id"]), payload["idToken"]
        group = payload.get("groupIdToken", {}).get("idToken", "")
        expires, _ = read_time(str(payload["expiryDateTime"]), station.clock)
        meant = station.connectors[1:]
        if "evseId" in payload:
            meant = [connector for connector in meant if connector.number == payload["evseId"]]
        if not meant:
            return {"status": "Rejected"}, None
        own = self._kept.get(name)
        free = next((c for c in meant if c.status == "Available" or (own and own.number == c.number)), None)
        if free is None:
            return {"status": _why_not(meant)}, None
        return {"status": "Accepted"}, partial(self._keep, name, free, str(token["idToken"]), group, expires)

    def _keep(self, name: int, connector: Connector, id_tag: str, group: str, expires: int, now: int) -> None:
        station = self._speech.station
        self._let_go(name, now)
        self._kept[name] = Reservation(connector.number, id_tag, group)
        station.set_status(connector, "Reserved", now)
        wait = max(0, expires - now) / 1e6
        station.after(("reservation", name), wait, now, partial(self._expired, name))

    def _expired(self, name: int, now: int) -> None:
        if self._let_go(name, now):
            payload = {"reservationId": name, "reservationUpdateStatus": "Expired"}
            self._speech.station.say(Call("ReservationStatusUpdate", payload), now)

    def cancel(self, payload: dict[str, Any]) -> Answer:
        """CancelReservation."""
        name = int(payload["reservationId"])
        if name not in self._kept:
            return {"status": "Rejected"}, None
        return {"status": "Accepted"}, lambda now: self._cancelled(name, now)

    def _cancelled(self, name: int, now: int) -> None:
        self._let_go(name, now)

    def _let_go(self, name: int, now: int) -> bool:
        kept = self._kept.pop(name, None)
        if kept is None:
            return False
        station = self._speech.station
        station.forget_deadline(("reservation", name))
        connector = station.connectors[kept.number]
        if connector.status == "Reserved":
            station.set_status(connector, connector.resting_status, now)
        return True

    def is_for(self, connector: Connector, id_tag: str) -> bool:
        """Whether the connector is kept for this card."""
        return any(
            kept.number == connector.number and id_tag in (kept.id_tag, kept.group) for kept in self._kept.values()
        )

    def make_way(self, connector: Connector, id_tag: str, now: int) -> None:
        """The card that the connector is kept for has come."""
        for name, kept in list(self._kept.items()):
            if kept.number == connector.number and id_tag in (kept.id_tag, kept.group):
                self._using[connector.number] = name
                self._let_go(name, now)

    def used(self, connector: Connector, call: Call) -> None:
        """Name the reservation in the transaction's event, if this transaction ends one (H03)."""
        name = self._using.pop(connector.number, None)
        if name is not None:
            call.payload["reservationId"] = name


def _why_not(connectors: list[Connector]) -> str:
    statuses = {connector.status for connector in connectors}
    if statuses & _OCCUPIED:
        return "Occupied"
    return "Faulted" if "Faulted" in statuses else "Unavailable"


def _reserve(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return speech.reservations.reserve(payload)


def _cancel(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return speech.reservations.cancel(payload)


HANDLERS = {"CancelReservation": _cancel, "ReserveNow": _reserve}
