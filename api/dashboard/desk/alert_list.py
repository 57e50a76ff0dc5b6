"""The alerts: open ones by severity, live, acknowledged one by one or many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments

from api.dashboard.desk.looks import ALERT, address, connector_name, zone_of
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.notices import done, problems_told
from api.ui.parts.pieces import Tile
from api.ui.parts.states import SEVERITY
from api.ui.parts.table import Column, RestTable, link, state
from api.ui.texts import N_, _
from api.ui.visit import Visit

Row = Mapping[str, Any]
ANEW_S = 5.0
SEVERITIES = ("critical", "major", "minor", "warning")
STATES = {
    "unresolved": N_("Not over yet"),
    "open": N_("Nobody has taken notice"),
    "acknowledged": N_("Taken notice of"),
    "resolved": N_("Over"),
    "": N_("All of them"),
}


@page("/alerts", N_("Alerts"), "alerts:read", Place("operate", "notifications_active", 20))
async def alerts(visit: Visit) -> None:
    view = AlertList(visit)
    await view.load()
    visit.every(ANEW_S, view.renew)


class AlertList:
    """Counts, filters, the table, and what is done with those that are ticked."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._state, self._severity = visit, "unresolved", ""
        self._charge_point = visit.query.get("charge_point", "")
        with ui.element("div").classes("rc-tiles"):
            self._tiles = {name: Tile(_(SEVERITY[name].word)) for name in SEVERITIES}
        with ui.element("div").classes("rc-row"):
            self._filters()
        self._table = RestTable(
            visit,
            "/alerts",
            _columns(visit),
            params=self._conditions(),
            sort="-opened",
            empty=_("Nothing is wrong."),
            label=_("Alerts"),
            choose=visit.may("alerts:write"),
        )
        if visit.may("alerts:write"):
            with visit.actions():
                take = ui.button(_("Acknowledge the ticked ones"), icon="done_all", on_click=self._acknowledge)
                take.props("outline no-caps")
                with take:
                    ui.tooltip(_("Key: a"))
            ui.keyboard(self._key, ignore=["input", "select", "textarea"])

    async def load(self) -> None:
        await self._count()
        await self._table.load()

    async def renew(self) -> None:
        """Look again, but not under the hands of somebody who ticks rows."""
        await self._count()
        if not self._table.selected:
            await self._table.load()

    async def _count(self) -> None:
        counts = await self._visit.api.get("/alerts/counts")
        for name, tile in self._tiles.items():
            seen = counts["acknowledged"].get(name, 0)
            note = _("{n} more taken notice of", n=figures.number(seen)) if seen else ""
            tile.show(figures.number(counts["open"].get(name, 0)), note)

    def _conditions(self) -> dict[str, Any]:
        more = {"state": self._state, "severity": self._severity or None, "charge_point": self._charge_point}
        return self._visit.where(**more)

    def _filters(self) -> None:
        states = {name: _(words) for name, words in STATES.items()}
        severities = {"": _("Every severity")} | {name: _(SEVERITY[name].word) for name in SEVERITIES}
        label = "aria-label"
        of_state = ui.select(states, value=self._state).props(f'dense outlined {label}="{_("State")}"')
        of_severity = ui.select(severities, value="").props(f'dense outlined {label}="{_("Severity")}"')
        place = ui.input(_("Charge point"), value=self._charge_point).props("dense outlined clearable")

        async def ask() -> None:
            self._state, self._severity = of_state.value, of_severity.value
            self._charge_point = place.value or ""
            await self._table.ask(**self._conditions())

        of_state.on_value_change(ask)
        of_severity.on_value_change(ask)
        for event in ("keydown.enter", "blur", "clear"):
            place.on(event, ask)

    async def _key(self, event: KeyEventArguments) -> None:
        if event.action.keydown and not event.action.repeat and event.key == "a" and not event.modifiers.ctrl:
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        """All that are ticked, in one request; each by itself."""
        chosen = [row["id"] for row in self._table.selected]
        if not chosen:
            ui.notify(_("Tick the alerts first."), type="warning")
            return
        with problems_told():
            told = await self._visit.api.post("/alerts/acknowledgements", {"alerts": chosen})
            taken = sum(result == "acknowledged" for result in told["results"].values())
            done(_("{n} of {all} acknowledged.", n=taken, all=len(chosen)))
        self._table.clear_selection()
        await self.load()


def _columns(visit: Visit) -> list[Column]:
    return [
        Column(N_("Severity"), lambda row: state(row["severity"], SEVERITY)),
        Column(N_("What"), lambda row: link(row["title"], address("alerts", row["id"]))),
        Column(N_("Where"), where),
        Column(N_("Since"), lambda row: _since(visit, row), sort="opened"),
        Column(N_("Times"), lambda row: figures.number(row["count"]), number=True),
        Column(N_("Who"), lambda row: (row["assignee"] or row["acknowledged_by"] or {}).get("email")),
        Column(N_("State"), lambda row: state(row["state"], ALERT), sort="state"),
    ]


def where(row: Row) -> str:
    """The place of an alert, in words."""
    if row["charge_point"]:
        return connector_name(row["charge_point"], row["evse"] or 0, row["connector"] or 0)
    return row["station"] or row["subject"] or "–"


def _since(visit: Visit, row: Row) -> str:
    return figures.moment(row["opened_at"], zone_of(visit, row["charge_point"] or ""))
