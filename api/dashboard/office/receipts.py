"""Receipts and credit notes: the list, one of them with its print, giving back and correcting."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, goes_to
from api.dashboard.office.downloads import address_of
from api.dashboard.office.form import Field
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, money, number, table
from api.dashboard.office.tariff_preview import KINDS
from api.dashboard.office.work import begin_export
from api.ui.page import Place, page
from api.ui.texts import N_, _
from api.ui.visit import Visit


@page("/receipts", N_("Receipts"), "receipts:read", Place("business", "receipt_long", 40))
async def receipts(visit: Visit) -> None:
    columns = [
        Column(_("Number"), lambda row: row["number"], "number", lambda row: f"/receipts/{row['id']}"),
        Column(_("Kind"), lambda row: chip(row["kind"])),
        Column(_("Day"), lambda row: row["day"], "issued"),
        Column(_("Station"), lambda row: row["station"]),
        Column(_("Charge point"), lambda row: row["charge_point"]),
        Column(_("Energy"), lambda row: number(row["energy_kwh"], "kWh"), number=True),
        Column(_("Gross"), lambda row: money(row["gross"], row["currency"]), "gross", number=True),
    ]
    filters = [
        Filter("kind", _("Kind"), {"receipt": _("Receipt"), "credit_note": _("Credit note")}),
        Filter("charge_point", _("Charge point")),
        Filter("since", _("Issued since"), kind="date"),
        Filter("until", _("Issued before"), kind="date"),
    ]
    listing = Listing(
        visit,
        "/receipts",
        columns,
        search="number",
        sort="-issued",
        filters=filters,
        params=visit.where(),
        nothing=_("No receipt yet: they are written when sessions are settled."),
    )
    if visit.may("billing:read"):
        with visit.actions():
            button(_("Export as CSV"), lambda: begin_export(visit, "/receipt-exports", listing.wanted), icon="download")
            goes_to(_("Revenue"), "/revenue", icon="bar_chart")
    await listing.show()


@page("/receipts/{id}", N_("Receipt"), "receipts:read")
async def receipt(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/receipts/{id}")
    row = answer.data
    with visit.actions():
        pdf = link(_("Print (PDF)"), address_of(f"/receipts/{id}/pdf"))
        pdf.props["download"] = f"{row['number'].replace('/', '-')}.pdf"
        if visit.may("billing:write") and row["kind"] == "receipt":
            button(_("Give back …"), lambda: _credit(visit, row, answer.etag))
            button(_("Correct …"), lambda: _correct(visit, row, answer.etag))
    with ui.element("div").classes("rc-grid"):
        with card(row["number"]):
            facts(_told(row))
        with card(_("Amounts")):
            currency = row["currency"]
            facts(
                [
                    (_("Without tax"), money(row["net"], currency)),
                    (_("Tax"), money(row["tax"], currency)),
                    (_("Gross"), money(row["gross"], currency)),
                    (_("Given back"), money(row["credited"], currency)),
                    (_("Energy"), number(row["energy_kwh"], "kWh")),
                ]
            )
        _lines(row)


def _told(row: dict[str, Any]) -> list[tuple[str, Any]]:
    zone = row["document"].get("zone", "UTC")
    told: list[tuple[str, Any]] = [
        (_("Kind"), lambda: chip(row["kind"])),
        (_("Session"), lambda: link(row["session"], f"/sessions/{row['session']}")),
        (_("Station"), row["station"]),
        (_("Charge point"), row["charge_point"]),
        (_("Charged"), f"{moment(row['started_at'], zone)} – {moment(row['ended_at'], zone)}"),
        (_("Issued"), moment(row["issued_at"], zone)),
    ]
    for name, words in (
        ("about", _("Gives back")),
        ("after", _("After the credit note")),
        ("replaced_by", _("Replaced by")),
    ):
        if other := row.get(name):
            told.append((words, lambda other=other: link(other, f"/receipts/{other}")))
    told += [(_("Credit note"), lambda each=each: link(each, f"/receipts/{each}")) for each in row["credit_notes"]]
    if row["reason"]:
        told.append((_("Why"), row["reason"]))
    return told


def _lines(row: dict[str, Any]) -> None:
    """As they were reckoned and stored when it was issued."""
    bill, currency = row["document"]["bill"], row["currency"]
    with card(_("Lines")).classes("rc-wide"):
        rows = [
            [
                _(KINDS.get(str(line["kind"]).lower(), str(line["kind"]))),
                number(line["quantity"], line["unit"]),
                number(line["unit_price"]),
                money(line["amount"], currency),
            ]
            for line in bill["lines"]
        ]
        table([_("For"), _("Quantity"), _("Price"), _("Amount")], rows, label=_("Lines"), numbers=(1, 2, 3))
        facts([(f"{tax['name']} {number(tax['percent'])} %", money(tax["amount"], currency)) for tax in bill["taxes"]])


async def _credit(visit: Visit, row: dict[str, Any], etag: str) -> None:
    fields = [
        Field("amount", _("Amount, tax included"), "amount", help=_("Empty: all that is left")),
        Field("reason", _("Why"), wide=True),
    ]

    async def send(body: dict[str, Any]) -> Any:
        return (await visit.api.ask("POST", f"/receipts/{row['id']}/credit-notes", body, etag=etag)).data

    about = _("A credit note is written and sent to the driver; where it was paid here, the money goes back.")
    made = await filled(_("Give back"), fields, send, action=_("Write the credit note"), about=about)
    if made is not None:
        ui.navigate.to(f"/receipts/{made['id']}")


async def _correct(visit: Visit, row: dict[str, Any], etag: str) -> None:
    fields = [
        Field("figures.energy_kwh", _("Energy, kWh"), "amount"),
        Field("figures.started_at", _("Began (UTC)"), "moment"),
        Field("figures.ended_at", _("Connector free again (UTC)"), "moment"),
        Field("reason", _("Why"), wide=True),
    ]

    async def send(body: dict[str, Any]) -> Any:
        return (await visit.api.ask("POST", f"/receipts/{row['id']}/corrections", body, etag=etag)).data

    about = _("The receipt is given back by a credit note, and another one takes its place.")
    made = await filled(_("Correct the receipt"), fields, send, action=_("Correct it"), about=about)
    if made is not None:
        ui.navigate.to(f"/receipts/{made['id']}")


@page("/revenue", N_("Revenue"), "billing:read", Place("business", "bar_chart", 50))
async def revenue(visit: Visit) -> None:
    by = visit.query.get("by") if visit.query.get("by") in ("day", "network", "tariff") else "day"
    told = await visit.api.get("/reports/revenue", visit.where(by=by))
    with visit.actions():
        for name, words in (("day", _("By day")), ("network", _("By network")), ("tariff", _("By tariff"))):
            goes_to(words, f"/revenue?by={name}", first=name == by)
    with card(_("Of the last 30 days")):
        rows = [
            [
                row["group"],
                row["receipts"],
                row["credit_notes"],
                number(row["energy_kwh"], "kWh"),
                *(money(row[name], row["currency"]) for name in ("net", "tax", "gross")),
            ]
            for row in told["rows"]
        ]
        heads = ["", _("Receipts"), _("Credit notes"), _("Energy"), _("Without tax"), _("Tax"), _("Gross")]
        table(heads, rows, label=_("Revenue"), numbers=range(1, 7))
    with card(_("Taxes")):
        taxes = [
            [
                tax["name"],
                f"{number(tax['percent'])} %",
                *(money(tax[name], tax["currency"]) for name in ("base", "amount")),
            ]
            for tax in told["taxes"]
        ]
        table([_("Tax"), _("Rate"), _("Of"), _("Amount")], taxes, label=_("Taxes"), numbers=(2, 3))
    link(_("{n} sessions wait for a decision", n=told["open_reviews"]), "/reviews")
