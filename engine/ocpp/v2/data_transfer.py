"""DataTransfer from the station (2.0.1 P02). `data` may be any JSON value and is kept as it is."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import DataTransferred
from engine.ocpp.port import Circumstances


def understand(payload: dict[str, Any], _circumstances: Circumstances) -> DataTransferred:
    return DataTransferred(payload["vendorId"], payload.get("messageId", ""), payload.get("data"))
