"""What people note about a charge point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nicegui import ui

from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import card
from api.ui.texts import _

if TYPE_CHECKING:
    from api.dashboard.point.page import Point


async def notes_tab(point: Point) -> None:
    answer = await point.visit.api.ask("GET", point.path)
    etag = answer.etag
    with card(_("Notes")):
        if not point.visit.may("charge-points:write"):
            text("p", answer.data["notes"] or _("Nobody has noted anything."))
            return
        notes = ui.textarea(_("Notes"), value=answer.data["notes"]).props('outlined autogrow maxlength="2000"')

        async def save() -> None:
            nonlocal etag
            with problems_told():
                saved = await point.visit.api.ask("PATCH", point.path, {"notes": notes.value}, etag=etag)
                etag = saved.etag
                done(_("Saved."))

        ui.button(_("Save"), icon="save", on_click=save).props("unelevated").style("align-self: start")
