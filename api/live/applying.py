"""Applies what the live feed tells to the image, and says what subscribers are told of it besides.

An event that is older than what is known already (the image was read after it had happened) changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from sys import intern
from typing import Any

from api.live.image import ChargePointImage, ConnectorImage, FleetImage
from engine.charging.connectors import MAX_CONNECTORS
from engine.charging.session.registers import as_text

Said = Mapping[str, Any]
_Apply = Callable[[ChargePointImage, int, Said], Mapping[str, Any]]


def apply(image: FleetImage, kind: str, charge_point: str, at: int, said: Said) -> Mapping[str, Any]:
    """Take on one event (engine/projections/live_feed.py), received `at` (µs); return what the image adds to it.

    Raises KeyError, TypeError, ValueError or ArithmeticError for one that is not in that form; nothing is changed then.
    """
    applied = _OF_KIND.get(kind)
    if applied is None:
        return {}
    known = image.charge_point(charge_point)
    added = applied(known, at, said)
    if known.last_seen is None or at > known.last_seen:
        known.last_seen = at
    image.tell(known)
    return added


def _link(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    link = said["link"]
    if link != known.link and at >= (known.link_since or 0):
        known.link, known.link_since = intern(link), at
    return {"connectors": shown(known)}


def _boot(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    told = (said["status"].lower(), said["vendor"], said["model"], said["firmware"])
    known.registration, known.vendor, known.model, known.firmware = map(intern, told)
    return {}


def _status(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    connector = _at(known, said)
    if at >= connector.at:
        connector.at = at
        if said["status"] != connector.status:
            connector.status, connector.since = intern(said["status"]), said["believed"]
        connector.error, connector.vendor_error = intern(said["error"]), intern(said["vendor_error"])
    if (connector.evse, connector.connector) == (0, 0):
        return {"shown": connector.shown(known.link), "connectors": shown(known)}
    return {"shown": connector.shown(known.link)}


def _session_started(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    connector, start = _at(known, said), said["meter_start_wh"]
    meter_start = None if start is None else Decimal(start)
    for each in known.connectors:
        # 2.x may tell the connector after the session has begun.
        if each is not connector and each.session == said["session"]:
            _end(each)
    if connector.session != said["session"]:
        _end(connector)
    connector.session, connector.started = said["session"], said["believed"]
    connector.meter_start = meter_start
    connector.currency = intern(said["currency"] or "")
    return _so_far(connector)


def _session_changed(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    connector = _at(known, said)
    if connector.session in ("", said["session"]):
        connector.session = said["session"]
        connector.energy_wh, connector.power_w = said["energy_wh"], said["power_w"]
        if said.get("cost") is not None:
            connector.cost, connector.currency = said["cost"], intern(said["currency"])
    return {}


def _session_stopped(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    for each in known.connectors:
        if each.session == said["session"]:
            _end(each)
    return {}


def _meter(known: ChargePointImage, at: int, said: Said) -> Mapping[str, Any]:
    connector = _at(known, said)
    if said["session"] != connector.session:
        return {}
    if said.get("power_w") is not None:
        connector.power_w = said["power_w"]
    register = said.get("register_wh")
    if register is not None and connector.meter_start is not None:
        connector.energy_wh = as_text(Decimal(register) - connector.meter_start)
    return _so_far(connector)


_OF_KIND: Mapping[str, _Apply] = {
    "link": _link,
    "boot": _boot,
    "status": _status,
    "session.started": _session_started,
    "session.identified": _session_started,
    "session.changed": _session_changed,
    "session.stopped": _session_stopped,
    "meter": _meter,
}


def shown(known: ChargePointImage) -> list[dict[str, Any]]:
    """How each connector of a charge point is shown."""
    return [{"evse": each.evse, "connector": each.connector, "shown": each.shown(known.link)} for each in known.real()]


def _at(known: ChargePointImage, said: Said) -> ConnectorImage:
    evse, number = said["evse"], said["connector"]
    connector = known.connector(evse, number)
    if connector is None:
        connector = ConnectorImage(evse, number)
        if len(known.connectors) >= MAX_CONNECTORS:
            return connector
        known.connectors.append(connector)
        known.connectors.sort(key=lambda each: (each.evse, each.connector))
    return connector


def _end(connector: ConnectorImage) -> None:
    connector.session, connector.started, connector.meter_start = "", None, None
    connector.energy_wh = connector.power_w = connector.cost = None
    connector.currency = ""


def _so_far(connector: ConnectorImage) -> Mapping[str, Any]:
    if not connector.session:
        return {"power_w": connector.power_w}
    told = ("energy_wh", "power_w", "cost", "currency")
    return {name: getattr(connector, name) for name in told}
