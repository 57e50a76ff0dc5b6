"""One maintenance job: what is to be done, by whom, with which parts, and what was done at this connector before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nicegui import ui

from api.dashboard.desk.actions import action_button
from api.dashboard.desk.fields import asked_person, asked_words
from api.dashboard.desk.looks import JOB, PRIORITY, address, connector_name, zone_of
from api.ui.page import page
from api.ui.parts import figures
from api.ui.parts.dialogs import form_dialog
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import Part, card, facts
from api.ui.parts.states import COMMAND, chip
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]
_STEPS: Mapping[str, tuple[str, str]] = {
    "in_progress": (N_("Begin work"), "build"),
    "waiting_for_parts": (N_("Wait for parts"), "hourglass_top"),
    "done": (N_("Finish"), "check_circle"),
    "cancelled": (N_("Call off"), "cancel"),
}
_NEXT: Mapping[str, tuple[str, ...]] = {
    "new": ("in_progress", "done", "cancelled"),
    "assigned": ("in_progress", "done", "cancelled"),
    "in_progress": ("waiting_for_parts", "done", "cancelled"),
    "waiting_for_parts": ("in_progress", "done", "cancelled"),
}


@page("/maintenance/{id}", N_("Maintenance job"), "maintenance:read")
async def job(visit: Visit, id: str) -> None:
    view = JobView(visit, id)
    await view.load()
    visit.every(15, view.load)


class JobView:
    """The page; `load` asks for everything anew and draws it if something is different."""

    def __init__(self, visit: Visit, id: str) -> None:
        self._visit, self._path, self._shown = visit, address("maintenance-jobs", id), ""
        self._row: Row = {}
        with visit.actions():
            self._buttons = Part("rc-row")
        self._place = ui.element("div").classes("rc-stack")

    async def load(self) -> None:
        self._row = row = await self._visit.api.get(self._path)
        if repr(row) == self._shown:
            return
        self._shown = repr(row)
        before = await self._before()
        if self._visit.may("maintenance:write"):
            self._buttons.draw(_NEXT.get(row["state"], ()), self._draw_buttons)
        self._place.clear()
        with self._place:
            self._draw(before)

    async def _before(self) -> list[Row]:
        """Other jobs at this connector, the newest first."""
        row = self._row
        asked = {"charge_point": row["charge_point"], "evse": row["evse"], "connector": row["connector"], "limit": 20}
        found = (await self._visit.api.get("/maintenance-jobs", asked | {"sort": "-created"}))["items"]
        return [each for each in found if each["id"] != row["id"]]

    def _draw_buttons(self) -> None:
        action_button(_("Assign"), "person", self._assign)
        for state in _NEXT.get(self._row["state"], ()):
            words, icon = _STEPS[state]
            action_button(_(words), icon, partial(self._move, state))
        action_button(_("Note"), "edit_note", self._note)
        action_button(_("Part"), "settings_suggest", self._part)

    def _draw(self, before: list[Row]) -> None:
        row, zone = self._row, zone_of(self._visit, self._row["charge_point"])
        with ui.element("div").classes("rc-row"):
            chip(row["state"], JOB)
            chip(row["priority"], PRIORITY)
            text("h2", row["title"])
        with ui.element("div").classes("rc-grid"):
            with card(_("What and where")):
                self._facts(zone)
            with card(_("What was done")):
                self._notes(zone)
            with card(_("Parts")):
                self._parts()
            with card(_("Before, at this connector")):
                _list(before)

    def _facts(self, zone: str) -> None:
        row = self._row
        place = connector_name(row["charge_point"], row["evse"], row["connector"])
        ui.link(place, address("charge-points", row["charge_point"]))
        facts(
            {
                _("Who"): row["assignee_name"] or _("Nobody"),
                _("Due"): figures.day(row["due_at"], zone) if row["due_at"] else None,
                _("Opened"): figures.moment(row["created_at"], zone),
                _("Drivers"): _("kept from it") if row["blocking"] else _("may charge there"),
                _("How it ended"): row["resolution"] or None,
            }
        )
        if row["description"]:
            text("p", row["description"])
        if row["alert"]:
            ui.link(_("The alert that opened it"), address("alerts", row["alert"]))
        for order in row["orders"]:
            with ui.element("div").classes("rc-row rc-tight"):
                text("span", _("Put into operation") if order["operative"] else _("Taken out of operation"))
                chip(order["outcome"] or "waiting", COMMAND)

    def _notes(self, zone: str) -> None:
        if not self._row["notes"]:
            text("p", _("Nothing yet."), "rc-soft")
        with ui.element("ol").classes("rc-story"):
            for note in self._row["notes"]:
                with ui.element("li"):
                    ui.icon("edit_note" if note["kind"] == "note" else "history").props('aria-hidden="true"')
                    text("time", figures.moment(note["at"], zone)).props(f'datetime="{note["at"]}"')
                    text("span", _note(note, self._row))
                    text("span", note["author_name"], "rc-soft rc-small")

    def _parts(self) -> None:
        row = self._row
        if not row["parts"]:
            text("p", _("None."), "rc-soft")
            return
        with ui.element("table").classes("rc-table"), ui.element("tbody"):
            for part in row["parts"]:
                with ui.element("tr"):
                    text("td", f"{part['quantity']} × {part['name']}")
                    text("td", part["number"], "rc-soft")
                    text("td", figures.money(part["cost"], part["currency"]) if part["cost"] else "", "rc-number")
            for cost in row["costs"]:
                with ui.element("tr"):
                    text("th", _("In all")).props('colspan="2"')
                    text("th", figures.money(cost["amount"], cost["currency"]), "rc-number")

    # acting ----------------------------------------------------------------------------------------------------------

    async def _change(self, **changes: Any) -> None:
        with problems_told():
            await self._visit.api.patch(self._path, changes, etag=f'"{self._row["version"]}"')
            done(_("Done."))
        await self.load()

    async def _move(self, state: str) -> None:
        if state not in ("done", "cancelled"):
            await self._change(state=state)
            return
        words, _icon = _STEPS[state]
        how = await asked_words(_(words), _("How it ended"), _(words))
        if how is not None:
            await self._change(state=state, resolution=how)

    async def _assign(self) -> None:
        with problems_told():
            who = await asked_person(self._visit, _("Who does it?"), self._row["network"], self._row["assignee"] or "")
            if who is not None:
                await self._change(assignee=who)

    async def _note(self) -> None:
        words = await asked_words(_("Note"), _("What was seen or done"), _("Write"), needed=True)
        if words:
            await self._add("notes", {"text": words})

    async def _part(self) -> None:
        with form_dialog(_("Part")) as dialog:
            name, number = ui.input(_("Name")), ui.input(_("Number"))
            quantity, cost = ui.number(_("How many"), value=1, min=1, precision=0), ui.input(_("Price of one"))
            currency = ui.input(_("Currency"), value="EUR")
            for field in (name, number, quantity, cost, currency):
                field.props("outlined dense")
            with ui.element("div").classes("rc-row"):
                ui.button(_("Cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps")
                ui.button(_("Add"), on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
        wanted = await dialog
        body: dict[str, Any] = {"name": name.value, "number": number.value, "quantity": int(quantity.value or 1)}
        if cost.value:
            body |= {"cost": cost.value, "currency": currency.value}
        dialog.delete()
        if wanted:
            await self._add("parts", body)

    async def _add(self, what: str, body: dict[str, Any]) -> None:
        with problems_told():
            await self._visit.api.post(f"{self._path}/{what}", body, key=new_id())
            done(_("Done."))
        await self.load()


def _note(note: Row, job: Row) -> str:
    """Somebody's own words, or what was done in words."""
    if note["kind"] == "note":
        return str(note["text"])
    said = job["assignee_name"] if job["assignee"] and note["text"] == job["assignee"] else note["text"]
    return f"{note['kind'].replace('_', ' ')}: {said}" if said else note["kind"].replace("_", " ")


def _list(jobs: list[Row]) -> None:
    if not jobs:
        text("p", _("Nothing else was done here."), "rc-soft")
    with ui.element("ul").classes("rc-finds"):
        for each in jobs:
            with ui.element("li").classes("rc-row rc-between"):
                ui.link(each["title"], address("maintenance", each["id"]))
                chip(each["state"], JOB)
