"""Issuers: in whose name receipts are written, with which numbers and taxes."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Listing
from api.dashboard.office.shown import card, chip, facts, moment
from api.ui.page import Place, page
from api.ui.parts.notices import done
from api.ui.texts import N_, _
from api.ui.visit import Visit


def _fields() -> list[Field]:
    regimes = {"VAT": _("VAT"), "IN_GST": _("GST of India"), "NONE": _("No tax")}
    numbers = [Field("kind", _("Kind, e.g. VAT or GSTIN")), Field("number", _("Number"))]
    return [
        Field("name", _("Name")),
        Field("address", _("Address, a line each"), "lines"),
        Field("country", _("Country"), help=_("Two letters")),
        Field("region", _("State or region")),
        Field("tax_regime", _("Taxes"), "choice", options=regimes),
        Field("currency", _("Currency")),
        Field("time_zone", _("Time zone"), help=_("Whose day a receipt bears")),
        Field("year_begins", _("Month in which the financial year begins"), "whole"),
        Field("number_format", _("Numbers of receipts"), help=_("E.g. RC/{fy}/{n:06d}")),
        Field("credit_format", _("Numbers of credit notes"), help=_("E.g. CN/{fy}/{n:06d}")),
        Field("service_code", _("Service code")),
        Field("footer", _("At the foot of each"), wide=True),
        Field("tax_ids", _("Tax numbers"), "rows", columns=numbers, one=_("Tax number")),
        Field("zero_receipts", _("Receipts also for what costs nothing"), "toggle"),
        Field("tariff_wanted", _("Sessions without a tariff go to review"), "toggle"),
        Field("longest_h", _("Longer sessions go to review, h"), "whole"),
    ]


@page("/issuers", N_("Issuers"), "issuers:read", Place("business", "corporate_fare", 90))
async def issuers(visit: Visit) -> None:
    if visit.may("issuers:write"):
        with visit.actions():
            button(_("New issuer"), lambda: _add(visit), icon="add", first=True)
    columns = [
        Column(_("Name"), lambda row: row["name"], "", lambda row: f"/issuers/{row['id']}"),
        Column(_("Network"), lambda row: visit.networks.get(row["network"], row["network"])),
        Column(_("Taxes"), lambda row: row["tax_regime"]),
        Column(_("Currency"), lambda row: row["currency"]),
        Column(_("Numbers"), lambda row: row["number_format"]),
        Column(_("State"), lambda row: chip("retired" if row["retired_at"] else "active")),
    ]
    nothing = _("No issuer: sessions that cost something wait for review until there is one.")
    await Listing(visit, "/issuers", columns, nothing=nothing, label=_("Issuers")).show()


async def _add(visit: Visit) -> None:
    home = await visit.api.get(f"/networks/{visit.network or next(iter(visit.networks))}")
    fields = [Field("network", _("Network"), "choice", options=visit.networks), *_fields()]
    values = {name: home[name] for name in ("currency", "country", "region", "time_zone")}
    values |= {"network": home["id"], "tax_regime": "VAT", "year_begins": 1, "longest_h": 72}
    values |= {"number_format": "R{fy}/{n:06d}", "credit_format": "C{fy}/{n:06d}"}
    made = await filled(
        _("New issuer"),
        fields,
        lambda body: visit.api.post("/issuers", body),
        action=_("Make the issuer"),
        values=values,
    )
    if made is not None:
        ui.navigate.to(f"/issuers/{made['id']}")


@page("/issuers/{id}", N_("Issuer"), "issuers:read")
async def issuer(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/issuers/{id}")
    row = answer.data
    with card(row["name"]):
        network = row["network"]
        facts(
            [
                (_("Network"), visit.networks.get(network, network)),
                (_("State"), lambda: chip("retired" if row["retired_at"] else "active")),
                (_("Made"), moment(row["created_at"], row["time_zone"])),
            ]
        )
    if visit.may("issuers:write") and not row["retired_at"]:
        _editor(visit, row, answer.etag)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    with card(_("Change it")):
        form = Form(_fields(), row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(f"/issuers/{row['id']}", body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def retire() -> None:
            about = _("No more receipts are written in its name; its sessions wait until there is another one.")
            if await sure(_("Retire this issuer?"), about, _("Retire it")):
                await visit.api.delete(f"/issuers/{row['id']}", etag=etag)
                ui.navigate.to("/issuers")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Retire …"), retire, danger=True)
