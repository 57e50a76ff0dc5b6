"""What happened at a charge point: its sessions, and what was repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.dashboard.desk.looks import JOB, SESSION
from api.ui.parts import figures
from api.ui.parts.pieces import card
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _

if TYPE_CHECKING:
    from api.dashboard.point.page import Point


async def history_tab(point: Point) -> None:
    with card(_("Sessions")):
        await _sessions(point).load()
    if point.visit.may("maintenance:read"):
        with card(_("Maintenance")):
            await _jobs(point).load()


def _sessions(point: Point) -> RestTable:
    columns = [
        Column(N_("Began"), lambda row: link(figures.moment(row["started_at"], point.zone), f"/sessions/{row['id']}")),
        Column(N_("Connector"), lambda row: f"{row['evse']}/{row['connector']}"),
        Column(N_("Token"), lambda row: row["id_token"]),
        Column(N_("State"), lambda row: state(row["state"], SESSION)),
        Column(N_("Energy"), lambda row: figures.energy(row["energy_wh"]), number=True),
        Column(N_("Price"), lambda row: figures.money(row.get("cost"), row.get("currency")), number=True),
        Column(N_("Doubts"), lambda row: ", ".join(row["doubts"])),
    ]
    asked = {"charge_point": point.id}
    empty = _("Nobody has charged here yet.")
    return RestTable(point.visit, "/sessions", columns, params=asked, empty=empty, label=_("Sessions"))


def _jobs(point: Point) -> RestTable:
    columns = [
        Column(N_("Opened"), lambda row: figures.moment(row["created_at"], point.zone)),
        Column(N_("Job"), lambda row: link(row["title"], f"/maintenance/{row['id']}")),
        Column(N_("Connector"), lambda row: f"{row['evse']}/{row['connector']}"),
        Column(N_("State"), lambda row: state(row["state"], JOB)),
    ]
    asked = {"charge_point": point.id}
    empty = _("Nothing was repaired here yet.")
    return RestTable(point.visit, "/maintenance-jobs", columns, params=asked, empty=empty, label=_("Maintenance"))
