"""What a 1.6 station says: StartTransaction, MeterValues, StopTransaction and the rest of the core profile."""

from __future__ import annotations

from typing import Any

from loadtest.connector import Connector
from loadtest.outbox import Call, Transaction
from loadtest.quirks import Quirk
from loadtest.speech import Answer, Speech
from loadtest.v16.commands import answer_command


class Speech16(Speech):
    """OCPP 1.6."""

    boots_after_reconnect = True

    def boot(self) -> Call:
        traits = self.station.traits
        payload = {
            "chargePointVendor": traits.vendor,
            "chargePointModel": traits.model,
            "chargePointSerialNumber": self.station.identity[:25],
            "firmwareVersion": traits.firmware,
        }
        return Call("BootNotification", payload)

    def reconnected(self, now: int) -> None:
        return

    def status(self, connector: Connector, now: int, *, repeat: bool = False) -> Call:
        said = self.station.stamp(now)
        payload: dict[str, Any] = {
            "connectorId": connector.number,
            "errorCode": connector.error,
            "status": connector.status,
            "timestamp": said,
        }
        detail: dict[str, object] = {"status": connector.status, "error": connector.error}
        return Call("StatusNotification", payload, durable=True, connector=connector.number, said=said, detail=detail)

    def authorize(self, connector: Connector, id_tag: str) -> Call:
        return Call("Authorize", {"idTag": id_tag})

    def standing(self, answer: dict[str, Any]) -> str:
        info = answer.get("idTagInfo")
        return str(info.get("status", "Invalid")) if isinstance(info, dict) else "Accepted"

    def offline_accepts(self, id_tag: str) -> bool:
        return self.station.configuration.flag("AllowOfflineTxForUnknownId")

    def plugged_in(self, connector: Connector, now: int) -> None:
        return

    def started(self, connector: Connector, id_tag: str, now: int) -> tuple[Transaction, Call]:
        number, said = connector.number, self.station.stamp(now)
        transaction = Transaction(number, id_tag, started=now)
        start = {"connectorId": number, "idTag": id_tag, "meterStart": int(connector.register_wh), "timestamp": said}
        call = Call("StartTransaction", start, durable=True, connector=number, said=said, detail=dict(start))
        call.opens = transaction
        return transaction, call

    def learn(self, transaction: Transaction, answer: dict[str, Any]) -> None:
        number = answer.get("transactionId")
        transaction.number = number if isinstance(number, int) else None

    def changed(self, connector: Connector, now: int) -> None:
        return None

    def meters(self, connector: Connector, transaction: Transaction | None, context: str, now: int) -> Call:
        station = self.station
        rows = self._rows(connector, context)
        said = station.stamp(now)
        reading = {"timestamp": said, "sampledValue": rows}
        payload = {
            "connectorId": connector.number,
            "meterValue": reading if Quirk.METER_OBJECT in station.traits.quirks else [reading],
        }
        call = Call("MeterValues", payload, durable=True, connector=connector.number, said=said, samples=len(rows))
        call.transaction = transaction
        return call

    def _rows(self, connector: Connector, context: str) -> list[dict[str, Any]]:
        station = self.station
        wanted = station.traits.quirks
        values = connector.sampled(station.rng, soc=station.traits.soc, in_kwh=Quirk.KWH_AS_WH in wanted)
        as_numbers = Quirk.NUMBERS_AS_VALUES in wanted
        return [
            {
                "value": float(value.text) if as_numbers else value.text,
                "context": context,
                "measurand": value.measurand,
                "location": value.location,
                "unit": value.unit,
            }
            for value in values
        ]

    def stopped_again(self, connector: Connector, transaction: Transaction, reason: str, now: int) -> Call:
        call = self.stopped(connector, transaction, reason, now)
        call.repeat = True
        return call

    def stopped(self, connector: Connector, transaction: Transaction, reason: str, now: int) -> Call:
        station = self.station
        last = self.meters(connector, transaction, "Transaction.End", now) if station.traits.stop_data else None
        said = station.stamp(now)
        payload: dict[str, Any] = {"meterStop": int(connector.register_wh), "timestamp": said}
        if Quirk.STOP_WITHOUT_TAG not in station.traits.quirks:
            payload["idTag"] = transaction.id_tag
        if reason != "Local":
            payload["reason"] = reason
        detail: dict[str, object] = dict(payload)
        call = Call("StopTransaction", payload, durable=True, connector=connector.number, said=said, detail=detail)
        call.transaction = transaction
        if last is not None:
            payload["transactionData"] = last.payload["meterValue"]
            call.samples = last.samples
            detail["reading"] = last.said
        return call

    def unplugged(self, connector: Connector, now: int) -> None:
        return

    def command(self, action: str, payload: object) -> Answer:
        return answer_command(self.station, action, payload)
