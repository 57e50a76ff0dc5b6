"""Support cases: who waits for an answer, the longest on top, and how long drivers have waited lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.actions import action_button
from api.dashboard.desk.looks import CASE, CATEGORY, address, connector_name
from api.dashboard.desk.opening import open_case
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.pieces import Tile
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _
from api.ui.visit import Visit

Row = Mapping[str, Any]
ANEW_S = 10.0
_QUEUES = {
    "waiting": N_("They wait for us"),
    "all": N_("All of them"),
    "closed": N_("Closed"),
}


@page("/cases", N_("Cases"), "cases:read", Place("operate", "support_agent", 35))
async def cases(visit: Visit) -> None:
    view = CaseList(visit)
    await view.load()
    visit.every(ANEW_S, view.load)
    if visit.may("cases:write"):
        with visit.actions():
            charge_point = visit.query.get("charge_point", "")
            open_it = lambda: open_case(visit, charge_point=charge_point)  # noqa: E731
            action_button(_("Open a case"), "add_comment", open_it)


class CaseList:
    """Figures on top, then the queue."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._about = {name: visit.query.get(name, "") for name in ("session", "driver", "charge_point")}
        about_one = any(self._about.values())
        self._queue = "all" if about_one else "waiting"
        with ui.element("div").classes("rc-tiles"):
            self._waiting = Tile(_("Wait for us"))
            self._longest = Tile(_("Longest wait"))
            self._answered = Tile(_("First answer within"))
        with ui.element("div").classes("rc-row"):
            queues = {name: _(words) for name, words in _QUEUES.items()}
            chosen = ui.select(queues, value=self._queue).props(f'dense outlined aria-label="{_("Which")}"')
            text = ui.input(_("Subject or number")).props("dense outlined clearable")
        self._table = RestTable(
            visit,
            "/cases",
            _columns(),
            params=self._conditions(""),
            sort="waiting_since" if self._queue == "waiting" else "-created",
            empty=_("Nobody waits for an answer."),
            label=_("Cases"),
        )

        async def ask() -> None:
            self._queue = chosen.value
            await self._table.ask(**self._conditions(text.value or ""))

        chosen.on_value_change(ask)
        for event in ("keydown.enter", "blur", "clear"):
            text.on(event, ask)

    def _conditions(self, text: str) -> dict[str, Any]:
        waiting = True if self._queue == "waiting" else None
        closed = "closed" if self._queue == "closed" else None
        return self._visit.where(**self._about, text=text, waiting=waiting, state=closed)

    async def load(self) -> None:
        counts = await self._visit.api.get("/case-summary", self._visit.where())
        waiting = counts["states"].get("new", 0) + counts["states"].get("waiting", 0)
        self._waiting.show(figures.number(waiting))
        since = counts["oldest_waiting_since"]
        self._longest.show(figures.ago(since) if since else "–")
        times = counts["to_answer"]
        self._answered.show(figures.duration(times["p50_s"]), _("half of them, in the last 30 days"))
        await self._table.load()


def _columns() -> list[Column]:
    return [
        Column(N_("Number"), lambda row: link(row["number"], address("cases", row["id"]))),
        Column(N_("Subject"), lambda row: row["subject"]),
        Column(N_("About"), lambda row: state(row["category"], CATEGORY)),
        Column(N_("Where"), lambda row: connector_name(row["charge_point"], row["evse"], row["connector"]) or None),
        Column(N_("State"), lambda row: state(row["state"], CASE)),
        Column(N_("Who"), lambda row: row["assignee_name"]),
        Column(N_("Waits since"), lambda row: _waits(row), sort="waiting_since"),
        Column(N_("Opened"), lambda row: figures.ago(row["created_at"]), sort="created"),
    ]


def _waits(row: Row) -> str | None:
    return figures.ago(row["waiting_since"]) if row["waits"] and row["waiting_since"] else None
