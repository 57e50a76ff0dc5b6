"""The OCPP conversation as it happens: what was said last from the message log, then every frame as it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from nicegui import ui

from api.ui.parts import figures
from api.ui.parts.notices import text
from api.ui.texts import _
from engine.errors import Unavailable

if TYPE_CHECKING:
    from api.dashboard.point.page import Point

PATIENCE_S = 60.0
BEFORE, KEPT = 40, 300
"""Frames asked for at first, and frames in the page at most."""


async def conversation_tab(point: Point) -> None:
    talk = Conversation(point)
    await talk.before()
    talk.follow()


class Conversation:
    """Frames, the newest on top. Holding it stops the drawing, not the listening."""

    def __init__(self, point: Point) -> None:
        self._point, self._visit = point, point.visit
        with ui.element("div").classes("rc-row"):
            self._held = ui.switch(_("Hold"))
            self._filter = ui.input(_("Only those with")).props("outlined dense clearable").classes("rc-filter")
            self._told = ui.label("").classes("rc-soft rc-small").props('role="status"')
        zone = figures.zone_name(point.zone)
        text("p", _("Times in {zone}. Secrets are hidden.", zone=zone), "rc-soft rc-small")
        label = _("OCPP frames, the newest first")
        self._rows = ui.element("div").classes("rc-frames").props(f'tabindex="0" role="log" aria-label="{label}"')

    async def before(self) -> None:
        """What was said last. Raises ProblemError."""
        page = await self._visit.api.get(f"{self._point.path}/messages", {"limit": BEFORE})
        for row in reversed(page["items"]):
            self._draw(row | {"at": row["received_at"]})

    def follow(self) -> None:
        """Every frame from now on."""
        sight = self._visit.sight("followMessages")
        try:
            watch, follower = self._visit.context.watches.follow(self._point.id, sight.sees)
        except Unavailable as error:
            self._told.set_text(str(error))
            return
        self._visit.client.on_delete(lambda: watch.leave(follower))
        self._told.set_text(_("Live"))

        async def read() -> None:
            while (events := await follower.take(PATIENCE_S)) is not None:
                for event in events:
                    if event.kind == "frame":
                        self._heard(orjson.loads(event.data))
            self._told.set_text(_("The live conversation broke off. Reload the page."))

        self._visit.keep(read())

    def _heard(self, row: Mapping[str, Any]) -> None:
        words = self._filter.value or ""
        if not self._held.value and words.lower() in f"{row['action']} {row['frame']}".lower():
            self._draw(row)

    def _draw(self, row: Mapping[str, Any]) -> None:
        theirs = row["direction"] == "in"
        with self._rows, ui.element("div").classes(f"rc-frame-row {'rc-theirs' if theirs else 'rc-ours'}") as line:
            text("span", figures.clock(row["at"], self._point.zone), "rc-soft rc-nowrap")
            with ui.element("span").classes("rc-nowrap"):
                ui.icon("south_west" if theirs else "north_east").props('aria-hidden="true"')
                text("span", _("Station") if theirs else _("We"), "rc-hidden")
                text("b", row["action"] or row["type"])
            text("code", row["frame"], "rc-code")
            if row.get("answer"):
                text("code", f"→ {row['answer']}", "rc-code rc-soft")
            for name in row.get("deviations") or ():
                text("span", name, "rc-chip rc-warn")
        line.move(target_index=0)
        children = self._rows.default_slot.children
        while len(children) > KEPT:
            self._rows.remove(children[-1])
