"""What a 2.0.1 or 2.1 station says: TransactionEvents with sequence numbers, whatever the line does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadtest.connector import Connector
from loadtest.outbox import Call, Transaction
from loadtest.quirks import Quirk
from loadtest.speech import Answer, Speech
from loadtest.v2.certificates import Certificates
from loadtest.v2.charging_profiles import ChargingProfiles
from loadtest.v2.commands import answer_command
from loadtest.v2.device_model import DeviceModel
from loadtest.v2.local_list import LocalList
from loadtest.v2.reservations import Reservations

if TYPE_CHECKING:
    from loadtest.station import Station

_STATUSES = {
    "Available": "Available", "Preparing": "Occupied", "Charging": "Occupied", "SuspendedEV": "Occupied",
    "SuspendedEVSE": "Occupied", "Finishing": "Occupied", "Reserved": "Reserved", "Unavailable": "Unavailable",
    "Faulted": "Faulted",
}  # fmt: skip
"""The connector's state here (1.6's words) → ConnectorStatusEnumType."""

_CHARGING_STATES = {
    "Preparing": "EVConnected", "Charging": "Charging", "SuspendedEV": "SuspendedEV", "SuspendedEVSE": "SuspendedEVSE",
    "Finishing": "EVConnected",
}  # fmt: skip

_REASONS = {
    "Local": ("StopAuthorized", "Local"), "Remote": ("RemoteStop", "Remote"),
    "DeAuthorized": ("Deauthorized", "DeAuthorized"), "EVDisconnected": ("EVCommunicationLost", "EVDisconnected"),
    "HardReset": ("ResetCommand", "ImmediateReset"), "SoftReset": ("ResetCommand", "ImmediateReset"),
    "UnlockCommand": ("UnlockCommand", "Other"), "Other": ("AbnormalCondition", "Other"),
}  # fmt: skip
"""1.6's reason → TriggerReasonEnumType and ReasonEnumType."""

_CABLE_STAYS = frozenset({"Local", "Remote", "DeAuthorized"})
_EDGES = ("Transaction.Begin", "Transaction.End")


@dataclass(slots=True, eq=False)
class EventTransaction(Transaction):
    """A transaction of TransactionEvents. `state` is the charging state told last.

    `reason` is why the charging ended while the cable is still in.
    """

    identity: str = ""
    seq: int = 0
    state: str = ""
    reason: str = ""
    remote_start: int | None = None


