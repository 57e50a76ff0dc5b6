"""One support case: what was said, the session and the charger that it is about, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.actions import ChargerActions, action_button
from api.dashboard.desk.conversation import Conversation
from api.dashboard.desk.fields import asked_person, asked_words
from api.dashboard.desk.looks import CASE, CATEGORY, SESSION, address, connector_name, zone_of
from api.ui.page import page
from api.ui.parts import figures
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import Part, card, facts
from api.ui.parts.states import COMMAND, chip
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]
ANEW_S = 5.0


@page("/cases/{id}", N_("Case"), "cases:read")
async def case(visit: Visit, id: str) -> None:
    view = CaseView(visit, await visit.api.get(address("cases", id)))
    await view.load()
    visit.every(ANEW_S, view.load)


class CaseView:
    """The page. What somebody is writing is never touched by what comes in meanwhile."""

    def __init__(self, visit: Visit, row: Row) -> None:
        self._visit, self._row, self._path, self._shown = visit, row, address("cases", row["id"]), ""
        self._zone = zone_of(visit, row["charge_point"])
        with visit.actions():
            self._buttons = Part("rc-row")
        with ui.element("div").classes("rc-row"):
            self._chips = ui.element("div").classes("rc-row rc-tight")
            text("h2", f"{row['number']} · {row['subject']}")
        with ui.element("div").classes("rc-grid"):
            with card(_("What was said")):
                text("p", _("Times in {zone}.", zone=self._zone), "rc-soft rc-small")
                self._thread = ui.element("div").classes("rc-stack")
                if visit.may("cases:write"):
                    self._answering()
            with card(_("What it is about")):
                self._about = ui.element("div").classes("rc-stack")
        talk = row["conversation"]
        self._conversation = Conversation(visit, talk["charge_point"], self._zone) if talk else None

    def _answering(self) -> None:
        """The field for an answer, with answers that are ready."""
        self._ready = ui.select({}, label=_("Answers that are ready"), on_change=self._take_ready)
        self._ready.props("dense outlined clearable")
        self._words = ui.textarea(_("Your answer")).props("outlined autogrow")
        with ui.element("div").classes("rc-row"):
            self._internal = ui.checkbox(_("Only for us: the driver is not told"))
            ui.button(_("Send"), icon="send", on_click=self._send).props("unelevated no-caps")

    async def load(self) -> None:
        row = self._row = await self._visit.api.get(self._path)
        if repr(row) == self._shown:
            return
        first, self._shown = not self._shown, repr(row)
        self._chips.clear()
        with self._chips:
            chip(row["state"], CASE)
            chip(row["category"], CATEGORY)
        at = row["charge_point"], row["evse"], row["connector"]
        self._buttons.draw((row["state"] == "closed", at), self._draw_buttons)
        self._draw_thread()
        self._draw_about()
        if self._conversation is not None:
            await self._conversation.load(row["conversation"]["since"], row["conversation"]["until"])
        if first and self._visit.may("cases:write"):
            await self._load_ready()

    async def _load_ready(self) -> None:
        answers = await self._visit.api.get(f"{self._path}/answers")
        self._texts = {each["id"]: each["text"] for each in answers}
        self._ready.set_options({each["id"]: each["title"] for each in answers})
        self._ready.set_visibility(bool(answers))

    def _draw_buttons(self) -> None:
        row, visit = self._row, self._visit
        if row["charge_point"] and visit.may("commands:basic"):
            actions = ChargerActions(visit, row["charge_point"], self.load)
            action_button(_("Reset"), "restart_alt", actions.reset)
            action_button(_("Unlock"), "lock_open", lambda: actions.unlock(row["evse"], row["connector"]))
        if visit.may("cases:write"):
            action_button(_("Assign"), "person", self._assign)
            if row["state"] == "closed":
                action_button(_("Open again"), "undo", lambda: self._change(state="waiting"))
            else:
                action_button(_("Close"), "check_circle", self._close)

    def _draw_thread(self) -> None:
        self._thread.clear()
        with self._thread:
            for said in self._row["messages"]:
                ours = said["side"] != "driver"
                with ui.element("div").classes(f"rc-said {'rc-ours' if ours else ''}"):
                    who = {"driver": _("Driver"), "system": _("By itself")}.get(said["side"], said["author_name"])
                    internal = f" · {_('only for us')}" if said["internal"] else ""
                    text("div", f"{who} · {figures.moment(said['at'], self._zone)}{internal}", "rc-soft rc-small")
                    text("div", said["text"])

    def _draw_about(self) -> None:
        row = self._row
        self._about.clear()
        with self._about:
            contact = row["contact"]
            facts(
                {
                    _("Driver"): contact["name"] or contact["driver"],
                    _("E-mail"): contact["email"],
                    _("Phone"): contact["phone"],
                    _("Who sees to it"): row["assignee_name"] or _("Nobody"),
                    _("Waits"): figures.ago(row["waiting_since"]) if row["waits"] else None,
                    _("First answer after"): _span(row["to_answer_s"]),
                    _("Closed after"): _span(row["to_close_s"]),
                    _("How it ended"): row["resolution"] or None,
                }
            )
            self._draw_links()
            self._draw_commands()

    def _draw_links(self) -> None:
        row = self._row
        if row["charge_point"]:
            place = connector_name(row["charge_point"], row["evse"], row["connector"])
            ui.link(place, address("charge-points", row["charge_point"]))
        about = row["about"]
        if about is not None:
            with ui.element("div").classes("rc-row"):
                began = figures.moment(about["started_at"], self._zone)
                ui.link(_("Session of {when}", when=began), address("sessions", about["id"]))
                chip(about["state"], SESSION)
                cost = figures.money(about["cost"], about["currency"])
                text("span", f"{figures.energy(about['energy_wh'])} · {cost}", "rc-soft")
        for link in row["links"]:
            href = _href(link)
            if href:
                ui.link(f"{link['kind'].replace('_', ' ')} {link['subject']}", href)

    def _draw_commands(self) -> None:
        for command in self._row["commands"]:
            with ui.element("div").classes("rc-row rc-tight"):
                text("span", command["action"])
                chip(command["outcome"] or "sent", COMMAND)
                text("span", command["requested_by"], "rc-soft rc-small")

    # acting ----------------------------------------------------------------------------------------------------------

    def _take_ready(self, event: Any) -> None:
        if event.value:
            self._words.set_value(self._texts.get(event.value, ""))

    async def _send(self) -> None:
        words = (self._words.value or "").strip()
        if not words:
            ui.notify(_("Write something first."), type="warning")
            return
        with problems_told():
            body = {"text": words, "internal": self._internal.value}
            await self._visit.api.post(f"{self._path}/messages", body, key=new_id())
            self._words.set_value("")
            self._internal.set_value(False)
            done(_("Sent."))
        await self.load()

    async def _change(self, **changes: Any) -> None:
        with problems_told():
            await self._visit.api.patch(self._path, changes, etag=f'"{self._row["version"]}"')
            done(_("Done."))
        await self.load()

    async def _assign(self) -> None:
        with problems_told():
            chosen = self._row["assignee"] or ""
            who = await asked_person(self._visit, _("Who sees to it?"), self._row["network"], chosen)
            if who is not None:
                await self._change(assignee=who)

    async def _close(self) -> None:
        how = await asked_words(_("Close the case?"), _("How it ended"), _("Close"))
        if how is not None:
            await self._change(state="closed", resolution=how)


def _span(seconds: int | None) -> str | None:
    return None if seconds is None else figures.duration(seconds)


def _href(link: Row) -> str:
    pages = {"session": "sessions", "alert": "alerts", "maintenance_job": "maintenance"}
    return address(pages[link["kind"]], link["subject"]) if link["kind"] in pages else ""
