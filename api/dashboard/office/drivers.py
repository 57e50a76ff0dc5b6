"""Drivers: who charges, what is theirs, what they owe; and forgetting one."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.desk.opening import open_case
from api.dashboard.office.asking import button, filled, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, money, number, table
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty
from api.ui.texts import N_, _
from api.ui.visit import Visit


def _fields() -> list[Field]:
    return [
        Field("name", _("Name")),
        Field("email", _("E-mail address")),
        Field("phone", _("Phone")),
        Field("language", _("Language"), help=_("E.g. en, de")),
        Field("address.line1", _("Street and number")),
        Field("address.line2", _("More of the address")),
        Field("address.postal_code", _("Postal code")),
        Field("address.city", _("City")),
        Field("address.region", _("State or region")),
        Field("address.country", _("Country"), help=_("Two letters")),
        Field("credit_limit", _("May owe at most"), "amount", help=_("Empty: any amount")),
    ]


@page("/drivers", N_("Drivers"), "drivers:read", Place("people", "directions_car", 50))
async def drivers(visit: Visit) -> None:
    if visit.may("drivers:write"):
        with visit.actions():
            button(_("New driver"), lambda: _add(visit), icon="person_add", first=True)
    columns = [
        Column(
            _("Name"), lambda row: row["name"] or row["email"] or row["id"], "name", lambda row: f"/drivers/{row['id']}"
        ),
        Column(_("E-mail"), lambda row: row["email"]),
        Column(_("Phone"), lambda row: row["phone"]),
        Column(_("Network"), lambda row: visit.networks.get(row["network"], row["network"])),
        Column(_("Owes"), lambda row: row["credit_used"], number=True),
        Column(_("Since"), lambda row: moment(row["created_at"]), "created"),
    ]
    await Listing(visit, "/drivers", columns, search="text", params=visit.where(), label=_("Drivers")).show()


async def _add(visit: Visit) -> None:
    fields = [Field("network", _("Network"), "choice", options=visit.networks), *_fields()]
    values = {"network": visit.network or next(iter(visit.networks), "default")}
    made = await filled(
        _("New driver"),
        fields,
        lambda body: visit.api.post("/drivers", body),
        action=_("Add the driver"),
        values=values,
        about=_("Somebody who does not log in, e.g. with a card of a fleet. Others sign up in the app."),
    )
    if made is not None:
        ui.navigate.to(f"/drivers/{made['id']}")


@page("/drivers/{id}", N_("Driver"), "drivers:read")
async def driver(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/drivers/{id}")
    row = answer.data
    if visit.may("cases:write"):
        with visit.actions():
            open_it = lambda: open_case(visit, driver=id, category="account")  # noqa: E731
            button(_("Open a case"), open_it, icon="add_comment")
    with ui.element("div").classes("rc-grid"):
        with card(row["name"] or row["email"] or row["id"]):
            network = row["network"]
            facts(
                [
                    (_("E-mail"), row["email"]),
                    (_("Phone"), row["phone"]),
                    (_("Network"), visit.networks.get(network, network)),
                    (_("Logs in"), _("Yes") if row["account"] else _("No")),
                    (_("Owes"), f"{row['credit_used']} / {row['credit_limit'] or '∞'}"),
                    (_("Since"), moment(row["created_at"])),
                ]
            )
            await _actions(visit, row, answer.etag)
        await _things(visit, row)
        await _sessions(visit, row)
        if visit.may("drivers:write"):
            _editor(visit, row, answer.etag)


async def _actions(visit: Visit, row: dict[str, Any], etag: str) -> None:
    where = f"/drivers/{row['id']}"

    async def book() -> None:
        fields = [
            Field("amount", _("Amount"), "amount", help=_("Below zero: what was booked too much")),
            Field("note", _("Note"), help=_("Kept for ever: name no person"), wide=True),
        ]
        about = _("Money that came another way, e.g. to the bank: it lowers what is owed.")
        made = await filled(
            _("Book a payment"),
            fields,
            lambda body: _posted(visit, f"{where}/payments", body),
            action=_("Book it"),
            about=about,
        )
        if made is not None:
            ui.navigate.reload()

    async def export() -> None:
        found = await visit.api.ask("GET", f"{where}/export")
        ui.download.content(found.content, f"driver-{row['id']}.json", "application/json")

    async def forget() -> None:
        about = _("Account, cars and names go; receipts stay by law and name no person. It cannot be undone.")
        if await sure(_("Forget this driver?"), about, _("Forget")):
            await visit.api.delete(where, etag=etag)
            ui.navigate.to("/drivers")

    with ui.element("div").classes("rc-row"):
        if visit.may("payments:write"):
            button(_("Book a payment …"), book)
        if visit.may("drivers:write"):
            button(_("Export all that is kept"), export)
            button(_("Forget …"), forget, danger=True)


async def _posted(visit: Visit, path: str, body: dict[str, Any]) -> Any:
    """The answer's JSON, or {} where it has none: it went through either way."""
    return (await visit.api.post(path, body)) or {}


async def _things(visit: Visit, row: dict[str, Any]) -> None:
    with card(_("Cars and tokens")):
        vehicles = await visit.api.get(f"/drivers/{row['id']}/vehicles")
        found = vehicles["items"] if isinstance(vehicles, dict) else vehicles
        rows = [
            [each["plate"], f"{each['make']} {each['model']}".strip(), number(each["battery_kwh"], "kWh")]
            for each in found
        ]
        if rows:
            table([_("Plate"), _("Make"), _("Battery")], rows, label=_("Cars"))
        else:
            empty(_("No car is known."), "directions_car")
        if visit.may("tokens:read"):
            for each in await visit.api.pages("/tokens", {"driver": row["id"]}, at_most=50):
                with ui.element("div").classes("rc-row"):
                    link(
                        each["label"] or each["id_token"], f"/tokens/{each['id_token']}?network={each['network'] or ''}"
                    )
                    chip("active" if each["status"] == "Accepted" else each["status"])


async def _sessions(visit: Visit, row: dict[str, Any]) -> None:
    found = (await visit.api.get(f"/drivers/{row['id']}/sessions", {"limit": 10}))["items"]
    with card(_("Latest sessions")).classes("rc-wide"):
        rows = [
            [
                lambda each=each: link(moment(each["started_at"]), f"/sessions/{each['id']}"),
                each["station_name"] or each["charge_point"],
                each["state"],
                number(each["energy_wh"] and float(each["energy_wh"]) / 1000, "kWh"),
                money(each["cost"], each["currency"]),
            ]
            for each in found
        ]
        if rows:
            heads = [_("Began"), _("Where"), _("State"), _("Energy"), _("Cost")]
            table(heads, rows, label=_("Latest sessions"), numbers=(3, 4))
        else:
            empty(_("No session yet."), "bolt")


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    with card(_("Change it")).classes("rc-wide"):
        form = Form(_fields(), row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(f"/drivers/{row['id']}", body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        button(_("Save"), save, first=True)
