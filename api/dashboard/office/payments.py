"""Payments and open items: what was held, taken and given back, and what finance has to see to."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, goes_to
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, money, table
from api.ui.page import Place, page
from api.ui.parts.notices import done
from api.ui.texts import N_, _
from api.ui.visit import Visit


@page("/payments", N_("Payments"), "payments:read", Place("business", "payments", 70))
async def payments(visit: Visit) -> None:
    with visit.actions():
        goes_to(_("Open items"), "/open-items", icon="pending")
    columns = [
        Column(_("Payment"), lambda row: row["id"][:12], "", lambda row: f"/payments/{row['id']}"),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Held"), lambda row: money(row["authorised"], row["currency"]), number=True),
        Column(_("Taken"), lambda row: money(row["captured"], row["currency"]), number=True),
        Column(_("Given back"), lambda row: money(row["refunded"], row["currency"]), number=True),
        Column(_("Began"), lambda row: moment(row["created_at"]), "created"),
    ]
    filters = [Filter("state", _("State")), Filter("session", _("Session")), Filter("driver", _("Driver"))]
    await Listing(visit, "/payments", columns, filters=filters, params=visit.where(), label=_("Payments")).show()


@page("/payments/{id}", N_("Payment"), "payments:read")
async def payment(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/payments/{id}")
    row, currency = answer.data, answer.data["currency"]
    if visit.may("payments:write"):
        with visit.actions():
            button(_("Give money back …"), lambda: _refund(visit, row, answer.etag))
    with ui.element("div").classes("rc-grid"):
        with card(_("Payment")):
            told: list[tuple[str, Any]] = [
                (_("State"), lambda: chip(row["state"])),
                (_("Held"), money(row["authorised"], currency)),
                (_("Taken"), money(row["captured"], currency)),
                (_("Given back"), money(row["refunded"], currency)),
                (_("Due"), money(row["due"], currency)),
                (_("The bank said"), row["reason"]),
                (_("Provider"), " ".join(each for each in (row["provider"], row["reference"]) if each)),
            ]
            for name, path in (("session", "sessions"), ("receipt", "receipts"), ("driver", "drivers")):
                if row[name]:
                    told.append(
                        (_(_LINKED[name]), lambda name=name, path=path: link(row[name], f"/{path}/{row[name]}"))
                    )
            facts(told)
        with card(_("Orders to the provider")):
            rows = [
                [
                    each["kind"],
                    money(each["amount"], currency),
                    each["state"],
                    each["reason"],
                    moment(each["created_at"]),
                ]
                for each in row["orders"]
            ]
            table([_("Order"), _("Amount"), _("State"), _("Why"), _("When")], rows, label=_("Orders to the provider"))
        with card(_("What happened")):
            events = [[moment(each["at"]), each["kind"].replace("_", " ")] for each in row["events"]]
            table([_("When"), _("What")], events, label=_("What happened"))


_LINKED = {"session": N_("Session"), "receipt": N_("Receipt"), "driver": N_("Driver")}


async def _refund(visit: Visit, row: dict[str, Any], etag: str) -> None:
    fields = [Field("amount", _("Amount"), "amount"), Field("reason", _("Why"), wide=True)]

    async def send(body: dict[str, Any]) -> Any:
        return (await visit.api.ask("POST", f"/payments/{row['id']}/refunds", body, etag=etag)).data or {}

    about = _("It goes back the way it came. No credit note is written: for that, give back on the receipt.")
    if await filled(_("Give money back"), fields, send, action=_("Give it back"), about=about) is not None:
        ui.navigate.reload()


@page("/open-items", N_("Open items"), "payments:read", Place("business", "pending", 80))
async def open_items(visit: Visit) -> None:
    may = visit.may("payments:write")
    columns = [
        Column(_("What"), lambda row: row["kind"].replace("_", " ")),
        Column(_("Amount"), lambda row: money(row["amount"], row["currency"]), number=True),
        Column(_("About"), lambda row: row["detail"]),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Since"), lambda row: moment(row["created_at"]), "created"),
        Column("", lambda row: _resolve_button(visit, row) if may and row["state"] == "open" else ""),
    ]
    filters = [Filter("state", _("State"), {"open": _("Open"), "resolved": _("Resolved")})]
    params = visit.where(state="open")
    nothing = _("Nothing is open.")
    await Listing(visit, "/open-items", columns, filters=filters, params=params, nothing=nothing).show()


def _resolve_button(visit: Visit, row: Any) -> ui.element:
    async def resolve() -> None:
        ways = {
            "retry": _("Try to take it again"),
            "paid_otherwise": _("Paid another way"),
            "written_off": _("Write it off"),
        }
        fields = [
            Field("resolution", _("How"), "choice", options=ways),
            Field("note", _("Note"), wide=True),
        ]

        async def send(body: dict[str, Any]) -> Any:
            etag = (await visit.api.ask("GET", f"/open-items/{row['id']}")).etag
            return (await visit.api.ask("POST", f"/open-items/{row['id']}/resolve", body, etag=etag)).data

        made = await filled(_("Resolve it"), fields, send, action=_("Resolve"), values={"resolution": "retry"})
        if made is not None:
            ui.navigate.reload()

    return button(_("Resolve …"), resolve)


@page("/networks/{id}/payment-policy", N_("Payment before charging"), "payments:read")
async def policy(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/networks/{id}/payment-policy")
    who = {"nobody": _("Nobody"), "ad_hoc": _("Who has no account"), "all": _("Everybody")}
    fields = [
        Field("required", _("Who has to pay before"), "choice", options=who),
        Field("currency", _("Currency")),
        Field("hold", _("Held at first"), "amount"),
        Field("step", _("Raised by"), "amount"),
        Field("ceiling", _("Never more than"), "amount"),
        Field("stop_at_limit", _("Stop the session where no more can be held"), "toggle"),
        Field("pay_within_s", _("Time to pay, s"), "whole"),
        Field("plug_in_within_s", _("Time to plug in, s"), "whole"),
    ]
    with card(visit.networks.get(id, id)):
        form = Form(fields, answer.data, whole=True)
        form.draw()

        async def save() -> None:
            where = f"/networks/{id}/payment-policy"
            if await form.save(lambda body: visit.api.put(where, body, etag=answer.etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        if visit.may("payments:write"):
            button(_("Save"), save, first=True)
