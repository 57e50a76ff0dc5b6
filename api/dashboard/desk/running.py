"""The sessions that run: asked of the API now and then, their figures live from the image in memory.

What is listed came from the API, so it lies in the person's scope; the image only refreshes figures of what is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import SESSION, address, connector_name, zone_of
from api.live.image import ChargePointImage
from api.ui.parts import figures
from api.ui.parts.notices import empty, text
from api.ui.parts.states import chip
from api.ui.texts import _
from api.ui.visit import Visit

MOST = 100
"""How many are shown at once; there is a filter for the rest."""

DRAW_S = 1.0


class Running:
    """The table on top of the sessions' page."""

    def __init__(self, visit: Visit, conditions: Mapping[str, Any]) -> None:
        self._visit, self._conditions = visit, conditions
        self._rows: dict[str, _Line] = {}
        self._changed: set[str] = set()
        with ui.element("section").classes("rc-card"):
            with ui.element("h2").classes("rc-live"):
                self._title = ui.label(_("Running now"))
            self._place = (
                ui.element("div")
                .classes("rc-scroll rc-some")
                .props(f'tabindex="0" role="region" aria-label="{_("Running now")}"')
            )
        visit.client.on_delete(visit.context.image.follow(self._noted))
        visit.every(DRAW_S, self._draw)

    async def load(self) -> None:
        """Ask which run."""
        params = self._visit.where(running=True, limit=MOST, **self._conditions)
        rows = (await self._visit.api.get("/sessions", params))["items"]
        if {row["id"] for row in rows} != self._rows.keys() or not rows:
            self._list(rows)

    def _list(self, rows: list[Mapping[str, Any]]) -> None:
        self._title.set_text(_("Running now ({n})", n=figures.number(len(rows))))
        self._place.clear()
        self._rows = {}
        with self._place:
            if not rows:
                empty(_("Nobody is charging at the moment."), "bolt")
                return
            with ui.element("table").classes("rc-table").props(f'aria-label="{_("Running now")}"'):
                with ui.element("thead"), ui.element("tr"):
                    for title in (_("Connector"), _("Since"), _("Token"), _("State")):
                        text("th", title).props('scope="col"')
                    for title in (_("Power"), _("Energy"), _("Price")):
                        text("th", title, "rc-number").props('scope="col"')
                with ui.element("tbody"):
                    self._rows = {row["id"]: _Line(self._visit, row) for row in rows}
        self._changed |= {line.charge_point.lower() for line in self._rows.values()}

    def _noted(self, image: ChargePointImage) -> None:
        self._changed.add(image.id.lower())

    async def _draw(self) -> None:
        """Draw what changed in the last second, and have the list asked anew when one has ended or begun."""
        changed, self._changed = self._changed, set()
        stale = False
        for line in self._rows.values():
            image = self._visit.context.image.get(line.charge_point)
            if line.charge_point.lower() in changed and image is not None:
                stale |= not line.draw(image)
        if stale:
            await self.load()


class _Line:
    """One running session."""

    def __init__(self, visit: Visit, row: Mapping[str, Any]) -> None:
        self.id, self.charge_point = row["id"], row["charge_point"]
        self._place = row["evse"], row["connector"]
        with ui.element("tr"):
            with ui.element("td"):
                ui.link(connector_name(self.charge_point, *self._place), address("sessions", self.id))
            text("td", figures.moment(row["started_at"], zone_of(visit, self.charge_point)), "rc-nowrap")
            text("td", row["id_token"] or "–")
            with ui.element("td") as self._state:
                chip(row["state"], SESSION)
            self._figures = [ui.label("–") for _figure in self._cells()]
        self._show(None, row["energy_wh"], row["cost"], row["currency"])

    def _cells(self) -> Any:
        for _n in range(3):
            with ui.element("td").classes("rc-number"):
                yield _n

    def draw(self, image: ChargePointImage) -> bool:
        """Show what is told now; False if this session does not run there any more."""
        connector = image.connector(*self._place)
        if connector is None or connector.session != self.id:
            return False
        self._show(connector.power_w, connector.energy_wh, connector.cost, connector.currency)
        self._state.clear()
        with self._state:
            chip(connector.shown(image.link))
        return True

    def _show(self, power: Any, energy: Any, cost: Any, currency: Any) -> None:
        words = figures.power(power), figures.energy(energy), figures.money(cost, currency)
        for label, word in zip(self._figures, words, strict=True):
            label.set_text(word)
