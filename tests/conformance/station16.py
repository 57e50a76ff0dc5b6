"""A 1.6 station and the reusable states of the OCA's 1.6 document: booted, authorised, charging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.station import Dial, Station, stamp
from tests.conformance.verdict import ANY

VENDOR, MODEL = "Conformance", "Scripted 1.6"


class Station16(Station):
    """`connectors` is how many it has. `transaction` is the number that the CSMS gave the last Start, `meter` Wh."""

    def __init__(self, dial: Dial, tag: str, connectors: int = 1) -> None:
        super().__init__(dial)
        self.tag, self.connectors = tag, connectors
        self.transaction = 0
        self.meter = 1000

    # reusable states -------------------------------------------------------------------------------------------------

    async def boot(self, **more: Any) -> dict[str, Any]:
        """Booted: BootNotification accepted, then every connector and the station itself Available."""
        answer = await self.boot_notification(**more)
        await self.report_all("Available")
        return answer

    async def authorised(self, tag: str | None = None) -> None:
        """Authorized: the token is accepted."""
        await self.authorize(tag, wanted={"idTagInfo.status": "Accepted"})

    async def charging(self, connector: int = 1, tag: str | None = None, **more: Any) -> int:
        """Charging: authorised, Preparing, a transaction started, Charging. The transaction's number."""
        await self.authorised(tag)
        await self.status("Preparing", connector)
        number = await self.start(connector, tag, wanted={"idTagInfo.status": "Accepted"}, **more)
        await self.status("Charging", connector)
        return number

    # messages --------------------------------------------------------------------------------------------------------

    async def boot_notification(self, *, wanted: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A BootNotification; Accepted unless `wanted` says otherwise."""
        payload = {"chargePointVendor": VENDOR, "chargePointModel": MODEL, "firmwareVersion": "1.0", **more}
        return await self.call("BootNotification", payload, wanted={"status": "Accepted"} if wanted is None else wanted)

    async def report_all(self, state: str, **different: str) -> None:
        """A StatusNotification for the station (connector 0) and each connector; `different`: connector_1="Faulted"."""
        for connector in range(self.connectors + 1):
            await self.status(different.get(f"connector_{connector}", state), connector)

    async def status(self, state: str, connector: int = 1, error: str = "NoError", **more: Any) -> None:
        """A StatusNotification."""
        said = {"connectorId": connector, "errorCode": error, "status": state, "timestamp": stamp(), **more}
        await self.call("StatusNotification", said)

    async def authorize(self, tag: str | None = None, *, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """An Authorize."""
        return await self.call("Authorize", {"idTag": tag or self.tag}, wanted=wanted)

    async def start(
        self,
        connector: int = 1,
        tag: str | None = None,
        *,
        at: str = "",
        wanted: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> int:
        """A StartTransaction; the number that the CSMS gives."""
        said = {
            "connectorId": connector,
            "idTag": tag or self.tag,
            "meterStart": self.meter,
            "timestamp": at or stamp(),
        }
        answer = await self.call("StartTransaction", {**said, **more}, wanted={"transactionId": ANY, **(wanted or {})})
        self.transaction = int(answer["transactionId"])
        return self.transaction

    async def meter_values(self, connector: int = 1, *, wh: int = 500, transaction: int | None = None) -> None:
        """A MeterValues `wh` further on; of the running transaction unless `transaction` is 0."""
        self.meter += wh
        sample = {"value": str(self.meter), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        said: dict[str, Any] = {
            "connectorId": connector,
            "meterValue": [{"timestamp": stamp(), "sampledValue": [sample]}],
        }
        number = self.transaction if transaction is None else transaction
        await self.call("MeterValues", {**said, "transactionId": number} if number else said)

    async def stop(self, reason: str = "Local", *, wh: int = 500, at: str = "", **more: Any) -> dict[str, Any]:
        """A StopTransaction of the last transaction, `wh` further on."""
        self.meter += wh
        said = {
            "transactionId": self.transaction,
            "meterStop": self.meter,
            "timestamp": at or stamp(),
            "reason": reason,
        }
        return await self.call("StopTransaction", {**said, **more})
