"""States as chips: an icon and a word, and a colour that says nothing alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui

from api.ui.parts.notices import text
from api.ui.texts import N_, _


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: its word, a Material icon, and one of good, busy, wait, warn, bad, off."""

    word: str
    icon: str
    tone: str


CONNECTOR: Mapping[str, Look] = {
    "Available": Look(N_("Available"), "check_circle", "good"),
    "Preparing": Look(N_("Preparing"), "power", "wait"),
    "Charging": Look(N_("Charging"), "bolt", "busy"),
    "SuspendedEV": Look(N_("Suspended by the car"), "pause_circle", "wait"),
    "SuspendedEVSE": Look(N_("Suspended by the station"), "pause_circle_outline", "warn"),
    "Finishing": Look(N_("Finishing"), "task_alt", "wait"),
    "Reserved": Look(N_("Reserved"), "event_available", "wait"),
    "Unavailable": Look(N_("Unavailable"), "do_not_disturb_on", "off"),
    "Faulted": Look(N_("Faulted"), "error", "bad"),
    "Offline": Look(N_("Offline"), "cloud_off", "off"),
    "Reconnecting": Look(N_("Reconnecting"), "sync", "warn"),
    "Unknown": Look(N_("Not told yet"), "help_outline", "off"),
}
"""The shown states of a connector, by what api/live/image.py calls them."""

LINK: Mapping[str, Look] = {
    "connected": Look(N_("Connected"), "wifi", "good"),
    "reconnecting": CONNECTOR["Reconnecting"],
    "offline": CONNECTOR["Offline"],
    "unknown": Look(N_("Never connected"), "wifi_off", "off"),
}
COMMAND: Mapping[str, Look] = {
    "Accepted": Look(N_("Accepted"), "check_circle", "good"),
    "Rejected": Look(N_("Rejected"), "cancel", "bad"),
    "Failed": Look(N_("Failed"), "error", "bad"),
    "TimedOut": Look(N_("Timed out"), "timer_off", "warn"),
    "NotConnected": Look(N_("Not connected"), "cloud_off", "off"),
    "Superseded": Look(N_("Superseded"), "skip_next", "off"),
    "Expired": Look(N_("Expired"), "hourglass_disabled", "off"),
    "queued": Look(N_("Waiting"), "schedule", "wait"),
    "waiting": Look(N_("Waiting"), "schedule", "wait"),
    "sent": Look(N_("Sent"), "send", "busy"),
}
SEVERITY: Mapping[str, Look] = {
    "critical": Look(N_("Critical"), "report", "bad"),
    "major": Look(N_("Major"), "error", "bad"),
    "minor": Look(N_("Minor"), "warning", "warn"),
    "warning": Look(N_("Warning"), "warning", "warn"),
    "info": Look(N_("Information"), "info", "busy"),
}


def look_of(state: str, looks: Mapping[str, Look] = CONNECTOR) -> Look:
    """How a state is shown; one that is not known here by its own name."""
    return looks.get(state) or Look(state or "–", "radio_button_unchecked", "off")


def chip(state: str, looks: Mapping[str, Look] = CONNECTOR) -> ui.element:
    """A state as a chip."""
    look = look_of(state, looks)
    return tone_chip(_(look.word), look.icon, look.tone)


def tone_chip(words: str, icon: str, tone: str) -> ui.element:
    """Any words as a chip of that tone: good, busy, wait, warn, bad or off."""
    with ui.element("span").classes(f"rc-chip rc-{tone}") as made:
        ui.icon(icon).props('aria-hidden="true"')
        text("span", words)
    return made
