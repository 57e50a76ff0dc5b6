"""Channels: where messages go (e-mail, chat and a hundred services, signed webhooks), and what each is told."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.alert_rules import severities
from api.dashboard.office.asking import button, filled, goes_to, shown_once, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, table
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty, text
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.deliveries.kinds import KINDS, SUBSCRIBABLE

WAYS = {"email": N_("E-mail"), "apprise": N_("Chat or another service"), "webhook": N_("Webhook")}


@page("/channels", N_("Channels and webhooks"), "channels:read", Place("settings", "hub", 25))
async def channels(visit: Visit) -> None:
    with visit.actions():
        if visit.may("channels:write"):
            button(_("New channel"), lambda: _add(visit), icon="add", first=True)
        if visit.may("deliveries:read"):
            goes_to(_("Deliveries"), "/deliveries", icon="outbox")
    columns = [
        Column(_("Name"), lambda row: row["name"], "", lambda row: f"/channels/{row['id']}"),
        Column(_("Kind"), lambda row: _(WAYS.get(row["kind"], row["kind"]))),
        Column(_("Address"), lambda row: row["address"]),
        Column(_("Whose"), lambda row: visit.networks.get(row["network"], row["network"]) or _("the installation's")),
        Column(_("State"), lambda row: chip(_state(row))),
        Column(_("Last arrived"), lambda row: moment(row["last_success_at"])),
        Column(_("What is the matter"), lambda row: row["error"] or row["disabled_because"]),
    ]
    filters = [Filter("kind", _("Kind"), {key: _(word) for key, word in WAYS.items()})]
    nothing = _("No channel yet: nobody is told anything but by e-mail to their account.")
    await Listing(visit, "/channels", columns, filters=filters, params=visit.where(), nothing=nothing).show()


def _state(row: Any) -> str:
    if not row["enabled"]:
        return "disabled"
    return "failed" if row["failures"] else "active"


async def _add(visit: Visit) -> None:
    networks = {"": _("the whole installation")} | visit.networks
    fields = [
        Field("name", _("Name")),
        Field("kind", _("Kind"), "choice", options={key: _(word) for key, word in WAYS.items()}),
        Field("network", _("Whose"), "choice", options=networks),
        Field(
            "address",
            _("Address"),
            wide=True,
            help=_("An e-mail address, an Apprise URL (slack://…, msteams://…), or an https:// address"),
        ),
    ]

    async def send(body: dict[str, Any]) -> Any:
        return await visit.api.post("/channels", {**body, "network": body.get("network") or None})

    values = {"kind": "webhook", "network": visit.network}
    made = await filled(_("New channel"), fields, send, action=_("Make the channel"), values=values)
    if made is not None:
        await _secret(made)
        ui.navigate.to(f"/channels/{made['id']}")


async def _secret(made: dict[str, Any]) -> None:
    if made.get("secret"):
        about = _("The receiver checks with it that messages are ours. It is not shown again.")
        await shown_once(_("The webhook's secret"), about, made["secret"])


@page("/channels/{id}", N_("Channel"), "channels:read")
async def channel(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/channels/{id}")
    row, may = answer.data, visit.may("channels:write")
    with ui.element("div").classes("rc-grid"):
        with card(row["name"]):
            facts(
                [
                    (_("Kind"), _(WAYS.get(row["kind"], row["kind"]))),
                    (_("Address"), row["address"]),
                    (_("State"), lambda: chip(_state(row))),
                    (_("Failed in a row"), row["failures"]),
                    (_("What is the matter"), row["error"] or row["disabled_because"]),
                    (_("Left alone until"), moment(row["paused_until"])),
                    (_("Last arrived"), moment(row["last_success_at"])),
                    (_("Messages"), lambda: link(_("Its deliveries"), f"/deliveries?channel={id}")),
                ]
            )
            if may:
                _actions(visit, row, answer.etag)
        await _subscriptions(visit, row, may)
        if may:
            _editor(visit, row, answer.etag)


def _actions(visit: Visit, row: dict[str, Any], etag: str) -> None:
    where = f"/channels/{row['id']}"

    async def test() -> None:
        told = await visit.api.post(f"{where}/test")
        if told["delivered"]:
            done(_("It arrived, in {ms} ms.", ms=told["duration_ms"]))
        else:
            ui.notify(_("It did not arrive: {why}", why=told["error"]), type="negative", multi_line=True, timeout=8000)

    async def rotate() -> None:
        about = _("The one until now signs for a day, too, so that the receiver can change over.")
        if await sure(_("Make a new secret?"), about, _("Make it"), danger=False):
            await _secret((await visit.api.ask("POST", f"{where}/secret", etag=etag)).data)
            ui.navigate.reload()

    async def switch() -> None:
        await visit.api.patch(where, {"enabled": not row["enabled"]}, etag=etag)
        ui.navigate.reload()

    async def delete() -> None:
        about = _("What waits for it is not delivered any more.")
        if await sure(_("Delete this channel?"), about, _("Delete it")):
            await visit.api.delete(where, etag=etag)
            ui.navigate.to("/channels")

    with ui.element("div").classes("rc-row"):
        button(_("Send a test"), test, icon="send")
        if row["kind"] == "webhook":
            button(_("New secret …"), rotate)
        button(_("Disable") if row["enabled"] else _("Enable"), switch)
        button(_("Delete …"), delete, danger=True)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    with card(_("Change it")):
        fields = [
            Field("name", _("Name")),
            Field("address", _("Another address"), help=_("Empty: it stays"), wide=True),
        ]
        form = Form(fields, {"name": row["name"]}, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(f"/channels/{row['id']}", body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        button(_("Save"), save, first=True)


async def _subscriptions(visit: Visit, row: dict[str, Any], may: bool) -> None:
    found = await visit.api.pages("/subscriptions", {"channel": row["id"]})

    async def end(each: dict[str, Any]) -> None:
        answer = await visit.api.ask("GET", f"/subscriptions/{each['id']}")
        await visit.api.delete(f"/subscriptions/{each['id']}", etag=answer.etag)
        ui.navigate.reload()

    with card(_("What it is told")):
        rows = [
            [
                ", ".join(each["kinds"]),
                severities().get(each["severity"], _("any")),
                visit.networks.get(each["network"], each["network"]) or _("all networks"),
                (lambda each=each: button(_("No more"), lambda: end(each))) if may else "",
            ]
            for each in found
        ]
        if rows:
            table([_("Messages"), _("From severity"), _("Of"), ""], rows, label=_("What it is told"))
        else:
            empty(_("Nothing yet."), "notifications_off")
        if may:
            button(_("Have it told …"), lambda: _subscribe(visit, row), icon="add")


async def _subscribe(visit: Visit, row: dict[str, Any]) -> None:
    families = sorted({f"{kind.partition('.')[0]}.*" for kind in SUBSCRIBABLE})
    options = {"*": _("everything"), **{each: each for each in families}}
    options |= {kind: f"{kind}: {KINDS[kind]}" for kind in SUBSCRIBABLE}
    fields = [
        Field("kinds", _("Messages"), "many", options=options, wide=True),
        Field("severity", _("From severity"), "choice", options={"": _("any")} | severities()),
    ]
    if row["network"] is None:
        fields.append(Field("network", _("Only of"), "choice", options={"": _("all networks")} | visit.networks))

    async def send(body: dict[str, Any]) -> Any:
        told = {**body, "channel": row["id"], "network": body.get("network") or None}
        return await visit.api.post("/subscriptions", told)

    values = {"kinds": ["alert.*"], "severity": "", "network": ""}
    if await filled(_("Have it told"), fields, send, action=_("Have it told"), values=values) is not None:
        ui.navigate.reload()


@page("/deliveries", N_("Deliveries"), "deliveries:read", Place("settings", "local_shipping", 70))
async def deliveries(visit: Visit) -> None:
    names = {row["id"]: row["name"] for row in await visit.api.pages("/channels")} if visit.may("channels:read") else {}
    columns = [
        Column(_("Put"), lambda row: moment(row["created_at"]), "created", lambda row: f"/deliveries/{row['id']}"),
        Column(_("Channel"), lambda row: names.get(row["channel"], row["channel"])),
        Column(_("Message"), lambda row: row["kind"]),
        Column(_("Subject"), lambda row: row["subject"]),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Tries"), lambda row: row["attempts"], number=True),
        Column(_("Why not"), lambda row: row["error"]),
    ]
    states = {"waiting": _("Waiting"), "delivered": _("Delivered"), "dead": _("Undeliverable")}
    filters = [
        Filter("state", _("State"), states),
        Filter("channel", _("Channel"), names),
        Filter("stream", _("About, e.g. session:…")),
        Filter("since", _("Since"), kind="date"),
    ]
    if visit.may("deliveries:write"):
        with visit.actions():
            button(_("Deliver again …"), lambda: _replay_many(visit, names), icon="replay")
    params = visit.where(channel=visit.query.get("channel"), state=visit.query.get("state"))
    nothing = _("No message was put yet.")
    await Listing(visit, "/deliveries", columns, filters=filters, params=params, nothing=nothing).show()


async def _replay_many(visit: Visit, names: dict[str, str]) -> None:
    fields = [
        Field("channel", _("To the channel"), "choice", options=names),
        Field("since", _("What happened since (UTC)"), "moment"),
        Field("until", _("And before (UTC)"), "moment", help=_("Empty: until now")),
        Field("delivered_too", _("Also what has arrived"), "toggle"),
    ]
    made = await filled(
        _("Deliver again what a channel has missed"),
        fields,
        lambda body: visit.api.post("/deliveries/replay", body),
        action=_("Deliver again"),
    )
    if made is not None:
        done(_("{n} are on their way again.", n=made["replayed"]))
        ui.navigate.reload()


@page("/deliveries/{id}", N_("Delivery"), "deliveries:read")
async def delivery(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/deliveries/{id}")
    row = answer.data

    async def replay() -> None:
        await visit.api.ask("POST", f"/deliveries/{id}/replay", etag=answer.etag)
        ui.navigate.reload()

    if visit.may("deliveries:write") and row["state"] != "waiting":
        with visit.actions():
            button(_("Deliver it again"), replay, icon="replay")
    with ui.element("div").classes("rc-grid"):
        with card(row["subject"] or row["kind"]):
            facts(
                [
                    (_("State"), lambda: chip(row["state"])),
                    (_("Message"), row["kind"]),
                    (_("About"), row["stream"]),
                    (_("Put"), moment(row["created_at"])),
                    (_("Next try"), moment(row["due_at"])),
                    (_("Ended"), moment(row["ended_at"])),
                    (_("Channel"), lambda: link(row["channel"], f"/channels/{row['channel']}")),
                ]
            )
            text("p", row["text"])
        with card(_("Tries")):
            tries = [
                [moment(each["at"]), each["status"], each["error"], f"{each['duration_ms']} ms"]
                for each in row["tries"]
            ]
            table([_("When"), _("Status"), _("Why not"), _("Took")], tries, label=_("Tries"))
