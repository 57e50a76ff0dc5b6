"""One charge point. Each tab has its own address behind the hash, and asks only once it is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from nicegui import ui

from api.dashboard.desk.actions import action_button
from api.dashboard.desk.opening import open_case
from api.dashboard.point.commands import commands_tab
from api.dashboard.point.configuration import configuration_tab
from api.dashboard.point.conversation import conversation_tab
from api.dashboard.point.history import history_tab
from api.dashboard.point.notes import notes_tab
from api.dashboard.point.now import now_tab
from api.dashboard.point.trouble import trouble_tab
from api.ui.client import ProblemError
from api.ui.page import page
from api.ui.parts.notices import problem_notice
from api.ui.texts import N_, _
from api.ui.visit import Visit


@dataclass(frozen=True, slots=True)
class Point:
    """The charge point that the page is about. `path` is its address in the API, `zone` its station's time zone."""

    visit: Visit
    id: str
    row: Mapping[str, Any]
    zone: str

    @property
    def path(self) -> str:
        return f"/charge-points/{quote(self.id, safe='')}"


Fill = Callable[[Point], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    title: str
    permission: str
    fill: Fill


TABS = (
    Tab("now", N_("Now"), "charge-points:read", now_tab),
    Tab("conversation", N_("Conversation"), "messages:read", conversation_tab),
    Tab("configuration", N_("Configuration"), "charge-points:read", configuration_tab),
    Tab("commands", N_("Commands"), "commands:read", commands_tab),
    Tab("history", N_("History"), "sessions:read", history_tab),
    Tab("trouble", N_("Trouble"), "charge-points:read", trouble_tab),
    Tab("notes", N_("Notes"), "charge-points:read", notes_tab),
)


@page("/charge-points/{id}", N_("Charge point"), "charge-points:read")
async def charge_point(visit: Visit, id: str) -> None:
    row = await visit.api.get(f"/charge-points/{quote(id, safe='')}")
    place = visit.context.ports.business.places.place(row["id"])
    point = Point(visit, row["id"], row, place.zone if place else "UTC")
    visit.retitle(f"{row['id']} · {row['name']}" if row["name"] else row["id"])
    if visit.may("cases:write"):
        with visit.actions():
            open_it = lambda: open_case(visit, charge_point=point.id, category="charger")  # noqa: E731
            action_button(_("Open a case"), "add_comment", open_it)
    await Tabs(point).show()


class Tabs:
    """The tabs that the visitor may open. The first is there at once, the others when they are opened."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._shown = {tab.name: tab for tab in TABS if point.visit.may(tab.permission)}
        self._filled: set[str] = set()
        self._panels: dict[str, ui.tab_panel] = {}

    async def show(self) -> None:
        first = next(iter(self._shown))
        # Given at once: set later it would be a change, which writes the address before that was read.
        self._tabs = ui.tabs(value=first, on_change=lambda event: self._open(str(event.value)))  # type: ignore[arg-type]
        with self._tabs.props('align="left" dense no-caps outside-arrows mobile-arrows'):
            for tab in self._shown.values():
                ui.tab(tab.name, label=_(tab.title))
        with ui.tab_panels(self._tabs, value=first, animated=False, keep_alive=True).classes("rc-panels"):
            for name in self._shown:
                self._panels[name] = ui.tab_panel(name).classes("rc-panel")
        await self._fill(first)
        ui.on("hash", lambda event: self._go(str(event.args)))
        ui.run_javascript(
            "const tell = () => location.hash && emitEvent('hash', location.hash.slice(1));"
            "addEventListener('hashchange', tell); tell();"
        )

    def _go(self, name: str) -> None:
        if name in self._shown:
            self._tabs.set_value(name)

    async def _open(self, name: str) -> None:
        ui.run_javascript(f"history.replaceState(null, '', {orjson.dumps('#' + name).decode()})")
        await self._fill(name)

    async def _fill(self, name: str) -> None:
        if name in self._filled:
            return
        self._filled.add(name)
        with self._panels[name]:
            try:
                await self._shown[name].fill(self._point)
            except ProblemError as problem:
                problem_notice(problem)
