"""A charge point's settings as last read, with a change of each that can be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nicegui import ui

from api.ui.client import ProblemError
from api.ui.parts import figures
from api.ui.parts.dialogs import form_dialog
from api.ui.parts.notices import empty, problems_told, text
from api.ui.parts.states import COMMAND, look_of
from api.ui.texts import _
from engine.ids import new_id

if TYPE_CHECKING:
    from api.dashboard.point.page import Point


async def configuration_tab(point: Point) -> None:
    await Configuration(point).load()


class Configuration:
    def __init__(self, point: Point) -> None:
        self._point, self._visit = point, point.visit
        with ui.element("div").classes("rc-row"):
            self._filter = ui.input(_("Search"), on_change=lambda: self._draw()).props("outlined dense clearable")
            if self._visit.may("commands:basic"):
                ui.button(_("Read anew"), icon="refresh", on_click=self._refresh).props("flat dense")
        self._rows: list[Mapping[str, Any]] = []
        self._place = ui.element("div").classes("rc-scroll rc-card")

    async def load(self) -> None:
        """Raises ProblemError."""
        try:
            self._rows = (await self._visit.api.get(f"{self._point.path}/configuration"))["settings"]
        except ProblemError as problem:
            if problem.status != 404:
                raise
            self._rows = []
        self._draw()

    def _draw(self) -> None:
        words = (self._filter.value or "").lower()
        shown = [row for row in self._rows if words in f"{row['component']} {row['key']} {row['value']}".lower()]
        self._place.clear()
        with self._place:
            if not shown:
                empty(_("Nothing was read yet, or nothing fits."), "tune")
                return
            with ui.element("table").classes("rc-table"):
                with ui.element("thead"), ui.element("tr"):
                    for title in (_("Setting"), _("Value"), _("Read"), ""):
                        text("th" if title else "td", title)
                with ui.element("tbody"):
                    for row in shown:
                        self._row(row)

    def _row(self, row: Mapping[str, Any]) -> None:
        with ui.element("tr"):
            text("td", _named(row))
            text("td", figures.NONE if row["value"] is None else row["value"], "rc-code")
            text("td", figures.ago(row["read_at"]), "rc-soft rc-nowrap")
            with ui.element("td"):
                if not row["readonly"] and self._visit.may("configuration:write"):
                    label = _("Change {name}", name=_named(row))
                    ui.button(icon="edit", on_click=lambda: self._ask(row)).props(
                        f'flat dense round size="sm" aria-label="{label}"'
                    )

    async def _ask(self, row: Mapping[str, Any]) -> None:
        with form_dialog(_named(row)) as dialog:
            text("p", _("The charge point is asked to take this value. It may refuse, or need a reboot."))
            value = ui.input(_("Value"), value=row["value"] or "").props("outlined autofocus").classes("w-full")
            value.on("keydown.enter", lambda: dialog.submit(True))
            ui.button(_("Change"), on_click=lambda: dialog.submit(True)).props("unelevated")
        changed = await dialog and value.value
        dialog.delete()
        if changed:
            await self._set(row, changed)

    async def _set(self, row: Mapping[str, Any], value: str) -> None:
        name: dict[str, Any] = {"key": row["key"]}
        if row["component"]:
            name = {"component": row["component"], "variable": row["key"], "variable_instance": row["instance"]}
            name |= {"component_instance": row["component_instance"]}
            name |= {"evse": row["evse"] or 0, "connector": row["connector"] or 0}
        body = {"name": name, "value": value, "attribute": row["attribute"] or "Actual"}
        with problems_told():
            self._tell(await self._visit.api.post(f"{self._point.path}/configuration", body, key=new_id()))
            await self.load()

    async def _refresh(self) -> None:
        with problems_told():
            self._tell(await self._visit.api.post(f"{self._point.path}/configuration/refresh", {}, key=new_id()))
            await self.load()

    def _tell(self, ended: Mapping[str, Any]) -> None:
        ui.notify(_("{action}: {outcome}", action=ended["action"], outcome=_(look_of(ended["outcome"], COMMAND).word)))


def _named(row: Mapping[str, Any]) -> str:
    """A setting's whole name, as people write it."""
    where = "".join(f"[{row[part]}]" for part in ("evse", "connector") if row[part])
    component = f"{row['component']}{where}." if row["component"] else ""
    attribute = f" ({row['attribute']})" if row["attribute"] not in ("", "Actual") else ""
    return f"{component}{row['key']}{attribute}"
