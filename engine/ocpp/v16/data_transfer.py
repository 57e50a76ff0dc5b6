"""DataTransfer from the station (OCPP 1.6, section 4.3)."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import DataTransferred
from engine.ocpp.port import Circumstances


def understand(payload: dict[str, Any], _circumstances: Circumstances) -> DataTransferred:
    return DataTransferred(payload["vendorId"], payload.get("messageId", ""), payload.get("data"))
