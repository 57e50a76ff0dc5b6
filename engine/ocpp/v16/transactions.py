"""StartTransaction and StopTransaction (OCPP 1.6, sections 4.8 and 4.10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.charging.messages import StartReported, StopReported
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.fields import checked_connector, instant
from engine.ocpp.port import Circumstances
from engine.ocpp.units import as_quantity
from engine.ocpp.v16.fields import connector_on
from engine.ocpp.v16.meter_values import readings

REASONS = frozenset(
    (
        "EmergencyStop",
        "EVDisconnected",
        "HardReset",
        "Local",
        "Other",
        "PowerLoss",
        "Reboot",
        "Remote",
        "SoftReset",
        "UnlockCommand",
        "DeAuthorized",
    )
)


def understand_start(payload: dict[str, Any], circumstances: Circumstances) -> StartReported:
    evse = checked_connector(payload["connectorId"])
    id_tag: str = payload["idTag"]
    reservation: int | None = payload.get("reservationId")
    if reservation is not None and abs(reservation) >= 2**31:
        reservation = None  # none that we ever gave
    return StartReported(
        evse=evse,
        connector=connector_on(evse),
        id_token=id_tag,
        meter_start=_register(payload, "meterStart"),
        at=instant(payload, circumstances),
        standing=circumstances.standing(id_tag),
        fresh_transaction=circumstances.fresh_transaction(),
        fresh_session=circumstances.fresh_session(),
        reservation=reservation,
    )


def understand_stop(payload: dict[str, Any], circumstances: Circumstances) -> StopReported:
    """A missing reason means Local (section 6.51); an unknown one is Other, and noted by the repair."""
    id_tag: str = payload.get("idTag", "")
    reason: str = payload.get("reason", "Local")
    return StopReported(
        transaction=str(payload["transactionId"]),
        id_token=id_tag,
        meter_stop=_register(payload, "meterStop"),
        at=instant(payload, circumstances),
        reason=reason if reason in REASONS else "Other",
        readings=readings(payload.get("transactionData", ()), circumstances),
        fresh_session=circumstances.fresh_session(),
        standing=circumstances.standing(id_tag) if id_tag else None,
    )


def _register(payload: dict[str, Any], field: str) -> Decimal:
    value = as_quantity(payload[field])
    if value is None:
        raise refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{field} is too large for a meter register.")
    return value
