"""Firmware, log, security and reservation notifications of 2.x (2.0.1 blocks A, H, L and N)."""

from __future__ import annotations

from typing import Any

from engine.charging.kept.notices import (
    FIRMWARE,
    LOG,
    PUBLISH,
    CertificateRequested,
    JobReported,
    ReservationReported,
    SecurityEventReported,
)
from engine.ocpp.fields import instant
from engine.ocpp.loose_values import mapping, text
from engine.ocpp.port import Circumstances


def understand_firmware(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(FIRMWARE, payload["status"], payload.get("requestId"), _info(payload))


def understand_publish(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    """Published says where the firmware can be had (L03)."""
    locations = " ".join(payload.get("location", ()))
    return JobReported(PUBLISH, payload["status"], payload.get("requestId"), locations or _info(payload))


def understand_log(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(LOG, payload["status"], payload.get("requestId"), _info(payload))


def _info(payload: dict[str, Any]) -> str:
    """2.1 may say why."""
    said = mapping(payload.get("statusInfo"))
    return ": ".join(filter(None, (text(said.get("reasonCode")), text(said.get("additionalInfo")))))


def understand_security_event(payload: dict[str, Any], circumstances: Circumstances) -> SecurityEventReported:
    return SecurityEventReported(payload["type"], instant(payload, circumstances), payload.get("techInfo", ""))


def understand_sign_certificate(payload: dict[str, Any], _circumstances: Circumstances) -> CertificateRequested:
    """Without a kind it is the station's own certificate (A02); 2.1 numbers its requests."""
    use = payload.get("certificateType", "ChargingStationCertificate")
    return CertificateRequested(payload["csr"], use, payload.get("requestId"))


def understand_reservation_status(payload: dict[str, Any], _circumstances: Circumstances) -> ReservationReported:
    return ReservationReported(payload["reservationId"], payload["reservationUpdateStatus"])
