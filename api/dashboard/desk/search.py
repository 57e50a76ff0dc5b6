"""Support's search: whatever a caller knows, and all that it can mean, one click from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import KIND, SESSION, WHY, address, connector_name, zone_of
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.notices import empty, text
from api.ui.parts.states import chip
from api.ui.texts import N_, _
from api.ui.visit import Visit

Found = Mapping[str, Any]
_ORDER = ("session", "driver", "charge_point", "station", "receipt", "token")


@page("/search", N_("Search"), "search:read", Place("operate", "search", 15))
async def search(visit: Visit, q: str = "") -> None:
    _form(q)
    if not q.strip():
        empty(_("A phone number, plate, name, token, receipt or charge point."), "search")
        return
    found = await visit.api.get("/search", {"q": q, "limit": 60})
    if not found["items"]:
        empty(_("Nothing fits “{q}”.", q=q), "search_off")
    for kind in _ORDER:
        rows = [row for row in found["items"] if row["kind"] == kind]
        if rows:
            _group(visit, kind, rows)
    if found["more"]:
        text("p", _("There is more. Say more of what you look for."), "rc-soft")


def _form(q: str) -> None:
    """A plain form: it works with the keyboard, and its address can be kept."""
    with ui.element("form").props('action="/search" method="get" role="search"').classes("rc-row"):
        field = ui.element("input").classes("rc-find")
        field.props["name"], field.props["value"], field.props["type"] = "q", q, "search"
        field.props["aria-label"] = _("What to look for")
        field.props["placeholder"] = _("Phone, plate, name, token, receipt …")
        if not q:
            field.props["autofocus"] = True
        ui.button(_("Search"), icon="search").props('type="submit" unelevated no-caps')


def _group(visit: Visit, kind: str, rows: list[Found]) -> None:
    word, icon = KIND[kind]
    with ui.element("section").classes("rc-card").props(f'data-kind="{kind}"'):
        with ui.element("h2"):
            ui.icon(icon).props('aria-hidden="true"')
            text("span", f"{_(word)} ({len(rows)})")
        with ui.element("ul").classes("rc-finds"):
            for row in rows:
                _row(visit, row)


def _row(visit: Visit, row: Found) -> None:
    with ui.element("li").classes("rc-row rc-between"):
        with ui.element("div").classes("rc-stack rc-tight"):
            href = _href(row)
            if href:
                ui.link(_title(row), href)
            else:
                text("span", _title(row))
            text("span", _detail(visit, row), "rc-soft rc-small")
        with ui.element("div").classes("rc-row rc-tight"):
            if row["kind"] == "session":
                chip(row["state"], SESSION)
            way = _("by {why}", why=_(WHY[row["why"]]))
            text("span", way if row["exact"] else _("{way}, in part", way=way), "rc-soft rc-small")


def _title(row: Found) -> str:
    if row["kind"] == "session":
        return connector_name(row["charge_point"], row["evse"] or 0, row["connector"] or 0)
    return str(row["title"])


def _detail(visit: Visit, row: Found) -> str:
    parts = [row["detail"]]
    if row["kind"] == "session":
        parts = [figures.moment(row["at"], zone_of(visit, row["charge_point"])), row["detail"]]
    return " · ".join(part for part in parts if part)


def _href(row: Found) -> str:
    match row["kind"]:
        case "session":
            return address("sessions", row["id"])
        case "driver":
            return f"{address('sessions')}?driver={row['id']}"
        case "charge_point":
            return address("charge-points", row["id"])
        case "station":
            return address("stations", row["id"])
        case "receipt":
            return address("sessions", row["session"])
        case _:
            return f"{address('sessions')}?id_token={row['id']}"
