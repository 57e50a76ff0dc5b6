"""Maintenance: a board by state and a list, live enough to plan a day by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import JOB, PRIORITY, address, connector_name, zone_of
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.dialogs import form_dialog
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import Tile
from api.ui.parts.states import chip
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]
OPEN = ("new", "assigned", "in_progress", "waiting_for_parts")
ON_BOARD = 30
"""Jobs in one column of the board; the list has all."""


@page("/maintenance", N_("Maintenance"), "maintenance:read", Place("operate", "build", 40))
async def maintenance(visit: Visit) -> None:
    board = Board(visit)
    await board.load()
    text("h2", _("All jobs"))
    table = RestTable(
        visit,
        "/maintenance-jobs",
        _columns(visit),
        params=visit.where(charge_point=visit.query.get("charge_point", "")),
        sort="-created",
        empty=_("There is no maintenance job."),
        label=_("Maintenance jobs"),
    )
    await table.load()
    if visit.may("maintenance:write"):

        async def add() -> None:
            await _add(visit)
            await board.load()
            await table.load()

        with visit.actions():
            ui.button(_("New job"), icon="add", on_click=add).props("unelevated no-caps")
    visit.every(15, board.load)


class Board:
    """Open jobs, a column for each state, what is due first on top."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._shown = visit, ""
        with ui.element("div").classes("rc-tiles"):
            self._tiles = {name: Tile(_(PRIORITY[name].word)) for name in ("urgent", "high", "normal", "low")}
            self._late = Tile(_("Past their date"))
        self._place = ui.element("div").classes("rc-board")

    async def load(self) -> None:
        api = self._visit.api
        counts = await api.get("/maintenance-summary", self._visit.where())
        for name, tile in self._tiles.items():
            tile.show(figures.number(counts["priorities"].get(name, 0)))
        self._late.show(figures.number(counts["overdue"]))
        columns = {}
        for name in OPEN:
            asked = self._visit.where(state=name, sort="due", limit=ON_BOARD)
            columns[name] = (await api.get("/maintenance-jobs", asked))["items"]
        if repr(columns) == self._shown:
            return
        self._shown = repr(columns)
        self._place.clear()
        with self._place:
            for name, jobs in columns.items():
                self._column(name, jobs, counts["states"].get(name, 0))

    def _column(self, name: str, jobs: list[Row], count: int) -> None:
        with ui.element("section").classes("rc-card"):
            text("h2", f"{_(JOB[name].word)} ({figures.number(count)})")
            if not jobs:
                text("p", _("None."), "rc-soft")
            with ui.element("ul").classes("rc-finds"):
                for job in jobs:
                    self._job(job)

    def _job(self, job: Row) -> None:
        with ui.element("li").classes("rc-stack rc-tight"):
            ui.link(job["title"], address("maintenance", job["id"]))
            text("span", connector_name(job["charge_point"], job["evse"], job["connector"]), "rc-small")
            with ui.element("div").classes("rc-row rc-tight"):
                chip(job["priority"], PRIORITY)
                if job["assignee_name"]:
                    text("span", job["assignee_name"], "rc-soft rc-small")
                if job["due_at"]:
                    due = figures.day(job["due_at"], zone_of(self._visit, job["charge_point"]))
                    text("span", due, "rc-chip rc-bad" if job["overdue"] else "rc-soft rc-small")


def _columns(visit: Visit) -> list[Column]:
    def due(row: Row) -> str | None:
        return figures.day(row["due_at"], zone_of(visit, row["charge_point"])) if row["due_at"] else None

    return [
        Column(N_("Job"), lambda row: link(row["title"], address("maintenance", row["id"]))),
        Column(N_("Where"), lambda row: connector_name(row["charge_point"], row["evse"], row["connector"])),
        Column(N_("Priority"), lambda row: state(row["priority"], PRIORITY)),
        Column(N_("State"), lambda row: state(row["state"], JOB), sort="state"),
        Column(N_("Who"), lambda row: row["assignee_name"]),
        Column(N_("Due"), due, sort="due"),
        Column(N_("Opened"), lambda row: figures.ago(row["created_at"]), sort="created"),
    ]


async def _add(visit: Visit) -> None:
    with form_dialog(_("New maintenance job")) as dialog:
        charge_point = ui.input(_("Charge point"), value=visit.query.get("charge_point", ""))
        evse = ui.number(_("EVSE (0: all)"), value=0, min=0, precision=0)
        title = ui.input(_("What is to be done"))
        more = ui.textarea(_("Description"))
        priority = ui.select({name: _(PRIORITY[name].word) for name in PRIORITY}, value="normal", label=_("Priority"))
        due = ui.input(_("Due")).props('type="date" stack-label')
        blocking = ui.checkbox(_("Keep drivers from it until it is done"), value=True)
        for field in (charge_point, evse, title, more, priority, due):
            field.props("outlined dense")
        with ui.element("div").classes("rc-row"):
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps")
            ui.button(_("Open it"), on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
    wanted = await dialog
    body = {"charge_point": charge_point.value, "evse": int(evse.value or 0), "title": title.value}
    body |= {"description": more.value or "", "priority": priority.value, "blocking": blocking.value}
    body |= {"due": f"{due.value}T12:00:00Z" if due.value else None}
    dialog.delete()
    if wanted:
        with problems_told():
            await visit.api.post("/maintenance-jobs", body, key=new_id())
            done(_("The job is open."))
