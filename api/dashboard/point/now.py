"""What a charge point does now: its connectors with state, session, power and energy, and a curve that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nicegui import ui

from api.dashboard.fleet_feed import FleetFeed
from api.live.image import ChargePointImage, ConnectorImage
from api.ui.client import ProblemError
from api.ui.parts import figures
from api.ui.parts.chart import LineChart
from api.ui.parts.dialogs import confirmed
from api.ui.parts.notices import empty, problems_told, text
from api.ui.parts.pieces import card, facts
from api.ui.parts.states import COMMAND, CONNECTOR, LINK, SEVERITY, chip, look_of
from api.ui.texts import _
from engine.ids import new_id

if TYPE_CHECKING:
    from api.dashboard.point.page import Point

POWER = "Power.Active.Import"
STEP_S = 2.0
BEFORE = 600
"""Points of the curve before now that are asked for."""


async def now_tab(point: Point) -> None:
    visit = point.visit
    now = Now(point)
    now.draw()
    with ui.element("div").classes("rc-grid"):
        with card(_("Power"), "rc-wide"):
            await now.chart()
        with card(_("Charge point")):
            now.about()
        if visit.may("alerts:read"):
            with card(_("Open alerts")):
                await _alerts(point)
        if visit.may("maintenance:read"):
            with card(_("Open maintenance jobs")):
                await _jobs(point)
    now.follow()


class Now:
    """The live part: redrawn when the charge point has told something."""

    def __init__(self, point: Point) -> None:
        self._point, self._visit = point, point.visit
        with ui.element("div").classes("rc-row"):
            self._link = ui.element("div").classes("rc-row")
            self._buttons()
        self._place = ui.element("div").classes("rc-grid")
        self._lines: dict[tuple[int, int], str] = {}

    @property
    def _image(self) -> ChargePointImage | None:
        return self._visit.context.image.get(self._point.id)

    def _buttons(self) -> None:
        if not self._visit.may("commands:basic"):
            return
        ui.element("div").classes("rc-grow")
        ui.button(_("Reset"), icon="restart_alt", on_click=self._reset).props("outline dense")
        ui.button(_("Out of service"), icon="block", on_click=lambda: self._serve(False)).props("outline dense")
        ui.button(_("Into service"), icon="play_arrow", on_click=lambda: self._serve(True)).props("outline dense")

    async def _reset(self) -> None:
        words = _("The charge point restarts once its sessions have ended. It is away for a minute or two.")
        if await confirmed(_("Reset {id}?", id=self._point.id), words, _("Reset")):
            await self._do("reset", {"immediate": False})

    async def _serve(self, operative: bool) -> None:
        words = _("Drivers can start here again.") if operative else _("No driver can start here until you undo this.")
        title = _("Into service") if operative else _("Out of service")
        if await confirmed(title, words, title):
            await self._do("availability", {"operative": operative})

    async def _do(self, what: str, body: dict[str, Any]) -> None:
        with problems_told():
            ended = await self._visit.api.post(f"{self._point.path}/{what}", body, key=new_id())
            look = look_of(ended["outcome"], COMMAND)
            ui.notify(_("{action}: {outcome}", action=ended["action"], outcome=_(look.word)))

    def draw(self) -> None:
        image = self._image
        self._link.clear()
        with self._link:
            chip(image.link if image else "unknown", LINK)
            if image is not None and image.link_since:
                text("span", figures.moment(image.link_since, self._point.zone), "rc-soft rc-small")
        self._place.clear()
        with self._place:
            if image is None or not list(image.real()):
                empty(_("It has not told of any connector yet."), "electrical_services")
                return
            for each in image.real():
                self._connector(image, each)

    def _connector(self, image: ChargePointImage, each: ConnectorImage) -> None:
        with card(_("Connector {evse}/{connector}", evse=each.evse, connector=each.connector)):
            with ui.element("div").classes("rc-row"):
                chip(each.shown(image.link), CONNECTOR)
                text("span", figures.ago(each.since) if each.since else "", "rc-soft rc-small")
            trouble = " ".join(filter(None, [each.error if each.error != "NoError" else "", each.vendor_error]))
            facts({_("Error"): trouble, **self._session_facts(each)})
            if each.session and self._visit.may("sessions:read"):
                ui.link(_("Open the session"), f"/sessions/{quote(each.session, safe='')}")

    def _session_facts(self, each: ConnectorImage) -> dict[str, str | None]:
        if not each.session:
            return {}
        return {
            _("Power"): figures.power(each.power_w),
            _("Energy"): figures.energy(each.energy_wh),
            _("Price so far"): figures.money(each.cost, each.currency) if each.cost else None,
        }

    def about(self) -> None:
        row, live = self._point.row, self._point.row["live"] or {}
        facts(
            {
                _("Station"): row["station"],
                _("Make"): " ".join(filter(None, [row["vendor"], row["model"]])),
                _("Serial number"): row["serial"],
                _("Firmware"): row["firmware"],
                _("OCPP"): str(live.get("subprotocol") or ""),
                _("Address"): str(live.get("remote") or ""),
                _("Last seen"): figures.moment(live.get("last_seen_at"), self._point.zone),
                _("Clock drift"): None if live.get("clock_drift_s") is None else f"{live['clock_drift_s']} s",
                _("Security profile"): str(row["security_profile"]),
                _("Commissioning"): row["commissioning"],
            }
        )

    async def chart(self) -> None:
        names = {self._name(each): "kW" for each in (self._image.real() if self._image else ())}
        alt = _("Power of each connector over time")
        self._chart = LineChart(names or {_("Power"): "kW"}, alt, zone=self._point.zone, area=True)
        if self._visit.may("sessions:read"):
            points = {name: await self._before(each) for name, each in self._running().items()}
            self._chart.show(points)
        self._visit.every(STEP_S, self._grow)

    def _running(self) -> dict[str, ConnectorImage]:
        image = self._image
        return {self._name(each): each for each in image.real() if each.session} if image else {}

    def _name(self, each: ConnectorImage) -> str:
        return f"{each.evse}/{each.connector}"

    async def _before(self, each: ConnectorImage) -> list[tuple[float, float | None]]:
        """The session's power until now; nothing where the analytics cannot be read."""
        path = f"/sessions/{quote(each.session, safe='')}/meter-values"
        try:
            curve = await self._visit.api.get(path, {"measurand": POWER, "limit": BEFORE})
        except ProblemError:
            return []
        rows = curve["points"] if isinstance(curve, dict) and "points" in curve else curve.get("items", [])
        at = [(figures.instant(row["at"]), row["value"]) for row in rows if not row.get("phase")]
        return [(moment.timestamp() * 1000, float(value) / 1000) for moment, value in at if moment is not None]

    async def _grow(self) -> None:
        now = self._visit.context.ports.clock.now() / 1000
        for name, each in self._running().items():
            self._chart.append(name, now, float(each.power_w or 0) / 1000)

    def follow(self) -> None:
        id = self._point.id.lower()
        FleetFeed(self._visit, lambda charge_point: charge_point.lower() == id).start(lambda _: self.draw())


async def _alerts(point: Point) -> None:
    asked = {"charge_point": point.id, "state": "unresolved", "limit": 10}
    rows = (await point.visit.api.get("/alerts", asked))["items"]
    if not rows:
        empty(_("None."), "notifications_none")
    for row in rows:
        with ui.element("div").classes("rc-row"):
            chip(row["severity"], SEVERITY)
            ui.link(row["title"], f"/alerts/{row['id']}")
            text("span", figures.ago(row["opened_at"]), "rc-soft rc-small")


async def _jobs(point: Point) -> None:
    rows = (await point.visit.api.get("/maintenance-jobs", {"charge_point": point.id, "open": True, "limit": 10}))[
        "items"
    ]
    if not rows:
        empty(_("None."), "build")
    for row in rows:
        with ui.element("div").classes("rc-row"):
            ui.link(row["title"], f"/maintenance/{row['id']}")
            text("span", row["state"], "rc-soft rc-small")
