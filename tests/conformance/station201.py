"""A 2.0.1 (or 2.1) station and the reusable states of the OCA's Part 6, from booted to the parking bay left.

A `Transaction` counts its own seqNo and says its EVSE only once, as the specification has it. The states work on the
transaction of an EVSE (`station.transactions[evse]`) and make one where none runs; `starts` and `ends` are for cases
with other TxStartPoints and TxStopPoints.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.conformance.station import Dial, Station, stamp

VENDOR, MODEL = "Conformance", "Scripted 2"


def id_token(tag: str, kind: str = "ISO14443", **more: Any) -> dict[str, Any]:
    """An IdTokenType."""
    return {"idToken": tag, "type": kind, **more}


def energy(wh: float, context: str = "Sample.Periodic", **more: Any) -> dict[str, Any]:
    """A MeterValueType with one sample of the energy register, in Wh."""
    sample = {"value": wh, "context": context, "measurand": "Energy.Active.Import.Register", **more}
    return {"timestamp": stamp(), "sampledValue": [{**sample, "unitOfMeasure": {"unit": "Wh"}}]}


class Transaction:
    """One transaction as its station knows it."""

    def __init__(self, station: Station201, evse: int | None, connector: int | None, id: str = "") -> None:
        self.station, self.evse, self.connector = station, evse, connector
        self.id = id or str(uuid.uuid4())
        self.sequence = 0
        self.charging_state: str | None = None
        self.ended = False
        self._placed = False

    def place(self, evse: int, connector: int = 1) -> None:
        """It learns its EVSE, and will say so in its next event."""
        if self.evse is None:
            self.evse, self.connector = evse, connector

    async def event(
        self,
        kind: str,
        trigger: str,
        charging_state: str | None = None,
        *,
        token: Mapping[str, Any] | str | None = None,
        info: Mapping[str, Any] | None = None,
        wanted: Mapping[str, Any] | None = None,
        at: str = "",
        **more: Any,
    ) -> dict[str, Any]:
        """A TransactionEvent: Started, Updated or Ended. `info` goes into transactionInfo, `more` beside it."""
        return await self.station.call(
            "TransactionEvent",
            self.said(kind, trigger, charging_state, token=token, info=info, at=at, **more),
            wanted=wanted,
        )

    def said(
        self,
        kind: str,
        trigger: str,
        charging_state: str | None = None,
        *,
        token: Mapping[str, Any] | str | None = None,
        info: Mapping[str, Any] | None = None,
        at: str = "",
        **more: Any,
    ) -> dict[str, Any]:
        """The payload of the next event, counted; for those that are queued offline and sent later."""
        self.charging_state = charging_state or self.charging_state
        about: dict[str, Any] = {"transactionId": self.id, **(info or {})}
        if charging_state is not None:
            about["chargingState"] = charging_state
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at or stamp(),
            "triggerReason": trigger,
            "seqNo": self.sequence,
            "transactionInfo": about,
            **more,
        }
        if token is not None:
            payload["idToken"] = id_token(token) if isinstance(token, str) else dict(token)
        if not self._placed and self.evse is not None and "evse" not in payload:
            payload["evse"] = {"id": self.evse, **({"connectorId": self.connector} if self.connector else {})}
            self._placed = True
        self.sequence += 1
        self.ended = kind == "Ended"
        return payload


class Station201(Station):
    """`evses` is how many it has, each with one connector. `transactions` are the last ones, by EVSE."""

    def __init__(self, dial: Dial, tag: str, evses: int = 1) -> None:
        super().__init__(dial)
        self.tag, self.evses = tag, evses
        self.transactions: dict[int, Transaction] = {}
        self.events = 0
        # The system has a price, so whoever meters energy may be told a cost; a case about that takes this away.
        self.answers["CostUpdated"] = {}

    # reusable states -------------------------------------------------------------------------------------------------

    async def boot(self, reason: str = "PowerUp", **more: Any) -> dict[str, Any]:
        """Booted: BootNotification accepted, then every connector Available."""
        answer = await self.boot_notification(reason, wanted={"status": "Accepted"}, **more)
        await self.report_all("Available")
        return answer

    async def authorised(self, tag: str | None = None, evse: int = 1, *, starts: bool = False) -> None:
        """Authorized: Authorize accepted, and told to the EVSE's transaction where one runs.

        `starts`: where none does, one starts (TxStartPoint Authorized) that does not know its EVSE yet.
        """
        accepted = {"idTokenInfo.status": "Accepted"}
        await self.authorize(tag, wanted=accepted)
        running = self.running(evse)
        if running is not None:
            await running.event("Updated", "Authorized", token=tag or self.tag, wanted=accepted)
        elif starts:
            made = self.transaction(evse, place=False)
            await made.event("Started", "Authorized", token=tag or self.tag, wanted=accepted)

    async def parking_bay_occupied(self, evse: int = 1, *, starts: bool = True) -> None:
        """ParkingBayOccupied: a vehicle stands there; starts the transaction unless told not to."""
        if starts:
            await self.transaction(evse).event("Started", "EVDetected")

    async def ev_connected_pre_session(self, evse: int = 1, *, starts: bool = True, **more: Any) -> None:
        """EVConnectedPreSession: the connector is occupied, the transaction started (TxStartPoint EVConnected)."""
        await self.status("Occupied", evse)
        running = self.running(evse)
        if running is not None:
            running.place(evse)
            await running.event("Updated", "CablePluggedIn", "EVConnected", **more)
        elif starts:
            await self.transaction(evse).event("Started", "CablePluggedIn", "EVConnected", **more)

    async def energy_transfer_started(self, evse: int = 1, tag: str | None = None) -> Transaction:
        """EnergyTransferStarted: connected and authorised where it is not yet, then Charging. The transaction."""
        if self.running(evse) is None:
            await self.ev_connected_pre_session(evse)
            await self.authorised(tag, evse)
        transaction = self.transactions[evse]
        await transaction.event("Updated", "ChargingStateChanged", "Charging")
        return transaction

    async def energy_transfer_suspended(self, evse: int = 1, by: str = "SuspendedEV") -> None:
        """EnergyTransferSuspended: charging first where it is not, then SuspendedEV or SuspendedEVSE."""
        running = self.running(evse)
        if running is None or running.charging_state != "Charging":
            await self.energy_transfer_started(evse)
        await self.transactions[evse].event("Updated", "ChargingStateChanged", by)

    async def stop_authorised(self, evse: int = 1, tag: str | None = None, *, ends: bool = False) -> None:
        """StopAuthorized: the driver stops with the token, which `ends` the transaction or not."""
        await self._over(evse, "StopAuthorized", None, "Local", ends, token=tag or self.tag)

    async def ev_connected_post_session(self, evse: int = 1, *, ends: bool = False) -> None:
        """EVConnectedPostSession: no more energy, the cable still in."""
        await self._over(evse, "ChargingStateChanged", "EVConnected", "Local", ends)

    async def ev_disconnected(
        self, evse: int = 1, *, ends: bool = True, reason: str = "EVDisconnected", **more: Any
    ) -> None:
        """EVDisconnected: the cable is out, the connector Available; ends the transaction unless told not to."""
        await self._over(evse, "EVCommunicationLost", "Idle", reason, ends, **more)
        await self.status("Available", evse)

    async def parking_bay_unoccupied(self, evse: int = 1, *, ends: bool = True) -> None:
        """ParkingBayUnoccupied: the vehicle has left; ends the transaction where it still runs."""
        await self._over(evse, "EVDeparted", None, "Local", ends)

    async def _over(
        self, evse: int, trigger: str, state: str | None, reason: str, ends: bool, token: str | None = None, **more: Any
    ) -> None:
        running = self.running(evse)
        if running is not None:
            info = {"stoppedReason": reason} if ends else None
            await running.event("Ended" if ends else "Updated", trigger, state, token=token, info=info, **more)

    # messages --------------------------------------------------------------------------------------------------------

    def running(self, evse: int = 1) -> Transaction | None:
        """The transaction of an EVSE that has not ended."""
        found = self.transactions.get(evse)
        return None if found is None or found.ended else found

    def transaction(self, evse: int = 1, id: str = "", *, place: bool = True) -> Transaction:
        """A new transaction, nothing of it said yet. `place=False`: it does not know its EVSE yet."""
        made = Transaction(self, evse if place else None, 1 if place else None, id)
        self.transactions[evse] = made
        return made

    async def boot_notification(
        self, reason: str = "PowerUp", *, wanted: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """A BootNotification; `more` goes into chargingStation."""
        about = {"vendorName": VENDOR, "model": MODEL, "firmwareVersion": "1.0", **more}
        return await self.call("BootNotification", {"reason": reason, "chargingStation": about}, wanted=wanted)

    async def report_all(self, state: str, **different: str) -> None:
        """A StatusNotification for each connector; `different` as evse_2="Occupied"."""
        for evse in range(1, self.evses + 1):
            await self.status(different.get(f"evse_{evse}", state), evse)

    async def status(self, state: str, evse: int = 1, connector: int = 1) -> None:
        """A StatusNotification."""
        said = {"timestamp": stamp(), "connectorStatus": state, "evseId": evse, "connectorId": connector}
        await self.call("StatusNotification", said)

    async def meter_values(self, evse: int, *values: Mapping[str, Any]) -> None:
        """A MeterValues, which belongs to no transaction; EVSE 0 is the main meter. `values` as `energy` makes them."""
        await self.call("MeterValues", {"evseId": evse, "meterValue": [dict(value) for value in values]})

    async def availability(self, state: str, evse: int = 1, connector: int = 1) -> None:
        """A connector's state both ways at once: a StatusNotification and the NotifyEvent that tells the same."""
        await self.status(state, evse, connector)
        place = {"name": "Connector", "evse": {"id": evse, "connectorId": connector}}
        await self.notify_event(place, {"name": "AvailabilityState"}, state)

    async def notify_event(
        self, component: Mapping[str, Any], variable: Mapping[str, Any], value: str, trigger: str = "Delta", **more: Any
    ) -> dict[str, Any]:
        """A NotifyEvent with one event; `more` goes into the event."""
        self.events += 1
        event = {
            "eventId": self.events,
            "timestamp": stamp(),
            "trigger": trigger,
            "actualValue": value,
            "eventNotificationType": "HardWiredNotification",
            "component": dict(component),
            "variable": dict(variable),
            **more,
        }
        return await self.call("NotifyEvent", {"generatedAt": stamp(), "seqNo": 0, "tbc": False, "eventData": [event]})

    async def authorize(
        self, tag: Mapping[str, Any] | str | None = None, *, wanted: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """An Authorize; `more` beside the idToken."""
        token = dict(tag) if isinstance(tag, Mapping) else id_token(tag or self.tag)
        return await self.call("Authorize", {"idToken": token, **more}, wanted=wanted)
