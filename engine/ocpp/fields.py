"""Fields that messages of all versions share: connectors and EVSEs, and times."""

from __future__ import annotations

from typing import Any, Final

from engine.charging.messages import Instant
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.port import Circumstances
from engine.ocpp.times import MAX_LENGTH, read_time

MAX_CONNECTOR: Final = 1023
"""More connectors than any station has: each one heard of takes memory in its charge point's actor."""


def checked_connector(number: int, field: str = "connectorId") -> int:
    """The connector's or EVSE's number. Raises ProtocolError (PropertyConstraintViolation) if it cannot be one."""
    if 0 <= number <= MAX_CONNECTOR:
        return number
    raise refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"{field} {number} is not within 0 to {MAX_CONNECTOR}.")


def instant(
    payload: dict[str, Any], circumstances: Circumstances, *, required: bool = True, field: str = "timestamp"
) -> Instant:
    """The time in the payload's `field`: said, believed and received."""
    received = circumstances.received
    said: str | None = payload.get(field)
    if not said:
        if required:
            note(circumstances.notes, Deviation.MISSING_TIME)
        return Instant(None, received, received)
    believed, deviation = read_time(said, received)
    if deviation is not None:
        note(circumstances.notes, deviation, said)
        said = said[:MAX_LENGTH]
    return Instant(said, believed, received)
