"""Sessions: those that run on top, live, and all that there were, filtered and paged by the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import SESSION, address, connector_name, zone_of
from api.dashboard.desk.running import Running
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.notices import text
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _
from api.ui.visit import Visit

Row = Mapping[str, Any]
_FILTERS = ("charge_point", "station", "id_token", "driver", "since", "until")
"""What the page's address may say beside what its fields do."""


@page("/sessions", N_("Sessions"), "sessions:read", Place("operate", "bolt", 30))
async def sessions(visit: Visit) -> None:
    asked = {name: visit.query.get(name, "") for name in _FILTERS}
    running = Running(visit, {name: value for name, value in asked.items() if value})
    await running.load()
    text("h2", _("History"))
    with ui.element("div").classes("rc-row") as filters:
        pass
    table = RestTable(
        visit,
        "/sessions",
        _columns(visit),
        params=visit.where(running=False, **asked),
        sort="-started",
        empty=_("No session has ended yet."),
        label=_("Sessions"),
    )
    with filters:
        _filters(visit, table, asked)
    await table.load()
    visit.every(30, running.load)


def _columns(visit: Visit) -> list[Column]:
    def place(row: Row) -> str:
        return connector_name(row["charge_point"], row["evse"], row["connector"])

    return [
        Column(N_("Started"), lambda row: link(_began(visit, row), address("sessions", row["id"])), sort="started"),
        Column(N_("Connector"), place),
        Column(N_("Token"), lambda row: row["id_token"] or "–"),
        Column(N_("Lasted"), lambda row: figures.duration(row["duration_s"]), number=True),
        Column(N_("Energy"), lambda row: figures.energy(row["energy_wh"]), number=True),
        Column(N_("Price"), lambda row: figures.money(row["cost"], row["currency"]), number=True),
        Column(N_("Stopped because"), lambda row: row["reason"] or "–"),
        Column(N_("State"), lambda row: _standing(row)),
    ]


def _began(visit: Visit, row: Row) -> str:
    at = row["started_at"] or row["stopped_at"]
    return figures.moment(at, zone_of(visit, row["charge_point"])) if at else _("not told")


def _standing(row: Row) -> Any:
    """How it stands; what finance has to look at stands out."""
    if row["doubts"]:
        return {"text": _("In doubt"), "icon": "help", "tone": "rc-warn"}
    if row["settled_at"]:
        return {"text": _("Settled"), "icon": "check_circle", "tone": "rc-good"}
    return state(row["state"], SESSION)


def _filters(visit: Visit, table: RestTable, asked: Mapping[str, str]) -> None:
    """Fields that ask the API anew at once when they change."""
    charge_point = ui.input(_("Charge point"), value=asked["charge_point"]).props("dense outlined clearable")
    token = ui.input(_("Token"), value=asked["id_token"]).props("dense outlined clearable")
    since = ui.input(_("From day"), value="").props('dense outlined type="date" stack-label')
    until = ui.input(_("To day"), value="").props('dense outlined type="date" stack-label')
    trouble = ui.checkbox(_("Only with trouble"))

    async def ask() -> None:
        conditions = {
            "charge_point": charge_point.value or None,
            "id_token": token.value or None,
            "since": f"{since.value}T00:00:00Z" if since.value else asked["since"] or None,
            "until": f"{until.value}T23:59:59Z" if until.value else asked["until"] or None,
            "trouble": True if trouble.value else None,
        }
        await table.ask(**conditions)

    for field in (charge_point, token):
        field.on("keydown.enter", ask)
        field.on("blur", ask)
        field.on("clear", ask)
    since.on_value_change(ask)
    until.on_value_change(ask)
    trouble.on_value_change(ask)
