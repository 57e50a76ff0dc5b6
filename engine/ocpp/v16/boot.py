"""BootNotification and Heartbeat (OCPP 1.6, sections 4.2 and 4.6)."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import Booted, Heartbeat
from engine.ocpp.port import Circumstances

_HEARTBEAT = Heartbeat()


def understand_boot(payload: dict[str, Any], circumstances: Circumstances) -> Booted:
    """`chargeBoxSerialNumber` is 1.5's and deprecated: taken where no other serial number is given."""
    get = payload.get
    return Booted(
        vendor=payload["chargePointVendor"],
        model=payload["chargePointModel"],
        serial=get("chargePointSerialNumber") or get("chargeBoxSerialNumber", ""),
        firmware=get("firmwareVersion", ""),
        iccid=get("iccid", ""),
        imsi=get("imsi", ""),
        meter_type=get("meterType", ""),
        meter_serial=get("meterSerialNumber", ""),
        durable=circumstances.durable,
    )


def understand_heartbeat(_payload: dict[str, Any], _circumstances: Circumstances) -> Heartbeat:
    return _HEARTBEAT
