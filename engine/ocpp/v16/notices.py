"""Firmware, diagnostics, log and security notifications (OCPP 1.6, 4.4 and 4.5; the security whitepaper)."""

from __future__ import annotations

from typing import Any

from engine.charging.kept.notices import (
    DIAGNOSTICS,
    FIRMWARE,
    LOG,
    CertificateRequested,
    JobReported,
    SecurityEventReported,
)
from engine.ocpp.fields import instant
from engine.ocpp.port import Circumstances


def understand_firmware(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(FIRMWARE, payload["status"])


def understand_signed_firmware(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(FIRMWARE, payload["status"], payload.get("requestId"))


def understand_diagnostics(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(DIAGNOSTICS, payload["status"])


def understand_log(payload: dict[str, Any], _circumstances: Circumstances) -> JobReported:
    return JobReported(LOG, payload["status"], payload.get("requestId"))


def understand_security_event(payload: dict[str, Any], circumstances: Circumstances) -> SecurityEventReported:
    return SecurityEventReported(payload["type"], instant(payload, circumstances), payload.get("techInfo", ""))


def understand_sign_certificate(payload: dict[str, Any], _circumstances: Circumstances) -> CertificateRequested:
    """1.6 knows one kind of certificate of its own."""
    return CertificateRequested(payload["csr"])
