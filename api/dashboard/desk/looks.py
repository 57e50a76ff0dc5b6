"""How the desk's states are shown, and where things stand."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from api.ui.parts.states import Look
from api.ui.texts import N_
from api.ui.visit import Visit

SESSION: Mapping[str, Look] = {
    "started": Look(N_("Started"), "play_circle", "wait"),
    "metered": Look(N_("Charging"), "bolt", "busy"),
    "suspended_ev": Look(N_("Suspended by the car"), "pause_circle", "wait"),
    "suspended_evse": Look(N_("Suspended by the station"), "pause_circle_outline", "warn"),
    "stopped": Look(N_("Stopped"), "check_circle", "off"),
    "finalised": Look(N_("Stopped"), "check_circle", "off"),
}
ALERT: Mapping[str, Look] = {
    "open": Look(N_("Open"), "notifications_active", "bad"),
    "acknowledged": Look(N_("Taken notice of"), "visibility", "wait"),
    "resolved": Look(N_("Over"), "check_circle", "good"),
}
JOB: Mapping[str, Look] = {
    "new": Look(N_("New"), "fiber_new", "warn"),
    "assigned": Look(N_("Assigned"), "person", "wait"),
    "in_progress": Look(N_("In progress"), "build", "busy"),
    "waiting_for_parts": Look(N_("Waiting for parts"), "hourglass_top", "wait"),
    "done": Look(N_("Done"), "check_circle", "good"),
    "cancelled": Look(N_("Cancelled"), "cancel", "off"),
}
CASE: Mapping[str, Look] = {
    "unconfirmed": Look(N_("Not confirmed"), "mark_email_unread", "off"),
    "new": Look(N_("New"), "fiber_new", "warn"),
    "answered": Look(N_("Answered"), "mark_chat_read", "good"),
    "waiting": Look(N_("Waits for us"), "hourglass_top", "warn"),
    "closed": Look(N_("Closed"), "check_circle", "off"),
}
CATEGORY: Mapping[str, Look] = {
    "charging": Look(N_("Charging"), "bolt", "busy"),
    "payment": Look(N_("Payment"), "payments", "busy"),
    "charger": Look(N_("Charger"), "ev_station", "busy"),
    "account": Look(N_("Account"), "person", "busy"),
    "other": Look(N_("Something else"), "help", "off"),
}
PRIORITY: Mapping[str, Look] = {
    "urgent": Look(N_("Urgent"), "priority_high", "bad"),
    "high": Look(N_("High"), "keyboard_double_arrow_up", "warn"),
    "normal": Look(N_("Normal"), "drag_handle", "off"),
    "low": Look(N_("Low"), "keyboard_arrow_down", "off"),
}
FINDING: Mapping[str, Look] = {
    "error": Look(N_("Broken"), "error", "bad"),
    "warning": Look(N_("Look at it"), "warning", "warn"),
    "info": Look(N_("Good to know"), "info", "busy"),
    "ok": Look(N_("All well"), "check_circle", "good"),
}
WHY: Mapping[str, str] = {
    "phone": N_("phone number"),
    "email": N_("e-mail address"),
    "name": N_("name"),
    "plate": N_("number plate"),
    "token": N_("token"),
    "card": N_("card number"),
    "receipt": N_("receipt"),
    "id": N_("id"),
    "transaction": N_("transaction"),
    "station": N_("station"),
}
KIND: Mapping[str, tuple[str, str]] = {
    "driver": (N_("Driver"), "person"),
    "session": (N_("Session"), "bolt"),
    "charge_point": (N_("Charge point"), "ev_station"),
    "station": (N_("Station"), "place"),
    "token": (N_("Token"), "contactless"),
    "receipt": (N_("Receipt"), "receipt_long"),
}
"""What a search finds → its word and icon."""


def zone_of(visit: Visit, charge_point: str) -> str:
    """The IANA time zone of a charge point's station."""
    place = visit.context.ports.business.places.place(charge_point)
    return place.zone if place is not None else "UTC"


def address(*parts: str) -> str:
    """A page's address, each part quoted."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def connector_name(charge_point: str, evse: int, connector: int) -> str:
    """A connector as people call it: without the numbers where they say nothing."""
    if not evse or not charge_point:
        return charge_point
    return f"{charge_point} · {evse}" if connector <= 1 else f"{charge_point} · {evse}/{connector}"
