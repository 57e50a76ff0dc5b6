"""Maintenance windows: when and where nothing is an alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import connector_name, zone_of
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.dialogs import confirmed, form_dialog
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.table import Column, RestTable
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]


@page("/maintenance-windows", N_("Maintenance windows"), "alerts:read", Place("operate", "event_busy", 42))
async def windows(visit: Visit) -> None:
    text("p", _("While one lasts, nothing there is an alert. What holds still at its end is one then."), "rc-soft")
    table = RestTable(
        visit,
        "/maintenance-windows",
        _columns(visit),
        params=visit.where(),
        sort="-begins",
        empty=_("There is no maintenance window."),
        label=_("Maintenance windows"),
        choose=visit.may("alert-rules:write"),
    )
    if visit.may("alert-rules:write"):
        with visit.actions():
            ui.button(_("End the ticked ones"), icon="event_available", on_click=lambda: _end(visit, table)).props(
                "outline no-caps"
            )
            ui.button(_("New window"), icon="add", on_click=lambda: _add(visit, table)).props("unelevated no-caps")
    await table.load()


def _columns(visit: Visit) -> list[Column]:
    def place(row: Row) -> str:
        if row["charge_point"]:
            return connector_name(row["charge_point"], row["evse"] or 0, row["connector"] or 0)
        return row["station"] or visit.networks.get(row["network"] or "", row["network"] or _("All networks"))

    def at(row: Row, name: str) -> str:
        return figures.moment(row[name], zone_of(visit, row["charge_point"] or ""))

    return [
        Column(N_("Where"), place),
        Column(N_("From"), lambda row: at(row, "begins_at"), sort="begins"),
        Column(N_("Until"), lambda row: at(row, "ends_at"), sort="ends"),
        Column(N_("Why"), lambda row: row["reason"]),
        Column(N_("By"), lambda row: row["created_by"]),
    ]


async def _add(visit: Visit, table: RestTable) -> None:
    """Times are taken as UTC, and said so: a window may be over stations in several zones."""
    with form_dialog(_("New maintenance window")) as dialog:
        networks = {"": _("All networks")} | visit.networks
        network = ui.select(networks, value=visit.network or next(iter(visit.networks), ""), label=_("Network"))
        charge_point = ui.input(_("Charge point (empty: all of the network)"))
        begins = ui.input(_("From (UTC)")).props('type="datetime-local" stack-label')
        ends = ui.input(_("Until (UTC)")).props('type="datetime-local" stack-label')
        why = ui.input(_("Why"))
        for field in (network, charge_point, begins, ends, why):
            field.props("outlined dense")
        with ui.element("div").classes("rc-row"):
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps")
            ui.button(_("Open it"), on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
    wanted = await dialog
    body = {
        "network": network.value or None,
        "charge_point": charge_point.value or None,
        "begins_at": f"{begins.value}:00Z",
        "ends_at": f"{ends.value}:00Z",
        "reason": why.value,
    }
    dialog.delete()
    if wanted:
        with problems_told():
            await visit.api.post("/maintenance-windows", body, key=new_id())
            done(_("The window is open."))
        await table.load()


async def _end(visit: Visit, table: RestTable) -> None:
    chosen = table.selected
    words = _("What holds still there is an alert from now on.")
    if not chosen or not await confirmed(_("End these windows?"), words, _("End")):
        return
    with problems_told():
        for row in chosen:
            await visit.api.delete(f"/maintenance-windows/{row['id']}", etag=f'"{row["version"]}"')
        done(_("Done."))
    table.clear_selection()
    await table.load()
