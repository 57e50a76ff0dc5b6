"""The overview: the network at a glance, live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from api.dashboard.fleet_feed import FleetFeed
from api.live.image import SHOWN
from api.ui.client import ProblemError
from api.ui.page import Place, page
from api.ui.parts import figures
from api.ui.parts.chart import LineChart, bar_chart
from api.ui.parts.notices import empty, problem_notice, text
from api.ui.parts.pieces import Tile, card
from api.ui.parts.states import CONNECTOR, SEVERITY, chip
from api.ui.texts import N_, _, n_
from api.ui.visit import Visit

EVERY_S = 10.0
LIVE_S = 2.0


@page("/", N_("Overview"), "charge-points:read", Place("operate", "dashboard", 10))
async def overview(visit: Visit) -> None:
    shown = Overview(visit)
    await shown.renew()
    visit.every(EVERY_S, shown.renew)
    visit.every(LIVE_S, shown.live)
    FleetFeed(visit, shown.within).start(shown.noted)


class Overview:
    """Figures of now follow the image; those of the day are asked for every ten seconds."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._zone = self._zone_of()
        self._told: Mapping[str, Any] = {}
        self._changed = True
        self._notice = ui.element("div")
        with ui.element("div").classes("rc-tiles"):
            self._power = Tile(_("Power now"))
            self._running = Tile(_("Sessions now"), "/sessions" if visit.may("sessions:read") else "")
            self._energy = Tile(_("Energy today"))
            self._revenue = Tile(_("Revenue today"), "/revenue") if visit.may("billing:read") else None
            self._open = Tile(_("Open alerts"), "/alerts") if visit.may("alerts:read") else None
            self._points = Tile(_("Charge points"), "/charge-points")
        with ui.element("div").classes("rc-grid"):
            with card(_("Connectors by state"), "rc-states-card"):
                self._states = ui.element("div").classes("rc-states")
            with card(_("Power")):
                since = _("Power of all sessions since you opened this page")
                self._curve = LineChart({_("Power"): "kW"}, since, zone=self._zone, area=True)
            with card(_("Energy today, by the hour in which a session began")):
                self._hours = ui.element("div")
            if visit.may("alerts:read"):
                with card(_("Open alerts")):
                    self._alerts = ui.element("div").classes("rc-stack")

    def within(self, charge_point: str) -> bool:
        network = self._visit.network
        return not network or self._visit.context.ports.business.places.network_of(charge_point) == network

    def noted(self, _: object) -> None:
        self._changed = True

    def _zone_of(self) -> str:
        """Whose day it is: the chosen network's, or that of the first charge point that is seen."""
        book, visit = self._visit.context.ports.business.places, self._visit
        scope = visit.principal.need("getOverview")
        for image in visit.context.image:
            place = book.place(image.id)
            if place is not None and book.within(scope, image.id) and self.within(image.id):
                return place.zone
        return "UTC"

    async def renew(self) -> None:
        """The figures of the day."""
        self._notice.clear()
        try:
            self._told = await self._visit.api.get("/overview", self._visit.where(zone=self._zone))
            await self._renew_money()
            await self._renew_alerts()
        except ProblemError as problem:
            with self._notice:
                problem_notice(problem)
            return
        begun = n_("{n} session", "{n} sessions", self._told["sessions"])
        self._energy.show(figures.energy(self._told["energy_wh"]), begun)
        self._draw_hours()
        self._changed = True
        await self.live()

    async def _renew_money(self) -> None:
        if self._revenue is None:
            return
        today = datetime.now(ZoneInfo(self._zone)).date().isoformat()
        report = await self._visit.api.get("/reports/revenue", self._visit.where(since=today, until=today))
        sums = [figures.money(row["gross"], row["currency"]) for row in report["rows"]]
        self._revenue.show(" · ".join(sums) or figures.NONE, _("taxes included"))

    async def _renew_alerts(self) -> None:
        if self._open is None:
            return
        rows = await self._visit.api.pages("/alerts", self._visit.where(state="unresolved"), at_most=500)
        worst = sum(1 for row in rows if row["severity"] in ("critical", "major"))
        self._open.show(figures.number(len(rows)), _("{n} of them severe", n=figures.number(worst)))
        self._alerts.clear()
        with self._alerts:
            if not rows:
                empty(_("Nothing is wrong."), "notifications_none")
            for row in rows[:8]:
                with ui.element("div").classes("rc-row rc-tight"):
                    chip(row["severity"], SEVERITY)
                    ui.link(row["title"], f"/alerts/{row['id']}")
                    text("span", figures.ago(row["opened_at"]), "rc-soft rc-small")

    def _draw_hours(self) -> None:
        self._hours.clear()
        known = {row["hour"]: row["energy_wh"] / 1000 for row in self._told["hours"]}
        with self._hours:
            if not known:
                empty(_("No session has begun today."), "bar_chart")
                return
            hours = {f"{hour}:00": round(known.get(hour, 0.0), 1) for hour in range(max(known) + 1)}
            bar_chart(hours, "kWh", _("Energy of the sessions by the hour in which they began"))

    async def live(self) -> None:
        """What follows the image, drawn anew when something has changed."""
        power, running, count = self._now()
        self._curve.append(_("Power"), self._visit.context.ports.clock.now() / 1000, round(power / 1000, 1))
        if not self._changed:
            return
        self._changed = False
        self._power.show(figures.power(power))
        self._running.show(figures.number(running))
        self._points.show(figures.number(count))
        self._draw_states()

    def _now(self) -> tuple[float, int, int]:
        power, running, count = 0.0, 0, 0
        scope = self._visit.principal.need("getOverview")
        book = self._visit.context.ports.business.places
        for image in self._visit.context.image.seen_by(lambda id: book.within(scope, id) and self.within(id)):
            count += 1
            for each in image.real():
                if each.session:
                    running, power = running + 1, power + float(each.power_w or 0)
        return power, running, count

    def _draw_states(self) -> None:
        scope = self._visit.principal.need("getOverview")
        book = self._visit.context.ports.business.places
        counts = self._visit.context.image.counts(lambda id: book.within(scope, id) and self.within(id))
        most = max(counts.values(), default=1)
        self._states.clear()
        with self._states:
            for state in SHOWN:
                if not counts.get(state):
                    continue
                look = CONNECTOR[state]
                with ui.element("a").classes("rc-state-row").props(f'href="/charge-points?state={state}"'):
                    with ui.element("span"):
                        chip(state)
                    with ui.element("span").classes("rc-meter").props('aria-hidden="true"'):
                        ui.element("span").classes(f"rc-bar rc-{look.tone}").style(f"width: {counts[state] / most:.1%}")
                    text("b", figures.number(counts[state]), "rc-number")
