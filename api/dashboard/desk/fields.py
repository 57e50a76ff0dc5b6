"""Small dialogs that ask for one thing: some words, or a person."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.ui.parts.dialogs import form_dialog
from api.ui.texts import _
from api.ui.visit import Visit


async def asked_words(title: str, label: str, action: str, *, needed: bool = False) -> str | None:
    """Some words; None where the person thought better of it. `needed`: not without any."""
    with form_dialog(title) as dialog:
        words = ui.textarea(label).props("outlined autogrow autofocus")
        _buttons(dialog, action, lambda: words.value or "", lambda: bool(words.value.strip()) or not needed)
    answer: str | None = await dialog
    dialog.delete()
    return answer


async def asked_person(visit: Visit, title: str, network: str | None, chosen: str = "") -> str | None:
    """One of those who may be given something there, "" for nobody; None where the person thought better of it."""
    people = await visit.api.get("/assignees", {"network": network})
    options = {"": _("Nobody")} | {each["id"]: each["name"] for each in people}
    with form_dialog(title) as dialog:
        who = ui.select(options, value=chosen if chosen in options else "", label=_("Who"), with_input=True)
        who.props("outlined")
        _buttons(dialog, _("Assign"), lambda: who.value or "", lambda: True)
    answer: str | None = await dialog
    dialog.delete()
    return answer


def _buttons(dialog: ui.dialog, action: str, value: Any, complete: Any) -> None:
    def submit() -> None:
        if complete():
            dialog.submit(value())
        else:
            ui.notify(_("Write something first."), type="warning")

    with ui.element("div").classes("rc-row").style("justify-content: flex-end"):
        ui.button(_("Cancel"), on_click=lambda: dialog.submit(None)).props("flat no-caps")
        ui.button(action, on_click=submit).props("unelevated no-caps")
