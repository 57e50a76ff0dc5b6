"""Networks: the operators of this installation, and what holds for their stations unless those say otherwise."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment
from api.ui.page import Place, page
from api.ui.parts.notices import done, text
from api.ui.texts import N_, _
from api.ui.visit import Visit


def _fields() -> list[Field]:
    return [
        Field("name", _("Name")),
        Field("currency", _("Currency"), help=_("ISO 4217, e.g. EUR")),
        Field("country", _("Country"), help=_("Two letters, e.g. DE")),
        Field("region", _("State or region")),
        Field("time_zone", _("Time zone"), help=_("E.g. Europe/Berlin")),
        Field("contact.name", _("Contact: name")),
        Field("contact.email", _("Contact: e-mail")),
        Field("contact.phone", _("Contact: phone")),
        Field("contact.website", _("Contact: website")),
    ]


@page("/networks", N_("Networks"), "networks:read", Place("settings", "lan", 10))
async def networks(visit: Visit) -> None:
    if visit.may("networks:write"):
        with visit.actions():
            button(_("New network"), lambda: _add(visit), icon="add", first=True)
    columns = [
        Column(_("Name"), lambda row: row["name"], "name", lambda row: f"/networks/{row['id']}"),
        Column(_("Id"), lambda row: row["id"], "id"),
        Column(_("Country"), lambda row: row["country"]),
        Column(_("Currency"), lambda row: row["currency"]),
        Column(_("Time zone"), lambda row: row["time_zone"]),
        Column(_("State"), lambda row: chip("retired" if row["retired_at"] else "active")),
    ]
    await Listing(visit, "/networks", columns, search="q", sort="name", label=_("Networks")).show()


async def _add(visit: Visit) -> None:
    fields = [Field("id", _("Id"), help=_("Letters, digits, - and _; it never changes")), *_fields()]
    made = await filled(
        _("New network"), fields, lambda body: visit.api.post("/networks", body), action=_("Make the network")
    )
    if made is not None:
        ui.navigate.to(f"/networks/{made['id']}")


@page("/networks/{id}", N_("Network"), "networks:read")
async def network(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/networks/{id}")
    row = answer.data
    with ui.element("div").classes("rc-grid"):
        with card(row["name"]):
            facts(
                [
                    (_("Id"), row["id"]),
                    (_("State"), lambda: chip("retired" if row["retired_at"] else "active")),
                    (_("Made"), moment(row["created_at"], row["time_zone"])),
                    (_("Stations"), lambda: link(_("Show its stations"), f"/stations?network={row['id']}")),
                    (_("Tariffs"), lambda: link(_("Show its tariffs"), f"/tariffs?network={row['id']}")),
                ]
            )
        if visit.may("networks:write") and not row["retired_at"]:
            _editor(visit, row, answer.etag)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    fields = [
        *_fields(),
        Field("accepts_automatically", _("Register unknown chargers at their first try"), "toggle"),
        Field("arrival_station", _("Station where those are put"), help=_("Its id; empty: the default one")),
    ]
    with card(_("Change it")):
        form = Form(fields, row, whole=False)
        form.draw()

        async def save() -> None:
            saved = await form.save(lambda body: visit.api.patch(f"/networks/{row['id']}", body, etag=etag))
            if saved is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def retire() -> None:
            about = _("It is shown in no list any more and nothing new can be made in it. It must have no stations.")
            if await sure(_("Retire this network?"), about, _("Retire it")):
                await visit.api.delete(f"/networks/{row['id']}", etag=etag)
                ui.navigate.to("/networks")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Retire …"), retire, danger=True)
        text("p", _("What is left empty here is asked of nobody; stations may say otherwise."), "rc-soft rc-small")
