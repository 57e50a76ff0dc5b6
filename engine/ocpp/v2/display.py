"""Messages on a station's display (2.0.1 block O)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notices import DISPLAYS, ReportPart
from engine.charging.messages import Json
from engine.ocpp.loose_values import mapping, mappings
from engine.ocpp.port import Circumstances
from engine.ocpp.v2.report_parts import unnumbered


def understand_display_messages(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    return unnumbered(DISPLAYS, payload, [display_message(said) for said in payload.get("messageInfo", ())])


def display_message(said: Mapping[str, Json]) -> dict[str, Json]:
    """A MessageInfoType as it is kept."""
    content, display = mapping(said.get("message")), mapping(said.get("display"))
    extra = [dict(item) for item in mappings(said.get("messageExtra"))]
    return {
        "id": said["id"],
        "priority": said.get("priority"),
        "state": said.get("state"),
        "start": said.get("startDateTime"),
        "end": said.get("endDateTime"),
        "transaction": said.get("transactionId"),
        "format": content.get("format"),
        "language": content.get("language"),
        "content": content.get("content"),
        "display": display.get("name"),
        "extra": extra,
    }
