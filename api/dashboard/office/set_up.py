"""The set-up of a new charger, step by step: which one, where, how it proves itself, its connectors, its first boot."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, goes_to
from api.dashboard.office.connector_forms import PRESETS, connector_fields, preset
from api.dashboard.office.form import Field, Form
from api.dashboard.office.shown import card, chip, facts, moment, table
from api.ui.client import ProblemError
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty, text
from api.ui.texts import N_, _
from api.ui.visit import Visit

STEPS = (N_("Charger"), N_("Place and security"), N_("Connectors"), N_("First boot"))
PROFILES = {
    1: N_("1: a password"),
    2: N_("2: a password over TLS"),
    3: N_("3: a certificate of its own"),
    0: N_("0: nothing, for tests only"),
}


@dataclass
class SetUp:
    """How far somebody has come. `arrival` is the inbox's line, {} for a charger that has not knocked yet."""

    visit: Visit
    at: int = 0
    charge_point: str = ""
    arrival: dict[str, Any] = field(default_factory=dict)
    password: str = ""
    profile: int = 1
    steps: ui.element | None = None
    place: ui.element | None = None

    async def go(self, step: int) -> None:
        """Show a step."""
        self.at = step
        assert self.steps is not None
        assert self.place is not None
        self.steps.clear()
        with self.steps:
            for number, name in enumerate(STEPS):
                made = text("li", f"{number + 1} {_(name)}")
                made.props('aria-current="step"' if number == step else "")
        self.place.clear()
        with self.place:
            await _DRAWN[step](self)


@page("/set-up", N_("Set up a charger"), "charge-points:write", Place("business", "ev_station", 20))
async def set_up(visit: Visit) -> None:
    course = SetUp(visit)
    course.steps = ui.element("ol").classes("rc-steps").props(f'aria-label="{_("Steps")}"')
    course.place = ui.element("div").classes("rc-stack")
    known = visit.query.get("charge_point", "")
    if known:
        # Taken up again where it was left: what is registered needs no first step.
        await visit.api.get(f"/charge-points/{known}")
        course.charge_point = known
    await course.go(2 if known else 0)


async def _charger(course: SetUp) -> None:
    arrivals = (await course.visit.api.get("/inbox", {"limit": 50}))["items"]
    with ui.element("div").classes("rc-grid"):
        with card(_("Chargers that have knocked")).classes("rc-wide"):
            text(
                "p",
                _("They were refused, since nobody has registered them. Choose the one in front of you."),
                "rc-soft",
            )
            if arrivals:
                heads = [_("Id"), _("From"), _("Speaks"), _("Shows"), _("Last heard of"), ""]
                table(heads, [_arrival(course, row) for row in arrivals], label=_("Chargers that have knocked"))
            else:
                empty(
                    _("Nobody has knocked. Point the charger at this system, or register it by its id."), "sensors_off"
                )
            button(_("Look again"), lambda: course.go(0), icon="refresh")
        with card(_("Not here yet?")):
            text("p", _("Register it by the id with which it will connect."), "rc-soft")
            form = Form([Field("id", _("Charge point id"))], whole=True, guarded=False)
            form.draw()

            async def by_id() -> None:
                course.charge_point, course.arrival = str(form.body().get("id", "")), {}
                if course.charge_point:
                    await course.go(1)

            button(_("Go on"), by_id, first=True)


def _arrival(course: SetUp, row: dict[str, Any]) -> list[Any]:
    async def choose() -> None:
        course.charge_point, course.arrival = row["charge_point"], row
        await course.go(1)

    async def dismiss() -> None:
        await course.visit.api.post(f"/inbox/{row['id']}/dismiss")
        await course.go(0)

    def actions() -> None:
        with ui.element("div").classes("rc-row rc-tight"):
            button(_("Set it up"), choose, first=True).props["aria-label"] = _("Set up {id}", id=row["charge_point"])
            button(_("Not ours"), dismiss).props["aria-label"] = _("{id} is not ours", id=row["charge_point"])

    shows = {"none": _("nothing"), "password": _("a password"), "certificate": _("a certificate")}
    told = [row["charge_point"], row["address"], ", ".join(row["subprotocols"]), shows[row["credentials"]]]
    return [*told, moment(row["last_seen_at"]), actions]