class Speech2(Speech):
    """OCPP 2.0.1 and 2.1. Connector n of the station is EVSE n's connector 1."""

    boots_after_reconnect = False

    def __init__(self, station: Station, version: str) -> None:
        super().__init__(station)
        self.version = version
        self.model = DeviceModel(self)
        self.reservations = Reservations(self)
        self.profiles = ChargingProfiles(self)
        self.local_list = LocalList()
        self.certificates = Certificates()
        self.open: dict[int, EventTransaction] = {}
        """Transactions that the CSMS has not been told the end of, by connector."""
        self.remote: dict[int, tuple[int, dict[str, Any]]] = {}
        """The remoteStartId and idToken of the remote start that a connector's next transaction answers."""
        self.boot_reason = "PowerUp"
        self.reset_when_idle = False
        self._told: dict[int, str] = {}

    # --- what the device model tells of it ---------------------------------------------------------------------------

    def word(self, connector: Connector) -> str:
        """The connector's state in 2.x's words."""
        return _STATUSES[connector.status]

    def entries(self, component: str) -> int:
        """How much of something there is."""
        return len(self.local_list.entries) if component == "LocalAuthListCtrlr" else len(self.profiles.kept)

    # --- the connection ---------------------------------------------------------------------------------------------

    def boot(self) -> Call:
        traits = self.station.traits
        charging_station = {
            "model": traits.model[:20],
            "vendorName": traits.vendor[:50],
            "serialNumber": self.station.identity[:25],
            "firmwareVersion": traits.firmware[:50],
        }
        return Call("BootNotification", {"reason": self.boot_reason, "chargingStation": charging_station})

    def reconnected(self, now: int) -> None:
        """B04: no boot; a heartbeat tells the time, and the statuses that changed meanwhile are in the queue."""
        if self.station.registered:
            self.station.send_heartbeat(now)

    def status(self, connector: Connector, now: int, *, repeat: bool = False) -> Call | None:
        word = self.word(connector)
        if not connector.number or (self._told.get(connector.number) == word and not repeat):
            return None
        self._told[connector.number] = word
        said = self.station.stamp(now)
        payload = {"timestamp": said, "connectorStatus": word, "evseId": connector.number, "connectorId": 1}
        return Call("StatusNotification", payload, durable=True, connector=connector.number, said=said)

    # --- transactions -----------------------------------------------------------------------------------------------

    def token(self, number: int, id_tag: str) -> dict[str, Any]:
        """The idToken of a card, or of the remote start that named it."""
        asked = self.remote.get(number)
        if asked is not None and asked[1]["idToken"] == id_tag:
            return asked[1]
        return {"idToken": id_tag, "type": "ISO14443"}

    def authorize(self, connector: Connector, id_tag: str) -> Call:
        return Call("Authorize", {"idToken": self.token(connector.number, id_tag)})

    def standing(self, answer: dict[str, Any]) -> str:
        info = answer.get("idTokenInfo")
        return str(info.get("status", "Invalid")) if isinstance(info, dict) else "Accepted"

    def offline_accepts(self, id_tag: str) -> bool:
        listed = self.local_list.standing(id_tag)
        if listed is not None:
            return listed == "Accepted"
        return self.station.configuration.flag("AllowOfflineTxForUnknownId")

    def plugged_in(self, connector: Connector, now: int) -> None:
        if "EVConnected" in self.model.text("TxCtrlr", "TxStartPoint"):
            transaction = self._opened(connector, "", now)
            call = self.event(connector, transaction, "Started", "CablePluggedIn", now, state="EVConnected")
            self.station.say(call, now)

    def _opened(self, connector: Connector, id_tag: str, now: int) -> EventTransaction:
        transaction = EventTransaction(connector.number, id_tag, started=now)
        transaction.identity = f"{self.station.rng.getrandbits(128):032x}"
        self.open[connector.number] = transaction
        return transaction

    def started(self, connector: Connector, id_tag: str, now: int) -> tuple[Transaction, Call]:
        number = connector.number
        transaction, event = self.open.get(number), "Updated"
        if transaction is None:
            transaction, event = self._opened(connector, id_tag, now), "Started"
        transaction.id_tag = id_tag
        token = self.token(number, id_tag)
        asked = self.remote.pop(number, None)
        if asked is not None:
            transaction.remote_start = asked[0]
        trigger = "Authorized" if asked is None else "RemoteStart"
        call = self.event(connector, transaction, event, trigger, now, state="Charging", token=token)
        if asked is not None:
            call.payload["transactionInfo"]["remoteStartId"] = asked[0]
        self.reservations.used(connector, call)
        return transaction, call

    def learn(self, transaction: Transaction, answer: dict[str, Any]) -> None:
        return

    def changed(self, connector: Connector, now: int) -> Call | None:
        transaction = self.open.get(connector.number)
        state = _CHARGING_STATES.get(connector.status, "")
        if transaction is None or not state or state == transaction.state:
            return None
        return self.event(connector, transaction, "Updated", "ChargingStateChanged", now, state=state)

    def meters(self, connector: Connector, transaction: Transaction | None, context: str, now: int) -> Call:
        if isinstance(transaction, EventTransaction):
            trigger = "Trigger" if context == "Trigger" else "MeterValuePeriodic"
            return self.event(connector, transaction, "Updated", trigger, now, context=context)
        said = self.station.stamp(now)
        values = self._reading(connector, context, said)
        payload = {"evseId": connector.number, "meterValue": values}
        return Call("MeterValues", payload, durable=True, connector=connector.number, said=said)

    def stopped(self, connector: Connector, transaction: Transaction, reason: str, now: int) -> Call:
        assert isinstance(transaction, EventTransaction)
        trigger, why = _REASONS[reason]
        token = self.token(connector.number, transaction.id_tag) if reason == "Local" else None
        if reason in _CABLE_STAYS and self.model.text("TxCtrlr", "TxStopPoint") == "EVConnected":
            transaction.reason = why
            return self.event(connector, transaction, "Updated", trigger, now, state="EVConnected", token=token)
        state = "Idle" if reason == "EVDisconnected" else "EVConnected"
        return self._ended(connector, transaction, trigger, why, state, now, token)

    def _ended(
        self,
        connector: Connector,
        transaction: EventTransaction,
        trigger: str,
        reason: str,
        state: str,
        now: int,
        token: dict[str, Any] | None = None,
    ) -> Call:
        self.open.pop(connector.number, None)
        self.profiles.forget_transaction(connector.number)
        call = self.event(connector, transaction, "Ended", trigger, now, state=state, token=token)
        call.payload["transactionInfo"]["stoppedReason"] = reason
        if self.reset_when_idle and not self.open:
            self.reset_when_idle = False
            self.station.after("idle reset", 0.5, now, lambda at: self.station.reset(at, hard=False))
        return call

    def unplugged(self, connector: Connector, now: int) -> None:
        transaction = self.open.get(connector.number)
        if transaction is not None:
            why = transaction.reason or "EVDisconnected"
            self.station.say(self._ended(connector, transaction, "EVCommunicationLost", why, "Idle", now), now)

    def resetting(self, now: int) -> None:
        self.boot_reason = "RemoteReset"
        for transaction in list(self.open.values()):
            connector = self.station.connectors[transaction.connector]
            call = self._ended(connector, transaction, "ResetCommand", "ImmediateReset", "EVConnected", now)
            self.station.say(call, now)

    # --- how it is written ------------------------------------------------------------------------------------------

    def event(
        self,
        connector: Connector,
        transaction: EventTransaction,
        kind: str,
        trigger: str,
        now: int,
        *,
        state: str = "",
        token: dict[str, Any] | None = None,
        context: str = "",
    ) -> Call:
        """A TransactionEvent. EVSE and token are said once; Started and Ended have the register with them."""
        station = self.station
        said = station.stamp(now)
        info: dict[str, Any] = {"transactionId": transaction.identity}
        payload: dict[str, Any] = {
            "eventType": kind, "timestamp": said, "triggerReason": trigger, "seqNo": transaction.seq,
            "transactionInfo": info,
        }  # fmt: skip
        transaction.seq += 1
        if state:
            info["chargingState"] = transaction.state = state
        if not (station.online and station.registered):
            payload["offline"] = True
        if kind == "Started":
            payload["evse"] = {"id": connector.number, "connectorId": 1}
        if token is not None:
            payload["idToken"] = token
        context = context or {"Started": _EDGES[0], "Ended": _EDGES[1]}.get(kind, "")
        call = Call("TransactionEvent", payload, durable=True, connector=connector.number, said=said)
        if context:
            payload["meterValue"] = self._reading(connector, context, said)
            call.samples = 1
        return call

    def _reading(self, connector: Connector, context: str, said: str) -> Any:
        station = self.station
        wanted = station.traits.quirks
        measured = connector.sampled(station.rng, soc=station.traits.soc, in_kwh=Quirk.KWH_AS_WH in wanted)
        if context in _EDGES and Quirk.KWH_AS_WH not in wanted:
            # At its ends a session is measured in whole Wh, as 1.6's meterStart and meterStop are.
            measured[0] = measured[0]._replace(text=str(int(connector.register_wh)))
        as_text = Quirk.NUMBERS_AS_VALUES in wanted
        rows = [
            {
                "value": value.text if as_text else _number(value.text),
                "context": context,
                "measurand": value.measurand,
                "location": value.location,
                "unitOfMeasure": {"unit": value.unit},
            }
            for value in measured
        ]
        reading = {"timestamp": said, "sampledValue": rows}
        return reading if Quirk.METER_OBJECT in wanted else [reading]

    # --- the CSMS asks ----------------------------------------------------------------------------------------------

    def command(self, action: str, payload: object) -> Answer:
        return answer_command(self, action, payload)


def _number(text: str) -> float:
    """The number that a meter's text is; whole ones without a point."""
    return float(text) if "." in text else int(text)
