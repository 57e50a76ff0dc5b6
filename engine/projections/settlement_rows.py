"""What a settled session was billed by, as rows: its tariff and course, from which its lines can be reckoned again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.events import SessionSettled
from engine.projections.ledger_rows import Change, quantity_of, text_of

TABLE = "session_prices"


def read(event: Mapping[str, Any]) -> Change | None:
    """None for every event but a settlement with a tariff. Raises KeyError, TypeError, ValueError."""
    if event["kind"] != SessionSettled.kind or event["tariff"] is None:
        return None
    columns = {"tariff": event["tariff"], "course": event["course"], "total": quantity_of(event, "total")}
    if type(event["tariff"]) is not dict or type(event["course"]) is not dict:
        raise TypeError("tariff and course are objects")
    return Change(TABLE, (text_of(event, "session"),), columns)
