"""Tariffs: the list with who uses them, one tariff with its versions and assignments, and writing one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, goes_to, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, table
from api.dashboard.office.tariff_editor import EMPTY, TariffEditor, cleaned
from api.dashboard.office.tariff_preview import TariffPreview
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty, text
from api.ui.texts import N_, _, n_
from api.ui.visit import Visit


@page("/tariffs", N_("Tariffs"), "tariffs:read", Place("business", "sell", 30))
async def tariffs(visit: Visit) -> None:
    if visit.may("tariffs:write"):
        with visit.actions():
            goes_to(_("New tariff"), "/tariffs/new", icon="add", first=True)
    used = Counter(row["tariff"] for row in await visit.api.pages("/tariff-assignments"))
    columns = [
        Column(_("Name"), lambda row: row["name"], "name", lambda row: f"/tariffs/{row['id']}"),
        Column(_("Network"), lambda row: visit.networks.get(row["network"], row["network"]), "network"),
        Column(_("Currency"), lambda row: row["currency"], "currency"),
        Column(_("Holds now"), lambda row: _("version {n}", n=row["current"]) if row["current"] else ""),
        Column(_("Used at"), lambda row: n_("{n} place", "{n} places", used[row["id"]]), number=True),
        Column(_("Changed"), lambda row: moment(row["updated_at"]), "updated"),
    ]
    filters = [Filter("network", _("Network"), visit.networks)] if len(visit.networks) > 1 else []
    params = {"network": visit.query.get("network") or visit.network}
    listing = Listing(visit, "/tariffs", columns, search="q", sort="name", filters=filters, params=params)
    await listing.show()


@page("/tariffs/new", N_("New tariff"), "tariffs:write")
async def new_tariff(visit: Visit) -> None:
    rows = await visit.api.pages("/networks")
    networks = {row["id"]: row["name"] for row in rows}
    chosen = visit.network if visit.network in networks else next(iter(networks))
    home = next(row for row in rows if row["id"] == chosen)
    content = {**EMPTY, "currency": home["currency"]}
    fields = [Field("name", _("Name")), Field("network", _("Network"), "choice", options=networks)]
    with card(_("Whose it is")):
        form = Form(fields, {"network": chosen}, whole=True)
        form.draw()

    async def send(publish: bool, body: dict[str, Any]) -> Any:
        body |= {"content": cleaned(editor.content)}
        return await visit.api.post("/tariffs", body | ({"publish": {}} if publish else {}))

    async def save(publish: bool) -> None:
        made = await form.save(lambda body: send(publish, body))
        if made is not None:
            ui.navigate.to(f"/tariffs/{made['id']}")

    editor = _write(visit, content, home)
    with ui.element("div").classes("rc-row"):
        button(_("Save as a draft"), lambda: save(False), first=True)
        button(_("Save and have it hold from now on"), lambda: save(True))


def _write(visit: Visit, content: dict[str, Any], home: dict[str, Any]) -> TariffEditor:
    """The editor and the preview beside it."""
    with ui.element("div").classes("rc-grid rc-editor"):
        with card(_("What it says")):
            preview = TariffPreview(visit, lambda: cleaned(editor.content), home["time_zone"])
            editor = TariffEditor(visit, content, preview.refresh, country=home["country"])
            editor.draw()
        with ui.element("div").classes("rc-stack"):
            preview.draw()
    return editor


@page("/tariffs/{id}", N_("Tariff"), "tariffs:read")
async def tariff(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/tariffs/{id}")
    row = answer.data
    home = await visit.api.get(f"/networks/{row['network']}") if visit.may("networks:read") else {"time_zone": "UTC"}
    may, zone = visit.may("tariffs:write"), home["time_zone"]
    latest = row["versions"][0]["number"] if row["versions"] else None
    if may:
        with visit.actions():
            goes_to(_("New version"), f"/tariffs/{id}/write?like={latest or ''}", icon="edit", first=True)
            button(_("Rename …"), lambda: _rename(visit, row, answer.etag))
            button(_("Delete …"), lambda: _delete(visit, row, answer.etag), danger=True)
    network = row["network"]
    with ui.element("div").classes("rc-grid"):
        with card(row["name"]):
            facts(
                [
                    (_("Network"), visit.networks.get(network, network)),
                    (_("Currency"), row["currency"]),
                    (_("Holds now"), _("version {n}", n=row["current"]) if row["current"] else _("no version")),
                    (_("Made"), moment(row["created_at"], zone)),
                    (_("Changed"), moment(row["updated_at"], zone)),
                ]
            )
        with card(_("Versions")):
            _versions(visit, row, zone, may)
        await _assignments(visit, row, zone, may)
    if latest is not None:
        shown = row["current"] or latest
        version = await visit.api.get(f"/tariffs/{id}/versions/{shown}")
        with ui.element("div").classes("rc-grid"):
            TariffPreview(visit, lambda: version["content"], zone).draw()


def _versions(visit: Visit, row: dict[str, Any], zone: str, may: bool) -> None:
    def actions(each: dict[str, Any]) -> None:
        where = f"/tariffs/{row['id']}/versions/{each['number']}"
        with ui.element("div").classes("rc-row rc-tight"):
            if each["state"] == "draft" and may:
                link(_("Write"), f"/tariffs/{row['id']}/write?number={each['number']}")
                button(_("Publish …"), lambda: _publish(visit, where))
            elif may and each["state"] == "published":
                button(_("End it now …"), lambda: _withdraw(visit, where))
            link(_("Show"), f"/tariffs/{row['id']}/write?number={each['number']}")

    rows = [
        [
            each["number"],
            lambda each=each: chip(each["state"]),
            moment(each["valid_from"], zone),
            moment(each["valid_until"], zone) if each["valid_until"] else "",
            lambda each=each: actions(each),
        ]
        for each in row["versions"]
    ]
    table([_("Version"), _("State"), _("From"), _("Until"), ""], rows, label=_("Versions"))


async def _publish(visit: Visit, where: str) -> None:
    answer = await visit.api.ask("GET", where)
    fields = [
        Field("valid_from", _("Holds from (UTC)"), "moment", help=_("Empty: from now on")),
        Field("valid_until", _("Until (UTC)"), "moment", help=_("Empty: until the next version")),
    ]
    about = _("From then on it is never changed. Sessions that run keep the tariff that they began with.")

    async def send(body: dict[str, Any]) -> Any:
        return (await visit.api.ask("POST", f"{where}/publish", body, etag=answer.etag)).data

    if await filled(_("Publish this version"), fields, send, action=_("Publish it"), about=about) is not None:
        ui.navigate.reload()


async def _withdraw(visit: Visit, where: str) -> None:
    answer = await visit.api.ask("GET", where)
    about = _("Sessions that begin from now on are priced without it; those that run keep it.")
    if await sure(_("End this version?"), about, _("End it now")):
        await visit.api.ask("POST", f"{where}/withdraw", etag=answer.etag)
        ui.navigate.reload()


async def _rename(visit: Visit, row: dict[str, Any], etag: str) -> None:
    fields = [Field("name", _("Name"))]
    where = f"/tariffs/{row['id']}"
    made = await filled(
        _("Rename the tariff"),
        fields,
        lambda body: visit.api.patch(where, body, etag=etag),
        action=_("Rename it"),
        values={"name": row["name"]},
    )
    if made is not None:
        ui.navigate.reload()


async def _delete(visit: Visit, row: dict[str, Any], etag: str) -> None:
    about = _("Only a tariff that never held can be deleted. Others are ended version by version.")
    if await sure(_("Delete this tariff?"), about, _("Delete it")):
        await visit.api.delete(f"/tariffs/{row['id']}", etag=etag)
        ui.navigate.to("/tariffs")


async def _assignments(visit: Visit, row: dict[str, Any], zone: str, may: bool) -> None:
    found = await visit.api.pages("/tariff-assignments", {"tariff": row["id"]})
    with card(_("Where it holds")):
        rows = [
            [
                _place(each),
                each["token_group"] or _("everybody"),
                moment(each["valid_from"], zone),
                moment(each["valid_until"], zone) if each["valid_until"] else "",
                (lambda each=each: button(_("End it …"), lambda: _end(visit, each))) if may else "",
            ]
            for each in found
        ]
        if rows:
            table([_("Where"), _("For"), _("From"), _("Until"), ""], rows, label=_("Where it holds"))
        else:
            empty(_("It is assigned nowhere, so it counts for nobody."), "place")
        if may:
            button(_("Assign it …"), lambda: _assign(visit, row), icon="add_location")
        text(
            "p",
            _("A group's tariff comes before everybody's, then a smaller place before a larger one."),
            "rc-soft rc-small",
        )


def _place(each: dict[str, Any]) -> str:
    if each["charge_point"] and each["connector"]:
        return f"{each['charge_point']} {each['evse']}/{each['connector']}"
    return str(each["charge_point"] or each["station"] or _("the whole network"))


async def _assign(visit: Visit, row: dict[str, Any]) -> None:
    places = await visit.api.pages("/stations", {"network": row["network"]}, at_most=2000)
    stations = {"": _("The whole network")} | {each["id"]: each["name"] for each in places}
    fields = [
        Field("station", _("Station"), "choice", options=stations),
        Field("charge_point", _("Only this charge point"), help=_("Its id; empty: all")),
        Field("evse", _("Only its EVSE"), "whole"),
        Field("connector", _("… and connector"), "whole"),
        Field("token_group", _("Only for this token group"), help=_("Its id; empty: everybody")),
        Field("valid_from", _("From (UTC)"), "moment", help=_("Empty: from now on")),
        Field("valid_until", _("Until (UTC)"), "moment"),
    ]

    async def send(body: dict[str, Any]) -> Any:
        told = {name: value for name, value in body.items() if value not in (None, "")}
        return await visit.api.post("/tariff-assignments", {"tariff": row["id"], **told})

    made = await filled(_("Assign the tariff"), fields, send, action=_("Assign it"), values={"station": ""})
    if made is not None:
        done(_("Assigned."))
        ui.navigate.reload()


async def _end(visit: Visit, each: dict[str, Any]) -> None:
    answer = await visit.api.ask("GET", f"/tariff-assignments/{each['id']}")
    about = _("Sessions that begin there from now on are priced by what else holds there.")
    if await sure(_("End this assignment?"), about, _("End it")):
        await visit.api.delete(f"/tariff-assignments/{each['id']}", etag=answer.etag)
        ui.navigate.reload()


@page("/tariffs/{id}/write", N_("What the tariff says"), "tariffs:read")
async def write(visit: Visit, id: str) -> None:
    row = await visit.api.get(f"/tariffs/{id}")
    home = await visit.api.get(f"/networks/{row['network']}")
    number, like = visit.query.get("number", ""), visit.query.get("like", "")
    content, etag, draft = {**EMPTY, "currency": row["currency"]}, "", not number
    if number or like:
        answer = await visit.api.ask("GET", f"/tariffs/{id}/versions/{number or like}")
        content, etag = answer.data["content"], answer.etag if number else ""
        draft = draft or answer.data["state"] == "draft"
    words = _("version {n}", n=number) if number else _("a new version")
    link(f"{row['name']}, {words}", f"/tariffs/{id}")
    editor = _write(visit, content, home)

    async def save() -> None:
        body = cleaned(editor.content)
        if number:
            await visit.api.put(f"/tariffs/{id}/versions/{number}", body, etag=etag)
        else:
            await visit.api.post(f"/tariffs/{id}/versions", {"content": body})
        ui.navigate.to(f"/tariffs/{id}")

    if draft and visit.may("tariffs:write"):
        button(_("Save as a draft"), save, first=True)
    else:
        text(
            "p",
            _("This version is published and stays as it is. What you change here is only for the preview."),
            "rc-soft",
        )