async def _place(course: SetUp) -> None:
    rows = await course.visit.api.pages("/stations", {"limit": 500}, at_most=2000)
    stations = {row["id"]: row["name"] for row in rows}
    offered = course.arrival.get("credentials", "password")
    values = {
        "name": course.charge_point,
        "station": course.visit.query.get("station") or next(iter(stations), ""),
        "commissioning": "commissioning",
        "security_profile": {"certificate": 3, "password": 1}.get(offered, 1),
        "password": secrets.token_urlsafe(15),
    }
    fields = [
        Field("name", _("Name")),
        Field("station", _("Station"), "choice", options=stations),
        Field("security_profile", _("How it proves who it is"), "choice", options=_told(PROFILES)),
        Field("password", _("Its password"), help=_("Made for you; 16 to 40 characters")),
        Field("tags", _("Tags"), "words"),
        Field("notes", _("Notes for the staff"), "area"),
    ]
    with card(_("{id}: place and security", id=course.charge_point)):
        form = Form(fields, values, whole=True)
        form.draw()

        async def send(body: dict[str, Any]) -> Any:
            body["commissioning"] = "commissioning"
            if body["security_profile"] in (0, 3):
                body.pop("password", None)
            course.password, course.profile = body.get("password", ""), body["security_profile"]
            if course.arrival:
                return await course.visit.api.post(f"/inbox/{course.arrival['id']}/adopt", body)
            return await course.visit.api.post("/charge-points", {"id": course.charge_point, **body})

        async def register() -> None:
            if await form.save(send) is not None:
                done(_("{id} is registered.", id=course.charge_point))
                await course.go(2)

        with ui.element("div").classes("rc-row"):
            button(_("Register it"), register, first=True)
            button(_("Back"), lambda: course.go(0))


async def _connectors(course: SetUp) -> None:
    _to_enter(course)
    rows = await course.visit.api.get(f"/charge-points/{course.charge_point}/connectors")
    with card(_("Its connectors")):
        if rows:
            shown = [
                [
                    f"{row['evse']}/{row['connector']}",
                    row["label"],
                    row["type"],
                    row["power_type"],
                    _kw(row["max_power_w"]),
                ]
                for row in rows
            ]
            table([_("EVSE/connector"), _("Label"), _("Type"), _("Power"), _("At most")], shown, label=_("Connectors"))
        next_evse = max((row["evse"] for row in rows), default=0) + 1
        values = preset("dc_ccs") | {"evse": next_evse, "connector": 1}
        text("h3", _("Add one"))
        with ui.element("div").classes("rc-row"):
            for name, words in PRESETS.items():
                button(_(words), lambda name=name: _fill(form, name))
        form = Form(connector_fields(), values, whole=True, guarded=False)
        form.draw()

        async def send(body: dict[str, Any]) -> Any:
            evse, connector = body.pop("evse", next_evse), body.pop("connector", 1)
            return await course.visit.api.put(
                f"/charge-points/{course.charge_point}/connectors/{evse}/{connector}", body
            )

        async def add() -> None:
            if await form.save(send) is not None:
                await course.go(2)

        with ui.element("div").classes("rc-row"):
            button(_("Add the connector"), add, first=not rows)
            button(_("Go on"), lambda: course.go(3), first=bool(rows))


async def _fill(form: Form, name: str) -> None:
    for key, value in preset(name).items():
        form.input(key).value = value if value is None or key in ("type", "format", "power_type") else str(value)


def _kw(power: int | None) -> str:
    return "" if power is None else f"{power / 1000:g} kW"


