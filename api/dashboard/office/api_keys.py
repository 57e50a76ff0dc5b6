"""API keys: bearer tokens for programs. A key's text is shown once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, shown_once, sure
from api.dashboard.office.form import Field
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import chip, moment
from api.ui.page import Place, page
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.access.roles import GRANTABLE

LASTS = timedelta(days=90)


@page("/api-keys", N_("API keys"), "api-keys:read", Place("people", "vpn_key", 30))
async def api_keys(visit: Visit) -> None:
    may = visit.may("api-keys:write")
    if may:
        with visit.actions():
            button(_("New key"), lambda: _add(visit), icon="add", first=True)
    columns = [
        Column(_("Name"), lambda row: row["name"], "name"),
        Column(_("Whose"), lambda row: row["owner"]),
        Column(_("Permissions"), lambda row: ", ".join(row["permissions"])),
        Column(_("Where"), lambda row: ", ".join(row["networks"]) if row["networks"] else _("wherever its owner may")),
        Column(_("Until"), lambda row: moment(row["expires_at"])),
        Column(_("Last used"), lambda row: moment(row["last_used_at"])),
        Column(_("State"), _state),
        Column("", lambda row: _revoke_button(visit, row) if may and not row["revoked_at"] else ""),
    ]
    filters = [Filter("live", _("State"), {"true": _("In force"), "false": _("Over")})]
    listing = Listing(visit, "/api-keys", columns, sort="-created", filters=filters, params={"live": "true"})
    await listing.show()


def _state(row: Any) -> ui.element:
    if row["revoked_at"]:
        return chip("withdrawn")
    over = datetime.fromisoformat(row["expires_at"].replace("Z", "+00:00")) <= datetime.now(UTC)
    return chip("expired" if over else "active")


def _revoke_button(visit: Visit, row: Any) -> ui.element:
    async def revoke() -> None:
        about = _("Whatever program uses it is refused at once.")
        if await sure(_("Revoke {name}?", name=row["name"]), about, _("Revoke it")):
            answer = await visit.api.ask("GET", f"/api-keys/{row['id']}")
            await visit.api.delete(f"/api-keys/{row['id']}", etag=answer.etag)
            ui.navigate.reload()

    return button(_("Revoke …"), revoke)


async def _add(visit: Visit) -> None:
    mine = sorted(visit.principal.permissions & GRANTABLE - {"api-keys:write"})
    fields = [
        Field("name", _("Name"), help=_("What program has it")),
        Field("expires_at", _("Until (UTC)"), "moment", help=_("Within a year")),
        Field("permissions", _("Permissions"), "many", options=mine, wide=True),
        Field("networks", _("Only in these networks"), "many", options=visit.networks, wide=True),
    ]
    values = {"expires_at": (datetime.now(UTC) + LASTS).isoformat()}
    made = await filled(
        _("New API key"),
        fields,
        lambda body: visit.api.post("/api-keys", body),
        action=_("Make the key"),
        values=values,
        about=_("It can never do more than you can, and ends with your account."),
    )
    if made is not None:
        about = _("This is its text. It is not shown again: whoever loses it makes another one.")
        await shown_once(_("The key {name}", name=made["api_key"]["name"]), about, made["key"])
        ui.navigate.reload()
