"""What charger and system said to each other around some time: frames of the message log, as they were on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import address
from api.ui.parts import figures
from api.ui.parts.notices import empty, text
from api.ui.parts.pieces import card
from api.ui.texts import _
from api.ui.visit import Visit

MOST = 60
AROUND = timedelta(minutes=2)


class Conversation:
    """The newest frames of a span of time. Only for who may read messages; nothing at all for others."""

    def __init__(self, visit: Visit, charge_point: str, zone: str) -> None:
        self._visit, self._charge_point, self._zone = visit, charge_point, zone
        self._shown: list[str] = []
        self._place: ui.element | None = None
        if visit.may("messages:read"):
            with card(_("Conversation with the charger")):
                self._place = (
                    ui.element("div")
                    .classes("rc-scroll rc-some")
                    .props(f'tabindex="0" role="region" aria-label="{_("Conversation with the charger")}"')
                )

    async def load(self, since: str | None, until: str | None) -> None:
        """Ask for what was said from `since` (ISO) until `until`, None: now."""
        if self._place is None:
            return
        params = {"limit": MOST, "since": _moved(since, -AROUND), "until": _moved(until, AROUND)}
        path = f"{address('charge-points', self._charge_point)}/messages"
        rows = (await self._visit.api.get(path, params))["items"]
        if [row["id"] for row in rows] == self._shown and rows:
            return
        self._shown = [row["id"] for row in rows]
        self._place.clear()
        with self._place:
            self._draw(rows)

    def _draw(self, rows: list[Mapping[str, Any]]) -> None:
        if not rows:
            empty(_("Nothing was said in that time, or it is not kept any more."), "forum")
            return
        with ui.element("table").classes("rc-table").props(f'aria-label="{_("Conversation with the charger")}"'):
            with ui.element("thead"), ui.element("tr"):
                for title in (_("Time"), _("From"), _("Action"), _("Frame")):
                    text("th", title).props('scope="col"')
            with ui.element("tbody"):
                for row in rows:
                    self._row(row)

    def _row(self, row: Mapping[str, Any]) -> None:
        with ui.element("tr"):
            text("td", figures.clock(row["received_at"], self._zone), "rc-nowrap")
            text("td", _("charger") if row["direction"] == "in" else _("us"))
            text("td", row["action"] or row["type"])
            with ui.element("td"):
                text("code", row["frame"], "rc-frame")
                if row["answer"]:
                    text("code", f" → {row['answer']}", "rc-frame rc-soft")
                if row["error"]:
                    text("span", row["error"], "rc-chip rc-bad")


def _moved(at: str | None, by: timedelta) -> str | None:
    moment = figures.instant(at)
    return None if moment is None else (moment + by).isoformat()
