"""How the office's pages show single values: times with their zone, money, states with a word and a colour, facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from nicegui import ui

from api.ui.parts.notices import text
from api.ui.texts import N_, _, locale

NOTHING = "–"

TONES: Mapping[str, tuple[str, str, str]] = {
    # State → word, tone of the style sheet, icon.
    "active": (N_("Active"), "good", "check_circle"),
    "live": (N_("Live"), "good", "check_circle"),
    "published": (N_("Published"), "good", "check_circle"),
    "done": (N_("Done"), "good", "check_circle"),
    "sent": (N_("Sent"), "good", "check_circle"),
    "succeeded": (N_("Succeeded"), "good", "check_circle"),
    "resolved": (N_("Resolved"), "good", "check_circle"),
    "delivered": (N_("Delivered"), "good", "check_circle"),
    "captured": (N_("Captured"), "good", "check_circle"),
    "completed": (N_("Completed"), "good", "check_circle"),
    "running": (N_("Running"), "busy", "autorenew"),
    "asked": (N_("Asked"), "busy", "autorenew"),
    "authorised": (N_("Authorised"), "busy", "lock"),
    "commissioning": (N_("Commissioning"), "wait", "build"),
    "waiting": (N_("Waiting"), "wait", "hourglass_empty"),
    "planned": (N_("Planned"), "wait", "event"),
    "draft": (N_("Draft"), "wait", "edit_note"),
    "invited": (N_("Invited"), "wait", "mail"),
    "paused": (N_("Paused"), "warn", "pause_circle"),
    "open": (N_("Open"), "warn", "error_outline"),
    "blocked": (N_("Blocked"), "bad", "block"),
    "lost": (N_("Lost"), "bad", "block"),
    "dead": (N_("Undeliverable"), "bad", "error"),
    "failed": (N_("Failed"), "bad", "error"),
    "stopped": (N_("Stopped"), "bad", "error"),
    "unreached": (N_("Not reached"), "warn", "wifi_off"),
    "skipped": (N_("Left out"), "off", "remove_circle"),
    "disabled": (N_("Disabled"), "off", "block"),
    "cancelled": (N_("Cancelled"), "off", "cancel"),
    "withdrawn": (N_("Withdrawn"), "off", "cancel"),
    "retired": (N_("Retired"), "off", "archive"),
    "decommissioned": (N_("Decommissioned"), "off", "archive"),
    "expired": (N_("Expired"), "off", "event_busy"),
    "error": (N_("Error"), "bad", "error"),
    "warning": (N_("Warning"), "warn", "warning"),
    "notice": (N_("Hint"), "busy", "info"),
    "info": (N_("Hint"), "busy", "info"),
    "receipt": (N_("Receipt"), "good", "receipt"),
    "credit_note": (N_("Credit note"), "wait", "undo"),
    "connected": (N_("Connected"), "good", "wifi"),
    "reconnecting": (N_("Reconnecting"), "warn", "wifi_find"),
    "offline": (N_("Offline"), "bad", "wifi_off"),
}


def chip(state: str) -> ui.element:
    """A state with its word, icon and colour; one that is not known here is shown as it is."""
    word, tone, icon = TONES.get(state.lower(), (state.replace("_", " "), "off", "circle"))
    with ui.element("span").classes(f"rc-chip rc-{tone}") as made:
        ui.icon(icon).props('aria-hidden="true"')
        text("span", _(word) if state.lower() in TONES else word)
    return made


def moment(at: str | None, zone: str = "UTC") -> str:
    """A time of the API (RFC 3339) in a zone that is shown with it."""
    if not at:
        return NOTHING
    local = datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(ZoneInfo(zone) if zone != "UTC" else UTC)
    told: str = format_datetime(local, "d MMM y, HH:mm", locale=locale())
    return f"{told} {local.tzname() if zone != 'UTC' else 'UTC'}"


def money(amount: str | None, currency: str | None) -> str:
    """An amount as the reader's language writes it."""
    if amount is None or not currency:
        return NOTHING
    try:
        return str(format_currency(Decimal(amount), currency, locale=locale()))
    except InvalidOperation:
        return f"{amount} {currency}"


def number(value: str | int | float | None, unit: str = "") -> str:
    """A number as the reader's language writes it, with its unit."""
    if value is None or value == "":
        return NOTHING
    told = str(format_decimal(Decimal(str(value)), locale=locale()))
    return f"{told} {unit}".strip()


def size(count: int) -> str:
    """A number of bytes in KiB or MiB."""
    return number(round(count / 1024, 1), "KiB") if count < 1 << 20 else number(round(count / (1 << 20), 1), "MiB")


def facts(told: Iterable[tuple[str, Any]]) -> ui.element:
    """Names with what there is to say about them. A value may be a function that draws it."""
    with ui.element("dl").classes("rc-facts") as made:
        for name, value in told:
            text("dt", name)
            with ui.element("dd"):
                if callable(value):
                    value()
                else:
                    text("span", str(value) if value not in (None, "") else NOTHING)
    return made


def link(words: str, address: str, classes: str = "") -> ui.element:
    """A link within this site."""
    made = text("a", words, classes)
    made.props["href"] = address
    return made


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]], *, label: str = "", numbers: Iterable[int] = ()) -> None:
    """A plain table. A cell may be a function that draws it; `numbers` are columns that are aligned to the right."""
    right = set(numbers)
    with ui.element("div").classes("rc-scroll").props('tabindex="0"') as box, ui.element("table").classes("rc-table"):
        if label:
            box.props["aria-label"], box.props["role"] = label, "region"
        with ui.element("thead"), ui.element("tr"):
            for column, head in enumerate(heads):
                text("th", head, "rc-number" if column in right else "").props('scope="col"')
        with ui.element("tbody"):
            for row in rows:
                with ui.element("tr"):
                    for column, value in enumerate(row):
                        with ui.element("td").classes("rc-number" if column in right else ""):
                            if callable(value):
                                value()
                            else:
                                text("span", str(value) if value not in (None, "") else NOTHING)


def card(title: str = "", level: str = "h2") -> ui.element:
    """A card, to be filled: `with card(_("Versions")): …`."""
    made = ui.element("section").classes("rc-card")
    if title:
        with made:
            text(level, title)
    return made
