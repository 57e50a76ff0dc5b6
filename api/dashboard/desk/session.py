"""One session: what is wrong and what helps, its curve, price and story, live while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk import story
from api.dashboard.desk.actions import ChargerActions, action_button
from api.dashboard.desk.conversation import Conversation
from api.dashboard.desk.curve import Curve
from api.dashboard.desk.looks import SESSION, address, connector_name, zone_of
from api.dashboard.desk.money import Money
from api.dashboard.desk.opening import open_case
from api.ui.page import page
from api.ui.parts import figures
from api.ui.parts.notices import text
from api.ui.parts.pieces import Part, Tile, card, copyable, facts
from api.ui.parts.states import chip
from api.ui.texts import N_, _
from api.ui.visit import Visit

Row = Mapping[str, Any]
ANEW_S, LIVE_S = 10.0, 1.0
AFTERWARDS = 12
"""How often a page is still renewed once the price is final: the receipt comes a moment later."""


@page("/sessions/{id}", N_("Session"), "sessions:read")
async def session(visit: Visit, id: str) -> None:
    view = SessionView(visit, await visit.api.get(address("sessions", id)))
    await view.load()
    view.follow()


class SessionView:
    """The page. `load` asks the API for everything anew; while it runs, figures come from the image each second."""

    def __init__(self, visit: Visit, row: Row) -> None:
        self._visit, self._row = visit, row
        self._zone = zone_of(visit, row["charge_point"])
        self._dirty, self._left = True, AFTERWARDS
        self._driver: Row | None = None
        self._actions = ChargerActions(visit, row["charge_point"], self.load)
        self._head()
        self._findings = Part("rc-stack")
        with ui.element("div").classes("rc-tiles"):
            self._tiles = {name: Tile(label) for name, label in _tiles().items()}
        with ui.element("div").classes("rc-grid"):
            self._curve = Curve(visit, row["id"], self._zone)
            with card(_("What happened")):
                text("p", _("Times in {zone}.", zone=self._zone), "rc-soft rc-small")
                self._story = Part()
            self._money = Money(visit, row)
            with card(_("Who and where")):
                self._facts = Part()
        self._conversation = Conversation(visit, row["charge_point"], self._zone)

    # drawing ---------------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        row = self._row
        with ui.element("div").classes("rc-row"):
            href = address("charge-points", row["charge_point"])
            ui.link(connector_name(row["charge_point"], row["evse"], row["connector"]), href)
            self._state = ui.element("span").classes("rc-row rc-tight")
            copyable(row["id"])
        with self._visit.actions():
            if self._actions.permitted:
                self._stop = action_button(
                    _("Stop charging"), "stop_circle", lambda: self._actions.ask_stop(row["id"]), danger=True
                )
                action_button(_("Reset"), "restart_alt", self._actions.reset)
                unlock = lambda: self._actions.unlock(row["evse"], row["connector"])  # noqa: E731
                action_button(_("Unlock"), "lock_open", unlock)
            if self._visit.may("cases:read"):
                cases = f"/cases?session={row['id']}"
                action_button(_("Cases"), "support_agent", lambda: ui.navigate.to(cases))
            if self._visit.may("cases:write"):
                action_button(_("Open a case"), "add_comment", lambda: open_case(self._visit, session=row["id"]))

    async def load(self) -> None:
        """Everything anew."""
        visit, path = self._visit, address("sessions", self._row["id"])
        self._row = await visit.api.get(path)
        told = await visit.api.get(f"{path}/timeline")
        if told["driver"] and self._driver is None:
            self._driver = await visit.api.get(address("drivers", told["driver"]))
        self._draw_row()
        if visit.may("commands:read"):
            found = await visit.api.get(f"{path}/diagnosis")
            helps = self._helps()
            shown = found["items"], self._row["id_token"], list(helps)
            self._findings.draw(shown, lambda: story.findings(found["items"], helps))
        self._story.draw(told["items"], lambda: story.timeline(told["items"], self._zone))
        await self._curve.load()
        await self._money.load(self._row)
        await self._conversation.load(self._row["started_at"], self._row["stopped_at"])
        await self._draw_live()

    def _draw_row(self) -> None:
        row = self._row
        self._draw_state()
        if self._actions.permitted:
            self._stop.set_visibility(row["stopped_at"] is None)
        self._tiles["energy"].show(figures.energy(row["energy_wh"]))
        self._tiles["price"].show(
            figures.money(row["cost"], row["currency"]), _("final") if row["settled_at"] else _("so far")
        )
        self._tiles["lasted"].show(self._lasted())
        self._dirty = True
        self._facts.draw((row, self._driver), self._draw_facts)

    def _draw_state(self, connector: str = "") -> None:
        """The session's state, and the connector's where it is this session's still."""
        self._state.clear()
        with self._state:
            chip(self._row["state"], SESSION)
            if connector and connector != "Charging":
                chip(connector)

    def _lasted(self) -> str:
        row = self._row
        if row["duration_s"] is not None:
            return figures.duration(row["duration_s"])
        began = figures.instant(row["started_at"])
        now = self._visit.context.ports.clock.now() / 1_000_000
        return "–" if began is None else figures.duration(max(0, now - began.timestamp()))

    def _draw_facts(self) -> None:
        row = self._row
        place = self._visit.context.ports.business.places.place(row["charge_point"])
        driver = self._driver or {}
        facts(
            {
                _("Driver"): driver.get("name"),
                _("Phone"): driver.get("phone"),
                _("E-mail"): driver.get("email"),
                _("Station"): place.station if place is not None else None,
                _("Network"): self._visit.networks.get(row["network"], row["network"]) or None,
                _("Started"): figures.moment(row["started_at"], self._zone) if row["started_at"] else None,
                _("Stopped"): figures.moment(row["stopped_at"], self._zone) if row["stopped_at"] else None,
                _("Stopped because"): row["reason"] or None,
                _("Token"): row["id_token"] or None,
                _("Stopped with"): row["stop_id_token"] or None,
                _("Transaction"): row["transaction"] or None,
                _("Tariff"): row["tariff"],
                _("Register"): _register(row),
            }
        )
        with ui.element("div").classes("rc-row"):
            if driver:
                ui.link(_("All sessions of this driver"), f"/sessions?driver={driver['id']}")
            if row["id_token"]:
                ui.link(_("All sessions of this token"), f"/sessions?id_token={row['id_token']}")

    def _helps(self) -> story.Helps:
        """What each action of a finding does here; what is not permitted or not possible here is left out."""
        row, actions = self._row, self._actions
        if not actions.permitted:
            return {}
        helps: story.Helps = {
            "reset": (_("Reset"), "restart_alt", actions.reset),
            "unlock": (_("Unlock"), "lock_open", lambda: actions.unlock(row["evse"], row["connector"])),
        }
        if row["stopped_at"] is None:
            helps["stop"] = (_("Stop charging"), "stop_circle", lambda: actions.stop(row["id"]))
        elif row["id_token"]:
            again = lambda: actions.start(row["id_token"], row["evse"])  # noqa: E731
            helps["start"] = (_("Start again"), "play_circle", again)
        return helps

    # living ----------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Go on while the page is open. A session that is settled changes no more."""
        if self._row["settled_at"] is not None:
            return
        mine = self._row["charge_point"].lower()

        def noted(image: Any) -> None:
            if image.id.lower() == mine:
                self._dirty = True

        self._visit.client.on_delete(self._visit.context.image.follow(noted))
        self._visit.every(LIVE_S, self._draw_live)
        self._visit.every(ANEW_S, self._load_while_open)

    async def _load_while_open(self) -> None:
        if self._left:
            self._left -= self._row["settled_at"] is not None
            await self.load()

    async def _draw_live(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        image = self._visit.context.image.get(self._row["charge_point"])
        connector = None if image is None else image.connector(self._row["evse"], self._row["connector"])
        if image is None or connector is None or connector.session != self._row["id"]:
            return
        self._draw_state(connector.shown(image.link))
        self._tiles["power"].show(figures.power(connector.power_w))
        self._tiles["energy"].show(figures.energy(connector.energy_wh))
        self._tiles["price"].show(figures.money(connector.cost, connector.currency), _("so far"))
        self._tiles["lasted"].show(self._lasted())


def _tiles() -> dict[str, str]:
    return {"power": _("Power now"), "energy": _("Energy"), "lasted": _("Lasted"), "price": _("Price")}


def _register(row: Row) -> str | None:
    if row["meter_start_wh"] is None:
        return None
    end = f" → {figures.energy(row['meter_stop_wh'])}" if row["meter_stop_wh"] is not None else ""
    return f"{figures.energy(row['meter_start_wh'])}{end}"
