"""Roles: those that an installation comes with, and an operator's own; and who must show a second factor."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Listing
from api.dashboard.office.shown import card, facts
from api.ui.page import Place, page
from api.ui.parts.notices import done, text
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.access.roles import GRANTABLE

STAFF = "*"
"""The login policy of everybody who is no driver."""


def _fields() -> list[Field]:
    return [
        Field("name", _("Name")),
        Field("description", _("What it is for"), wide=True),
        Field("permissions", _("Permissions"), "many", options=sorted(GRANTABLE), wide=True),
        Field("totp_required", _("Who has it must show a second factor"), "toggle"),
    ]


@page("/roles", N_("Roles"), "roles:read", Place("people", "badge", 20))
async def roles(visit: Visit) -> None:
    if visit.may("roles:write"):
        with visit.actions():
            button(_("New role"), lambda: _add(visit), icon="add", first=True)
    columns = [
        Column(_("Name"), lambda row: row["name"], "", lambda row: f"/roles/{row['id']}"),
        Column(_("What it is for"), lambda row: row["description"]),
        Column(_("Where"), lambda row: visit.networks.get(row["network"], row["network"]) or _("anywhere")),
        Column(_("Permissions"), lambda row: len(row["permissions"]), number=True),
        Column(_("Second factor"), lambda row: _("needed") if row["totp_required"] else ""),
        Column(_("Made by"), lambda row: "Raycharge" if row["builtin"] else _("an operator")),
    ]
    await Listing(visit, "/roles", columns, label=_("Roles")).show()
    await _policy(visit)


async def _add(visit: Visit) -> None:
    networks = {"": _("anywhere")} | visit.networks
    fields = [*_fields(), Field("network", _("Where it may be given"), "choice", options=networks, empty=None)]

    async def send(body: dict[str, Any]) -> Any:
        return await visit.api.post("/roles", {**body, "network": body.get("network") or None})

    made = await filled(_("New role"), fields, send, action=_("Make the role"), values={"network": visit.network})
    if made is not None:
        ui.navigate.to(f"/roles/{made['id']}")


async def _policy(visit: Visit) -> None:
    if None not in {grant.network for grant in visit.principal.grants}:
        return
    answer = await visit.api.ask("GET", f"/login-policies/{STAFF}")
    with card(_("Second factor of the staff")):
        text("p", _("Whoever has none yet can do nothing but set one up after the next login."), "rc-soft")
        needed = ui.checkbox(_("Everybody of the staff must show a second factor"), value=answer.data["totp_required"])

        async def save() -> None:
            await visit.api.put(f"/login-policies/{STAFF}", {"totp_required": needed.value}, etag=answer.etag)
            done(_("Saved."))
            ui.navigate.reload()

        if visit.may("roles:write"):
            button(_("Save"), save)
        else:
            needed.disable()


@page("/roles/{id}", N_("Role"), "roles:read")
async def role(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/roles/{id}")
    row = answer.data
    with card(row["name"]):
        facts(
            [
                (_("What it is for"), row["description"]),
                (_("Where"), visit.networks.get(row["network"], row["network"]) or _("anywhere")),
                (_("Permissions"), lambda: text("p", ", ".join(row["permissions"]), "rc-code")),
            ]
        )
    if row["builtin"]:
        text(
            "p",
            _("It comes with Raycharge and follows its releases; make one of your own to change something."),
            "rc-soft",
        )
    elif visit.may("roles:write"):
        _editor(visit, row, answer.etag)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    with card(_("Change it")):
        form = Form(_fields(), row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(f"/roles/{row['id']}", body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def delete() -> None:
            if await sure(_("Delete this role?"), _("Nobody may have it any more."), _("Delete it")):
                await visit.api.delete(f"/roles/{row['id']}", etag=etag)
                ui.navigate.to("/roles")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Delete …"), delete, danger=True)
