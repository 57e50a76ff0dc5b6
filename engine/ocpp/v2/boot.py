"""BootNotification and Heartbeat of 2.x (2.0.1 B01 to B04, G02)."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import Booted, Heartbeat
from engine.ocpp.port import Circumstances

_HEARTBEAT = Heartbeat()


def understand_boot(payload: dict[str, Any], circumstances: Circumstances) -> Booted:
    station = payload["chargingStation"]
    modem = station.get("modem") or {}
    return Booted(
        vendor=station.get("vendorName", ""),
        model=station.get("model", ""),
        serial=station.get("serialNumber", ""),
        firmware=station.get("firmwareVersion", ""),
        iccid=modem.get("iccid", ""),
        imsi=modem.get("imsi", ""),
        reason=payload.get("reason", ""),
        durable=circumstances.durable,
    )


def understand_heartbeat(_payload: dict[str, Any], _circumstances: Circumstances) -> Heartbeat:
    return _HEARTBEAT
