"""All charge points in one table, which stays fluid at ten thousand: the browser has the rows, and is told changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request
from nicegui import app as nicegui_app
from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.responses import Response

from api.dashboard.first_rows import MOST, first_rows
from api.dashboard.fleet_feed import FleetFeed, tell_table
from api.dashboard.saved_views import SavedViews
from api.live.image import SHOWN
from api.ui.client import ProblemError
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.states import CONNECTOR
from api.ui.texts import N_, _
from api.ui.visit import Visit, Visitor
from api.web.problems import problem

ROWS = "/pages/fleet.json"
FILTERS = ("q", "state", "station", "model", "firmware")


@nicegui_app.get(ROWS, include_in_schema=False)
async def rows(request: Request) -> Response:
    """The table's rows, for the browser: the API's own answer, asked with the login of the cookie."""
    visitor: Visitor = request.state.visitor
    try:
        answer = await visitor.api().ask("GET", "/fleet", params={"network": visitor.network})
    except ProblemError as error:
        return problem(error.status, error.kind, error.title, error.detail, ROWS)
    return Response(answer.content, media_type="application/json")


@page("/charge-points", N_("Charge points"), "charge-points:read", Place("operate", "ev_station", 20))
async def charge_points(visit: Visit) -> None:
    await ChargePointsTable(visit).show()


class ChargePointsTable:
    """The table with its filters and the person's saved views."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._wanted: dict[str, str] = {name: visit.query.get(name, "") for name in FILTERS}

    async def show(self) -> None:
        ui.add_head_html(f"<script>raycharge.fleet.ahead('{ROWS}')</script>")
        if not any(self._wanted.values()):
            await self._first_rows()
        with ui.element("div").classes("rc-row"):
            self._filters()
            self._views = SavedViews(self._visit, "charge-points", self._content, self._take)
            await self._views.show()
        self._count = ui.label("").classes("rc-soft rc-small rc-count").props('role="status"')
        self._grid = ui.aggrid(self._options(), auto_size_columns=False).classes("rc-fleet")
        self._grid.props(f'aria-label="{_("Charge points")}"')
        ui.on("fleet_loaded", self._loaded)
        ui.on("fleet_failed", lambda event: self._count.set_text(_("The table could not be loaded. Reload the page.")))
        places, network = self._visit.context.ports.business.places, self._visit.network
        feed = FleetFeed(self._visit, lambda id: not network or places.network_of(id) == network)
        feed.start(tell_table)
        self._apply()

    async def _first_rows(self) -> None:
        first = await self._visit.api.get("/fleet", self._visit.where(limit=MOST))
        ui.add_body_html(first_rows(first["columns"], first["rows"]))

    def _filters(self) -> None:
        search = ui.input(_("Search"), value=self._wanted["q"], on_change=lambda event: self._want("q", event.value))
        search.props('outlined dense clearable type="search" debounce="150"').classes("rc-search-field")
        states = {"": _("Any state")} | {state: _(CONNECTOR[state].word) for state in SHOWN if state in CONNECTOR}
        self._fields: dict[str, Any] = {
            "q": search,
            "state": self._select("state", _("State"), states),
            "station": self._select("station", _("Station"), {"": _("Any station")}),
            "model": self._select("model", _("Model"), {"": _("Any model")}),
            "firmware": self._select("firmware", _("Firmware"), {"": _("Any firmware")}),
        }

    def _select(self, name: str, label: str, options: Mapping[str, str]) -> ui.select:
        value = self._wanted[name]
        known = {**options, value: options.get(value, value)}
        select = ui.select(known, label=label, value=value, on_change=lambda event: self._want(name, event.value))
        return select.props("outlined dense options-dense").classes("rc-filter")

    def _want(self, name: str, value: str | None) -> None:
        self._wanted[name] = value or ""
        self._apply()

    def _apply(self) -> None:
        ui.run_javascript(f"raycharge.fleet.filter({orjson.dumps(self._wanted).decode()})")

    def _options(self) -> dict[str, Any]:
        looks = {
            state: {"word": _(look.word), "icon": look.icon, "tone": look.tone} for state, look in CONNECTOR.items()
        }
        return {
            "columnDefs": self._columns(),
            "context": {"looks": looks},
            "rowData": None,
            "rowHeight": 36,
            "headerHeight": 38,
            "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
            "asyncTransactionWaitMillis": 100,
            "animateRows": False,
            "suppressColumnVirtualisation": False,
            ":getRowId": "params => params.data.id",
            ":onGridReady": f"params => raycharge.fleet.load(params.api, '{ROWS}')",
            ":isExternalFilterPresent": "raycharge.fleet.isFiltered",
            ":doesExternalFilterPass": "raycharge.fleet.passes",
            ":onCellKeyDown": "raycharge.fleet.opened",
            "overlayNoRowsTemplate": _("No charge point fits."),
        }

    def _columns(self) -> list[dict[str, Any]]:
        network = {"field": "network", "headerName": _("Network"), "width": 140, "hide": len(self._visit.networks) < 2}
        names = orjson.dumps(self._visit.networks).decode()
        return [
            _column("id", _("Id"), 140, pinned="left", renderer="link"),
            _column("name", _("Name"), 110),
            _column("states", _("State"), 310, renderer="chips") | _STATES,
            _column("power_w", _("Power, kW"), 110, formatter="kilowatts", type="rightAligned"),
            _column("station_name", _("Station"), 190),
            network | {":valueFormatter": f"params => ({names})[params.value] || params.value"},
            _column("vendor", _("Vendor"), 110),
            _column("model", _("Model"), 120),
            _column("firmware", _("Firmware"), 100),
            _column("last_seen", _("Last seen"), 120, formatter="ago"),
        ]

    def _loaded(self, event: GenericEventArguments) -> None:
        told = event.args
        self._count.set_text(_("{count} charge points, live", count=figures.number(told["count"])))
        stations = {"": _("Any station")} | dict(sorted(told["stations"].items(), key=lambda each: str(each[1])))
        self._offer("station", stations)
        self._offer("model", {"": _("Any model")} | {each: each for each in told["models"]})
        self._offer("firmware", {"": _("Any firmware")} | {each: each for each in told["firmwares"]})

    def _offer(self, name: str, options: dict[str, str]) -> None:
        value = self._wanted[name]
        self._fields[name].set_options({**options, value: options.get(value, value)}, value=value)

    async def _content(self) -> dict[str, Any]:
        """What a saved view keeps: the filters, and the columns' widths, order and sorting."""
        columns = await self._grid.run_grid_method("getColumnState")
        kept = ("colId", "width", "hide", "sort", "sortIndex")
        return {**self._wanted, "columns": [{name: each.get(name) for name in kept} for each in columns]}

    def _take(self, content: Mapping[str, Any]) -> None:
        for name in FILTERS:
            self._wanted[name] = str(content.get(name) or "")
            field = self._fields[name]
            if name in ("station", "model", "firmware") and self._wanted[name] not in field.options:
                field.options[self._wanted[name]] = self._wanted[name]
                field.update()
            field.set_value(self._wanted[name])
        if columns := content.get("columns"):
            self._grid.run_grid_method("applyColumnState", {"state": columns, "applyOrder": True})
        self._apply()


_STATES = {
    ":comparator": "(a, b) => raycharge.fleet.worst(a) - raycharge.fleet.worst(b)",
    ":valueFormatter": "params => params.value.join(' ')",
    ":getQuickFilterText": "params => params.value.map(each => params.context.looks[each].word).join(' ')",
}
"""Sorted by the worst, found by their words."""


def _column(
    field: str, title: str, width: int, *, renderer: str = "", formatter: str = "", **more: str
) -> dict[str, Any]:
    """A column of the grid; `renderer` and `formatter` are functions of raycharge.fleet in the browser."""
    made: dict[str, Any] = {"field": field, "headerName": title, "width": width, **more}
    if renderer:
        made[":cellRenderer"] = f"raycharge.fleet.{renderer}"
    if formatter:
        made[":valueFormatter"] = f"raycharge.fleet.{formatter}"
    return made
