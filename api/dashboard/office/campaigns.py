"""Campaigns: one operation for many charge points; made here, watched while they run, and read when they are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, goes_to, sure
from api.dashboard.office.campaign_parameters import parameters_of
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, moment
from api.ui.page import Place, page
from api.ui.parts.notices import done, text
from api.ui.parts.pieces import Part
from api.ui.texts import N_, _
from api.ui.visit import Visit

OPERATIONS: Mapping[str, str] = {
    # Operation → what it is for people.
    "set_configuration": N_("Change a setting"),
    "get_configuration": N_("Ask for the settings"),
    "reset": N_("Restart"),
    "availability": N_("Change availability"),
    "trigger": N_("Ask for a message"),
    "unlock": N_("Unlock a connector"),
    "clear_cache": N_("Clear the authorization cache"),
    "get_local_list_version": N_("Ask for the local list's version"),
    "send_local_list": N_("Send the local list"),
    "clear_charging_profile": N_("Clear charging profiles"),
    "set_charging_profile": N_("Set a charging profile"),
    "set_display_message": N_("Show a message on the display"),
    "update_firmware": N_("Update the firmware"),
    "get_log": N_("Fetch a log"),
    "transfer_data": N_("Send vendor data"),
    "call": N_("Any OCPP call"),
}
VERSIONS = {"ocpp1.6": "OCPP 1.6", "ocpp2.0.1": "OCPP 2.0.1", "ocpp2.1": "OCPP 2.1"}
STATES = {
    "running": N_("Running"),
    "paused": N_("Paused"),
    "stopped": N_("Stopped"),
    "cancelled": N_("Cancelled"),
    "done": N_("Done"),
}


@page("/campaigns", N_("Campaigns"), "campaigns:read", Place("operate", "campaign", 70))
async def campaigns(visit: Visit) -> None:
    if visit.may("campaigns:write"):
        with visit.actions():
            goes_to(_("New campaign"), "/campaigns/new", icon="add", first=True)
    columns = [
        Column(_("Campaign"), lambda row: row["name"] or row["id"], "", lambda row: f"/campaigns/{row['id']}"),
        Column(_("Operation"), lambda row: _operation(row["operation"])),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Done"), _share, number=True),
        Column(_("Failed"), lambda row: row["progress"]["failed"], number=True),
        Column(_("Began"), lambda row: moment(row["created_at"]), "created"),
        Column(_("By"), lambda row: row["created_by"]),
    ]
    filters = [Filter("state", _("State"), {key: _(word) for key, word in STATES.items()})]
    await Listing(visit, "/campaigns", columns, sort="-created", filters=filters, label=_("Campaigns")).show()


def _operation(kind: str) -> str:
    return _(OPERATIONS[kind]) if kind in OPERATIONS else kind


def _ended(progress: Mapping[str, int]) -> int:
    return sum(progress[name] for name in ("succeeded", "failed", "unreached", "skipped"))


def _share(row: Any) -> str:
    return f"{_ended(row['progress'])} / {row['progress']['targets']}"


def _what_fields() -> list[Field]:
    operations = {key: _(word) for key, word in OPERATIONS.items()}
    return [
        Field("name", _("Name"), wide=True),
        Field("operation", _("What to ask for"), "choice", options=operations),
    ]


async def _whom_fields(visit: Visit) -> list[Field]:
    stations = {"": _("any")} | {each["id"]: each["name"] for each in await visit.api.pages("/stations", visit.where())}
    networks = {"": _("any")} | visit.networks
    return [
        Field("filter.network", _("Of the network"), "choice", options=networks),
        Field("filter.station", _("At the station"), "choice", options=stations),
        Field("filter.vendor", _("Of the make")),
        Field("filter.model", _("Of the model")),
        Field("filter.firmware", _("With the firmware")),
        Field("filter.tags", _("With all of these tags"), "words"),
        Field("filter.version", _("That speak"), "choice", options={None: _("any version"), **VERSIONS}, empty=None),
        Field("filter.ids", _("Only these, an id a line"), "lines"),
        Field("filter.online_only", _("Only who is connected now"), "toggle"),
        Field("per_minute", _("Asked in a minute"), "number"),
        Field("at_once", _("Under way at once"), "whole"),
        Field("stop_failures", _("Stop at so many failures"), "whole", help=_("Empty: never")),
        Field("stop_share", _("Stop at this share of failures"), "number", help=_("0.2 is a fifth, of ten or more")),
        Field("deadline_at", _("Wait for who is offline until (UTC)"), "moment", help=_("Empty: leave them out")),
        Field("timeout_s", _("Seconds for each"), "number"),
    ]


@page("/campaigns/new", N_("New campaign"), "campaigns:write")
async def new_campaign(visit: Visit) -> None:
    values = {"operation": "set_configuration", "filter": {"network": visit.network, "station": ""}}
    values |= {"per_minute": 60, "at_once": 10, "timeout_s": 60}
    images = await _images(visit)
    with card(_("What, for whom, and how fast")):
        form = Form(_what_fields(), values, whole=True)
        form.draw()
        with ui.element("fieldset").classes("rc-fieldset"):
            text("legend", _("With these parameters"))
            place = ui.element("div")
        rest = ui.element("div")
        form.part(rest, await _whom_fields(visit), values)

        def propose(operation: str) -> None:
            """What an operation takes is shown as soon as it is chosen."""
            form.part(place, *parameters_of(operation, images))

        propose("set_configuration")
        form.input("operation").on_value_change(lambda event: propose(str(event.value)))
        text("p", _("It begins at once. Whoever is registered later is not asked."), "rc-soft")

        async def begin() -> None:
            made = await form.save(lambda body: visit.api.post("/campaigns", body))
            if made is not None:
                ui.navigate.to(f"/campaigns/{made['id']}")

        button(_("Begin the campaign"), begin, first=True)


async def _images(visit: Visit) -> dict[str, str]:
    """Firmware image → how it is called, the newest first."""
    if not visit.may("firmware:read"):
        return {}
    rows = await visit.api.pages("/firmware", at_most=200)
    return {each["id"]: " · ".join(filter(None, [each["name"], each["vendor"], each["version"]])) for each in rows}


@page("/campaigns/{id}", N_("Campaign"), "campaigns:read")
async def campaign(visit: Visit, id: str) -> None:
    row = await visit.api.get(f"/campaigns/{id}")
    with ui.element("div").classes("rc-grid"):
        with card(row["name"] or _operation(row["operation"])):
            state = ui.element("div").classes("rc-stack").props('role="status" aria-live="polite"')
            wishes = Part("rc-row")
        with card(_("What it asks")):
            _told(visit, row)
    targets = Listing(
        visit,
        f"/campaigns/{id}/targets",
        _target_columns(),
        filters=[Filter("state", _("State"), _target_states())],
        label=_("Charge points"),
    )
    await targets.show()
    watched = _Watched(visit, id, state, wishes, targets)
    watched.draw(row)
    visit.every(1.0, watched.look)


def _told(visit: Visit, row: dict[str, Any]) -> None:
    chosen = ", ".join(f"{name}: {value}" for name, value in row["filter"].items() if value)
    network = row["network"]
    facts(
        [
            (_("Operation"), _operation(row["operation"])),
            (_("For"), chosen or _("all charge points")),
            (_("Whose"), visit.networks.get(network, network) if network else _("the whole installation's")),
            (_("Pace"), _("{n} a minute, {m} at once", n=f"{row['per_minute']:g}", m=row["at_once"])),
            (_("Stops at"), row["stop_failures"] or row["stop_share"] or _("no number of failures")),
            (_("Waits until"), moment(row["deadline_at"])),
            (_("By"), row["created_by"]),
            (_("Began"), moment(row["created_at"])),
        ]
    )


def _target_states() -> dict[str, str]:
    return {"waiting": _("Waiting"), "asked": _("Asked"), "ended": _("Ended"), "skipped": _("Left out")}


def _target_columns() -> list[Column]:
    return [
        Column(
            _("Charge point"), lambda row: row["charge_point"], "", lambda row: f"/charge-points/{row['charge_point']}"
        ),
        Column(_("State"), lambda row: chip(row["outcome"] or row["state"])),
        Column(_("Why"), lambda row: row["error"]),
        Column(_("Tries"), lambda row: row["attempts"], number=True),
        Column(_("Asked"), lambda row: moment(row["asked_at"])),
        Column(_("Ended"), lambda row: moment(row["ended_at"])),
    ]


class _Watched:
    """A campaign while it runs: its numbers anew each second, its charge points when a number has changed."""

    def __init__(self, visit: Visit, id: str, state: ui.element, wishes: Part, targets: Listing) -> None:
        self._visit, self._id, self._state, self._wishes, self._targets = visit, id, state, wishes, targets
        self._last: Any = None

    async def look(self) -> None:
        row = await self._visit.api.get(f"/campaigns/{self._id}")
        told = row["state"], row["progress"]
        if told != self._last:
            self.draw(row)
            await self._targets.again()

    def draw(self, row: dict[str, Any]) -> None:
        self._last = row["state"], row["progress"]
        progress = row["progress"]
        self._state.clear()
        with self._state:
            with ui.element("div").classes("rc-row"):
                chip(row["state"])
                text("span", row["reason"] or "")
            ended, targets = _ended(progress), progress["targets"]
            bar = ui.linear_progress(ended / targets if targets else 1.0, show_value=False)
            bar.props["aria-label"] = _("Progress")
            text("p", _("{done} of {total} charge points", done=ended, total=targets))
            words = {
                "succeeded": _("Succeeded"),
                "failed": _("Failed"),
                "asked": _("Asked"),
                "waiting": _("Waiting"),
                "unreached": _("Not reached"),
                "skipped": _("Left out"),
            }
            facts([(word, progress[name]) for name, word in words.items()])
        if self._visit.may("campaigns:write"):
            self._wishes.draw(row["state"], lambda: self._buttons(row["state"]))

    def _buttons(self, state: str) -> None:
        if state == "running":
            button(_("Pause"), lambda: self._wish("pause"), icon="pause")
        if state in ("paused", "stopped"):
            button(_("Go on"), lambda: self._wish("resume"), icon="play_arrow", first=True)
        if state in ("running", "paused", "stopped"):
            button(_("Cancel …"), self._cancel, danger=True)

    async def _cancel(self) -> None:
        about = _("All that were not asked yet are left out. What is under way goes on.")
        if await sure(_("Cancel the campaign?"), about, _("Leave out the rest")):
            await self._wish("cancel")

    async def _wish(self, wish: str) -> None:
        self.draw(await self._visit.api.post(f"/campaigns/{self._id}/{wish}"))
        done(_("Done."))
