"""Security events of stations as rows of their own, for whoever looks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notice_events import SecurityEventSeen
from engine.projections.ledger_rows import Change, integer_of, text_of

TABLE = "security_events"


def read(event: Mapping[str, Any]) -> Change | None:
    """The row that `event` tells; None for any other. Raises KeyError, TypeError, ValueError."""
    if event["kind"] != SecurityEventSeen.kind:
        return None
    said = event["said"]
    columns: dict[str, Any] = {
        "info": text_of(event, "info"),
        "said": None if said is None else text_of(event, "said"),
        "believed": integer_of(event, "believed"),
    }
    key = (text_of(event, "charge_point"), integer_of(event, "received"), text_of(event, "type"))
    return Change(TABLE, key, columns)
