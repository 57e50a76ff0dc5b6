"""Block P: messages of vendors' own, and fields of vendors' own in messages that everybody knows."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.verdict import same

CUSTOM = {"vendorId": "org.example.conformance", "depth": {"list": [1, 2.5, "ä"], "flag": True}, "text": "as said"}


@case("TC_P_02_CSMS", sample=True)
async def a_vendors_message(bench: Bench) -> None:
    """A vendor's message that nobody here understands is answered as of an unknown vendor or message, or refused."""
    station = await bench.station201()
    await station.boot()
    await station.call(
        "DataTransfer",
        {"vendorId": "org.example.conformance", "messageId": "Hello", "data": {"any": ["JSON", 1]}},
        wanted={"status": {"UnknownVendorId", "UnknownMessageId", "Rejected"}},
    )


@case("TC_P_03_CSMS")
async def a_vendors_fields(bench: Bench) -> None:
    """customData in a StatusNotification and a TransactionEvent disturbs nothing, and is in the log as it was said."""
    station = await bench.station201()
    await station.boot()
    said = {"timestamp": stamp(), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1, "customData": CUSTOM}
    await station.call("StatusNotification", said)
    transaction = station.transaction()
    await transaction.event("Started", "CablePluggedIn", "EVConnected", info={"customData": CUSTOM}, customData=CUSTOM)
    await bench.session(transaction.id)

    async def logged() -> list[dict[str, Any]] | None:
        page = await bench.get(f"/charge-points/{station.identity}/messages", action="TransactionEvent")
        frames: list[dict[str, Any]] = page["items"]
        return frames or None

    frames = await bench.until(logged, "the TransactionEvent in the message log")
    payload = json.loads(frames[0]["frame"])[3]
    same(payload["customData"], CUSTOM, "the customData in the log")
    same(payload["transactionInfo"]["customData"], CUSTOM, "the transaction's customData in the log")
