"""One alert: what it is about, how that stands now, what became of it, and what the charger said around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.actions import ChargerActions, action_button
from api.dashboard.desk.alert_list import where
from api.dashboard.desk.conversation import Conversation
from api.dashboard.desk.fields import asked_person, asked_words
from api.dashboard.desk.looks import ALERT, address, zone_of
from api.ui.page import page
from api.ui.parts import figures
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import card, facts
from api.ui.parts.states import SEVERITY, chip
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]
ANEW_S = 5.0
_KINDS: Mapping[str, tuple[str, str]] = {
    "opened": (N_("Opened"), "notifications_active"),
    "repeated": (N_("Said again"), "repeat"),
    "acknowledged": (N_("Acknowledged"), "visibility"),
    "assigned": (N_("Assigned"), "person"),
    "commented": (N_("Comment"), "chat"),
    "escalated": (N_("Escalated"), "trending_up"),
    "reminded": (N_("Reminded"), "alarm"),
    "resolved": (N_("Over"), "check_circle"),
}


@page("/alerts/{id}", N_("Alert"), "alerts:read")
async def alert(visit: Visit, id: str) -> None:
    view = AlertView(visit, await visit.api.get(address("alerts", id)))
    await view.load()
    visit.every(ANEW_S, view.load)


class AlertView:
    """The page; `load` asks for everything anew."""

    def __init__(self, visit: Visit, row: Row) -> None:
        self._visit, self._row, self._path = visit, row, address("alerts", row["id"])
        self._charge_point: str = row["charge_point"] or ""
        self._zone, self._shown = zone_of(visit, self._charge_point), ""
        self._buttons()
        with ui.element("div").classes("rc-row"):
            self._chips = ui.element("div").classes("rc-row rc-tight")
            self._title = text("p", row["title"])
        with ui.element("div").classes("rc-grid"):
            with card(_("What it is about")):
                self._about = ui.element("div").classes("rc-stack")
            with card(_("What became of it")):
                text("p", _("Times in {zone}.", zone=self._zone), "rc-soft rc-small")
                self._history = ui.element("div")
        self._conversation = Conversation(visit, self._charge_point, self._zone) if self._charge_point else None

    def _buttons(self) -> None:
        visit = self._visit
        with visit.actions():
            if visit.may("alerts:write"):
                self._take = action_button(_("Acknowledge"), "visibility", lambda: self._do("acknowledgement"))
                action_button(_("Assign"), "person", self._assign)
                action_button(_("Comment"), "chat", self._comment)
                self._close = action_button(_("It is over"), "check_circle", self._resolve)
            if self._charge_point and visit.may("commands:basic"):
                actions = ChargerActions(visit, self._charge_point, self.load)
                action_button(_("Reset"), "restart_alt", actions.reset)

    async def load(self) -> None:
        self._row = row = await self._visit.api.get(self._path)
        seen = repr(row) + self._standing()
        if seen == self._shown:
            return
        self._shown = seen
        self._chips.clear()
        with self._chips:
            chip(row["severity"], SEVERITY)
            chip(row["state"], ALERT)
        if self._visit.may("alerts:write"):
            self._take.set_visibility(row["state"] == "open")
            self._close.set_visibility(row["state"] != "resolved")
        self._draw_about()
        self._draw_history()
        if self._conversation is not None:
            await self._conversation.load(row["opened_at"], row["resolved_at"])

    def _standing(self) -> str:
        """What the connector says at the moment; "" where there is none to ask."""
        row, image = self._row, self._visit.context.image.get(self._charge_point)
        connector = None if image is None else image.connector(row["evse"] or 0, row["connector"] or 0)
        return "" if image is None or connector is None else connector.shown(image.link)

    def _draw_about(self) -> None:
        row = self._row
        self._about.clear()
        with self._about:
            standing = self._standing()
            if standing:
                with ui.element("div").classes("rc-row"):
                    text("span", _("Now"), "rc-soft")
                    chip(standing)
            facts(
                {
                    _("Where"): where(row),
                    _("Network"): self._visit.networks.get(row["network"] or "", row["network"]),
                    _("Rule"): row["rule"].replace("_", " "),
                    _("Opened"): figures.moment(row["opened_at"], self._zone),
                    _("Last said"): figures.moment(row["last_at"], self._zone) if row["count"] > 1 else None,
                    _("Times"): figures.number(row["count"]),
                    _("Who sees to it"): (row["assignee"] or {}).get("email"),
                    _("Over since"): figures.moment(row["resolved_at"], self._zone) if row["resolved_at"] else None,
                }
                | {str(name).replace("_", " "): str(value) for name, value in row["details"].items() if value}
            )
            self._links()

    def _links(self) -> None:
        row = self._row
        with ui.element("div").classes("rc-row"):
            if self._charge_point:
                ui.link(_("The charge point"), address("charge-points", self._charge_point))
                ui.link(_("Its alerts"), f"/alerts?charge_point={self._charge_point}")
            if row["job"]:
                ui.link(_("The maintenance job"), address("maintenance", row["job"]))
            if row["previous"]:
                ui.link(_("The time before"), address("alerts", row["previous"]))

    def _draw_history(self) -> None:
        self._history.clear()
        with self._history, ui.element("ol").classes("rc-story"):
            for event in self._row["history"]:
                word, icon = _KINDS.get(event["kind"], (event["kind"], "circle"))
                with ui.element("li"):
                    ui.icon(icon).props('aria-hidden="true"')
                    text("time", figures.clock(event["at"], self._zone)).props(f'datetime="{event["at"]}"')
                    text("span", _(word))
                    said = " · ".join(part for part in (event["actor"], event["note"]) if part)
                    if said:
                        text("span", said, "rc-soft rc-small")

    # acting ----------------------------------------------------------------------------------------------------------

    async def _do(self, what: str, **body: Any) -> None:
        with problems_told():
            etag = {"if-match": f'"{self._row["version"]}"'} if what != "comments" else {}
            sent = body or {"note": ""}
            await self._visit.api.ask("POST", f"{self._path}/{what}", sent, key=new_id(), headers=etag)
            done(_("Done."))
        await self.load()

    async def _assign(self) -> None:
        with problems_told():
            chosen = (self._row["assignee"] or {}).get("id", "")
            who = await asked_person(self._visit, _("Who sees to it?"), self._row["network"], chosen)
            if who is not None:
                await self._do("assignment", assignee=who or None)

    async def _comment(self) -> None:
        words = await asked_words(_("Comment"), _("What others should know"), _("Write"), needed=True)
        if words:
            await self._do("comments", text=words)

    async def _resolve(self) -> None:
        words = await asked_words(_("Is it over?"), _("What was done"), _("It is over"))
        if words is not None:
            await self._do("resolution", note=words)
