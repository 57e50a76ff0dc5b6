"""The outbox: letters to people that wait, went out, or could not be delivered."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import chip, moment
from api.ui.page import Place, page
from api.ui.texts import N_, _
from api.ui.visit import Visit


@page("/outbox", N_("Letters"), "outbox:read", Place("settings", "outbox", 60))
async def outbox(visit: Visit) -> None:
    may = visit.may("outbox:write")
    columns = [
        Column(_("Written"), lambda row: moment(row["created_at"]), "created"),
        Column(_("To"), lambda row: row["recipient"]),
        Column(_("Kind"), lambda row: row["kind"].replace("_", " ")),
        Column(_("Subject"), lambda row: row["subject"]),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Tries"), lambda row: row["attempts"], number=True),
        Column(_("Why not"), lambda row: row["error"]),
        Column("", lambda row: _again(visit, row) if may and row["state"] == "dead" else ""),
    ]
    filters = [
        Filter("state", _("State"), {"waiting": _("Waiting"), "sent": _("Sent"), "dead": _("Undeliverable")}),
        Filter("recipient", _("To (whole address)")),
    ]
    nothing = _("No letter was written yet.")
    await Listing(visit, "/outbox", columns, sort="-created", filters=filters, nothing=nothing).show()


def _again(visit: Visit, row: Any) -> ui.element:
    async def redeliver() -> None:
        etag = (await visit.api.ask("GET", f"/outbox/{row['id']}")).etag
        await visit.api.ask("POST", f"/outbox/{row['id']}/redelivery", etag=etag)
        ui.navigate.reload()

    return button(_("Try again"), redeliver)
