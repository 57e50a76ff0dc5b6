"""What a charge point does otherwise than the specification says, its alerts and its security events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from api.dashboard.desk.looks import ALERT
from api.ui.parts import figures
from api.ui.parts.notices import empty, text
from api.ui.parts.pieces import card
from api.ui.parts.states import SEVERITY
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _

if TYPE_CHECKING:
    from api.dashboard.point.page import Point


async def trouble_tab(point: Point) -> None:
    with ui.element("div").classes("rc-grid"):
        with card(_("Deviations")):
            await _deviations(point)
        with card(_("Tolerances of its make")):
            await _quirks(point)
    if point.visit.may("alerts:read"):
        with card(_("Alerts")):
            await _alerts(point).load()
    with card(_("Security events")):
        await _security_events(point).load()


async def _deviations(point: Point) -> None:
    rows = (await point.visit.api.get(f"{point.path}/deviations"))["deviations"]
    if not rows:
        empty(_("It speaks as the specification says."), "verified")
        return
    with ui.element("table").classes("rc-table"):
        for row in rows:
            with ui.element("tr"):
                with ui.element("td"):
                    text("b", row["name"])
                    text("p", row["meaning"], "rc-soft rc-small")
                text("td", figures.number(row["count"]), "rc-number")


async def _quirks(point: Point) -> None:
    known = {row["name"]: row["meaning"] for row in (await point.visit.api.get("/quirks"))["quirks"]}
    names = (point.row["live"] or {}).get("quirks", [])
    if not names:
        empty(_("It needs none."), "handshake")
    for name in names:
        text("b", name)
        text("p", known.get(name, ""), "rc-soft rc-small")


def _alerts(point: Point) -> RestTable:
    columns = [
        Column(N_("Opened"), lambda row: figures.moment(row["opened_at"], point.zone)),
        Column(N_("Alert"), lambda row: link(row["title"], f"/alerts/{row['id']}")),
        Column(N_("Severity"), lambda row: state(row["severity"], SEVERITY)),
        Column(N_("State"), lambda row: state(row["state"], ALERT)),
        Column(N_("Times"), lambda row: figures.number(row["count"]), number=True),
    ]
    asked = {"charge_point": point.id}
    return RestTable(point.visit, "/alerts", columns, params=asked, empty=_("None."), label=_("Alerts"), per_page=20)


def _security_events(point: Point) -> RestTable:
    columns = [
        Column(N_("Time"), lambda row: figures.moment(row["received_at"], point.zone, seconds=True)),
        Column(N_("Event"), lambda row: row["type"]),
        Column(N_("Critical"), lambda row: _("yes") if row["critical"] else ""),
        Column(N_("Told"), lambda row: row["info"]),
    ]
    path, empty = f"{point.path}/security-events", _("It has told of none.")
    return RestTable(point.visit, path, columns, empty=empty, key="at", label=_("Security events"), per_page=20)