def _to_enter(course: SetUp) -> None:
    """What has to be entered in the charger. The password is shown here and never again."""
    settings = course.visit.context.settings
    host = settings.facade_url.partition("://")[2].partition(":")[0].partition("/")[0]
    secure = course.profile in (2, 3)
    port = settings.ocpp_tls_port if secure else settings.ocpp_port
    told: list[tuple[str, Any]] = [
        (
            _("Address of the central system"),
            lambda: text("code", f"{'wss' if secure else 'ws'}://{host}:{port}/ocpp/"),
        ),
        (_("Charge point id"), lambda: text("code", course.charge_point)),
    ]
    if course.password:
        told.append((_("Password"), lambda: text("code", course.password, "rc-secret")))
    with card(_("What to enter in the charger")):
        facts(told)
        if course.password:
            text("p", _("The password is not shown again once you leave this page."), "rc-soft rc-small")


async def _first_boot(course: SetUp) -> None:
    """Waits for the charger, and shows what it says as soon as it says it."""
    _to_enter(course)
    with card(_("Waiting for {id}", id=course.charge_point)) as box:
        place = ui.element("div").classes("rc-stack").props('role="status" aria-live="polite"')
    with ui.element("div").classes("rc-row"):
        live = button(_("Make it live: drivers may use it"), lambda: _go_live(course), first=True)
        goes_to(_("Print its QR codes"), f"/stations/{await _station(course)}/sheet", icon="qr_code_2")
        goes_to(_("See the charge point"), f"/charge-points/{course.charge_point}")
        button(_("Back"), lambda: course.go(2))
    seen: list[Any] = [None]

    async def look() -> None:
        if place.is_deleted:
            return
        try:
            state = await course.visit.api.get(f"/charge-points/{course.charge_point}/state")
        except ProblemError as problem:
            if problem.status != 404:
                raise
            state = None
        told = _heard(state)
        live.set_enabled(bool(state) and state["link"] == "connected")
        if told != seen[0]:
            seen[0] = told
            place.clear()
            with place:
                _show_state(state)

    del box
    course.visit.every(1.0, look, "now")


def _heard(state: dict[str, Any] | None) -> Any:
    if state is None:
        return ()
    connectors = [(each["evse"], each["connector"], each["status"]) for each in state["connectors"]]
    return state["link"], state["registration"], state["boot"], connectors


def _show_state(state: dict[str, Any] | None) -> None:
    if state is None or state["link"] != "connected":
        with ui.element("div").classes("rc-row"):
            ui.spinner(size="sm")
            text("span", _("It has not connected yet. Nothing needs to be done here: it shows by itself."))
        return
    boot = state["boot"] or {}
    told: list[tuple[str, Any]] = [
        (_("Connection"), lambda: chip("connected")),
        (_("Speaks"), state["subprotocol"]),
        (_("Registration"), state["registration"]),
        (_("Make"), " ".join(each for each in (boot.get("vendor"), boot.get("model")) if each) or _("no boot yet")),
        (_("Firmware"), boot.get("firmware", "")),
    ]
    told += [(f"{each['evse']}/{each['connector']}", each["status"] or "") for each in state["connectors"]]
    facts(told)


async def _station(course: SetUp) -> str:
    row = await course.visit.api.get(f"/charge-points/{course.charge_point}")
    return str(row["station"])


async def _go_live(course: SetUp) -> None:
    answer = await course.visit.api.ask("GET", f"/charge-points/{course.charge_point}")
    await course.visit.api.patch(f"/charge-points/{course.charge_point}", {"commissioning": "live"}, etag=answer.etag)
    done(_("{id} is live.", id=course.charge_point))


def _told(words: dict[Any, str]) -> dict[Any, str]:
    return {key: _(word) for key, word in words.items()}


_DRAWN: tuple[Callable[[SetUp], Awaitable[None]], ...] = (_charger, _place, _connectors, _first_boot)
