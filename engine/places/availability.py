"""Whether a driver who drives to a connector will find it free, from what its charge point last told.

Nothing is called free that does not say so itself: not what is offline, not what has never reported, and not one
connector of an EVSE whose other one is taken, since an EVSE charges one vehicle at a time. Nor what the operator has
closed to drivers, whatever it says itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FREE, OCCUPIED, RESERVED, OUT_OF_ORDER, UNKNOWN = "free", "occupied", "reserved", "out_of_order", "unknown"

_OF_STATUS = {
    "Available": FREE,
    "Preparing": OCCUPIED,
    "Occupied": OCCUPIED,
    "Charging": OCCUPIED,
    "SuspendedEV": OCCUPIED,
    "SuspendedEVSE": OCCUPIED,
    "Finishing": OCCUPIED,
    "Reserved": RESERVED,
    "Unavailable": OUT_OF_ORDER,
    "Faulted": OUT_OF_ORDER,
}

Told = tuple[str, bool]
"""What a connector told: its status, and whether a session runs there."""


def availability(live: Mapping[str, Any] | None, evse: int, connector: int, *, blocked: bool = False) -> str:
    """How the connector stands, from the view of engine/charging/view.py; None: the charger never connected.

    `blocked`: the operator keeps drivers from it.
    """
    if blocked:
        return OUT_OF_ORDER
    if live is None or live["link"] != "connected" or live["registration"] != "accepted":
        return UNKNOWN
    return stands(_told(live), evse, connector)


def status_of(live: Mapping[str, Any] | None, evse: int, connector: int) -> str:
    """A connector's status in the same view, "" if it told none; Unavailable where the whole of which it is a part is
    out of order."""
    told = {} if live is None else _told(live)
    own = told.get((evse, connector), ("", False))[0]
    out = stands(told, evse, connector) == OUT_OF_ORDER
    return "Unavailable" if out and _OF_STATUS.get(own) != OUT_OF_ORDER else own


def stands(told: Mapping[tuple[int, int], Told], evse: int, connector: int) -> str:
    """How a connector stands, by what the connectors of its charge point, which is connected and accepted, told."""
    # Connector 0 speaks for all of its EVSE, EVSE 0 for the whole charge point.
    for whole in ((0, 0), (evse, 0)):
        if whole in told and _OF_STATUS.get(told[whole][0]) == OUT_OF_ORDER:
            return OUT_OF_ORDER
    own = told.get((evse, connector))
    if own is None:
        return UNKNOWN
    found = _OF_STATUS.get(own[0], UNKNOWN)
    if found == FREE and any(place[0] == evse and _is_taken(each) for place, each in told.items()):
        return OCCUPIED
    return found


def _told(live: Mapping[str, Any]) -> dict[tuple[int, int], Told]:
    return {(each["evse"], each["connector"]): (each["status"], bool(each["session"])) for each in live["connectors"]}


def to_be_offered(availability: str) -> bool:
    """Whether drivers may be offered a connector that stands so: it works, though it may be taken at the moment."""
    return availability in (FREE, OCCUPIED)


def _is_taken(told: Told) -> bool:
    status, charging = told
    return charging or _OF_STATUS.get(status) == OCCUPIED
