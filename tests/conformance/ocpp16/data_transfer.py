"""Data transfer: what a vendor's station says that nobody here understands."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case

NOT_UNDERSTOOD = {"Rejected", "UnknownMessageId", "UnknownVendorId"}


@case("TC_064_CSMS", sample=True)
async def unknown_vendor(bench: Bench) -> None:
    """Data of a vendor that is not known here are not accepted."""
    station = await bench.station16()
    await station.boot()
    said = {"vendorId": "org.example.unknown", "messageId": "greeting", "data": '{"snake_case": 1}'}
    await station.call("DataTransfer", said, wanted={"status": NOT_UNDERSTOOD})
