"""The device model of 2.x (2.0.1 blocks B and N): reports of variables and monitors, and events of monitored ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notices import CONFIGURATION, CUSTOMER, MONITORING, MonitorsTriggered, ReportPart
from engine.charging.messages import Json
from engine.ocpp.fields import instant
from engine.ocpp.loose_values import integer, mapping, mappings, text
from engine.ocpp.port import Circumstances
from engine.ocpp.v2.status import connector_state


def place_of(said: Mapping[str, Json]) -> dict[str, Json]:
    """Which variable of which component, on which EVSE and connector."""
    component, variable = mapping(said.get("component")), mapping(said.get("variable"))
    evse = mapping(component.get("evse"))
    return {
        "component": text(component.get("name")),
        "component_instance": text(component.get("instance")),
        "evse": integer(evse.get("id")),
        "connector": integer(evse.get("connectorId")),
        "variable": text(variable.get("name")),
        "instance": text(variable.get("instance")),
    }


def understand_report(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    rows = [
        {
            **place_of(item),
            "attributes": [dict(attribute) for attribute in item["variableAttribute"]],
            "characteristics": item.get("variableCharacteristics"),
        }
        for item in payload.get("reportData", ())
    ]
    return _part(CONFIGURATION, payload, rows)


def understand_monitoring_report(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    rows = [monitor_of(item, monitor) for item in payload.get("monitor", ()) for monitor in item["variableMonitoring"]]
    return _part(MONITORING, payload, rows)


def understand_customer_information(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    return _part(CUSTOMER, payload, [payload["data"]])


def _part(report: str, payload: dict[str, Any], rows: list[Any]) -> ReportPart:
    return ReportPart(report, payload["requestId"], payload["seqNo"], not payload.get("tbc", False), tuple(rows))


def monitor_of(place: Mapping[str, Json], monitor: Mapping[str, Json]) -> dict[str, Json]:
    """A monitor as it is kept: where it is, and what of it was said."""
    names = {
        "id": "id",
        "transaction": "transaction",
        "value": "value",
        "type": "type",
        "severity": "severity",
        "eventNotificationType": "notification",
    }
    return place_of(place) | {ours: monitor[theirs] for theirs, ours in names.items() if theirs in monitor}


def understand_event(payload: dict[str, Any], circumstances: Circumstances) -> MonitorsTriggered:
    at = instant(payload, circumstances, field="generatedAt")
    events = tuple(mappings(payload["eventData"]))
    found = ((place, connector_state(event, circumstances)) for place, event in enumerate(events))
    states = tuple((place, state) for place, state in found if state is not None)
    return MonitorsTriggered(at, payload["seqNo"], not payload.get("tbc", False), events, states)
