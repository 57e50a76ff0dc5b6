"""People's accounts: invite, give roles by network, disable, help with a lost password or second factor."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, moment, table
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty
from api.ui.texts import N_, _
from api.ui.visit import Visit

EVERYWHERE = ""


@page("/users", N_("Users"), "users:read", Place("people", "group", 10))
async def users(visit: Visit) -> None:
    if visit.may("users:write"):
        with visit.actions():
            button(_("Invite somebody"), lambda: _invite(visit), icon="person_add", first=True)
    roles = await _roles(visit)
    columns = [
        Column(_("E-mail"), lambda row: row["email"], "email", lambda row: f"/users/{row['id']}"),
        Column(_("Name"), lambda row: row["name"], "name"),
        Column(_("Kind"), lambda row: _("staff") if row["kind"] == "staff" else _("driver")),
        Column(_("Roles"), lambda row: ", ".join(_granted(visit, each) for each in row["roles"])),
        Column(_("State"), lambda row: chip(_state(row))),
        Column(_("Since"), lambda row: moment(row["created_at"]), "created"),
    ]
    filters = [
        Filter("kind", _("Kind"), {"staff": _("Staff"), "driver": _("Drivers")}),
        Filter("role", _("Role"), roles),
        Filter("disabled", _("State"), {"false": _("Active"), "true": _("Disabled")}),
    ]
    params = {"kind": "staff", "network": visit.network}
    listing = Listing(visit, "/users", columns, search="text", sort="email", filters=filters, params=params)
    await listing.show()


def _state(row: dict[str, Any]) -> str:
    if row["disabled"]:
        return "disabled"
    return "active" if row["email_verified"] else "invited"


def _granted(visit: Visit, grant: dict[str, Any]) -> str:
    where = _("everywhere") if grant["network"] is None else visit.networks.get(grant["network"], grant["network"])
    return f"{grant['name']} ({where})"


async def _roles(visit: Visit) -> dict[str, str]:
    """Roles that can be granted to staff, by id."""
    if not visit.may("roles:read"):
        return {}
    return {row["id"]: row["name"] for row in await visit.api.pages("/roles") if row["id"] != "driver"}


async def _role_fields(visit: Visit) -> list[Field]:
    networks = {EVERYWHERE: _("the whole installation")} | visit.networks
    return [
        Field("role", _("Role"), "choice", options=await _roles(visit)),
        Field("network", _("Where"), "choice", options=networks),
    ]


def _grant_of(body: dict[str, Any]) -> dict[str, Any]:
    return {"role": body.pop("role", ""), "network": body.pop("network", EVERYWHERE) or None}


async def _invite(visit: Visit) -> None:
    fields = [Field("email", _("E-mail address")), Field("name", _("Name")), *await _role_fields(visit)]

    async def send(body: dict[str, Any]) -> Any:
        grant = _grant_of(body)
        return await visit.api.post("/users", {**body, "roles": [grant]})

    made = await filled(
        _("Invite somebody"),
        fields,
        send,
        action=_("Send the invitation"),
        values={"network": visit.network, "role": "support"},
        about=_("They get a letter with a code, and choose their password with it."),
    )
    if made is not None:
        ui.navigate.to(f"/users/{made['id']}")


@page("/users/{id}", N_("User"), "users:read")
async def user(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/users/{id}")
    row, may = answer.data, visit.may("users:write")
    with ui.element("div").classes("rc-grid"):
        with card(row["name"] or row["email"]):
            facts(
                [
                    (_("E-mail"), row["email"]),
                    (_("State"), lambda: chip(_state(row))),
                    (_("Kind"), _("staff") if row["kind"] == "staff" else _("driver")),
                    (_("Since"), moment(row["created_at"])),
                    (_("Changed"), moment(row["updated_at"])),
                ]
            )
            if may:
                _help(visit, row)
        _grants(visit, row, may)
        await _logins(visit, row, may)
        if may:
            _editor(visit, row, answer.etag)


def _help(visit: Visit, row: dict[str, Any]) -> None:
    where = f"/users/{row['id']}"

    async def told(path: str, words: str) -> None:
        await visit.api.post(f"{where}/{path}")
        done(words)

    async def lost_factor() -> None:
        about = _("They can log in with their password alone until they set up another one. All their logins end.")
        if await sure(_("Take the second factor away?"), about, _("Take it away")):
            await visit.api.delete(f"{where}/second-factor")
            done(_("The second factor is gone."))

    with ui.element("div").classes("rc-row"):
        if not row["email_verified"]:
            button(_("Send the invitation again"), lambda: told("invitation", _("The letter is on its way.")))
        button(_("Send a password reset"), lambda: told("password-reset", _("The letter is on its way.")))
        button(_("Second factor lost …"), lost_factor)


def _grants(visit: Visit, row: dict[str, Any], may: bool) -> None:
    where = f"/users/{row['id']}/roles"

    async def grant() -> None:
        made = await filled(
            _("Give a role"),
            await _role_fields(visit),
            lambda body: visit.api.post(where, _grant_of(body)),
            action=_("Give it"),
            values={"network": visit.network},
            about=_("You can only give what you hold yourself in the same place."),
        )
        if made is not None:
            ui.navigate.reload()

    async def withdraw(each: dict[str, Any]) -> None:
        about = _("It counts no more at once, also for their API keys.")
        if await sure(_("Take {role} away?", role=each["name"]), about, _("Take it away")):
            await visit.api.delete(f"{where}/{each['id']}")
            ui.navigate.reload()

    with card(_("Roles")):
        rows = [
            [
                each["name"],
                _("the whole installation")
                if each["network"] is None
                else visit.networks.get(each["network"], each["network"]),
                (lambda each=each: button(_("Take away …"), lambda: withdraw(each))) if may else "",
            ]
            for each in row["roles"]
        ]
        if rows:
            table([_("Role"), _("Where"), ""], rows, label=_("Roles"))
        else:
            empty(_("No role: nothing can be done with this account."), "no_accounts")
        if may and row["kind"] == "staff":
            button(_("Give a role …"), grant, icon="add")


async def _logins(visit: Visit, row: dict[str, Any], may: bool) -> None:
    found = (await visit.api.get(f"/users/{row['id']}/logins"))["items"]

    async def end_all() -> None:
        about = _("They are out at once in every browser and have to log in again.")
        if await sure(_("Log them out everywhere?"), about, _("Log them out")):
            await visit.api.delete(f"/users/{row['id']}/logins")
            ui.navigate.reload()

    with card(_("Logged in")):
        rows = [
            [
                moment(each["created_at"]),
                each["address"],
                each["client"][:60],
                _("Yes") if each["second_factor"] else _("No"),
            ]
            for each in found
        ]
        if rows:
            table([_("Since"), _("From"), _("Program"), _("Second factor")], rows, label=_("Logged in"))
        else:
            empty(_("Nowhere at the moment."), "logout")
        if may and rows:
            button(_("Log out everywhere …"), end_all, danger=True)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    where = f"/users/{row['id']}"
    with card(_("Change it")):
        form = Form([Field("email", _("E-mail address")), Field("name", _("Name"))], row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(where, body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def disable() -> None:
            about = _("They are out at once, API keys included. Nothing of theirs is deleted.")
            if row["disabled"] or await sure(_("Disable this account?"), about, _("Disable it")):
                await visit.api.patch(where, {"disabled": not row["disabled"]}, etag=etag)
                ui.navigate.reload()

        async def delete() -> None:
            about = _(
                "Nothing is left that tells who it was; receipts and the audit log keep the id. It cannot be undone."
            )
            if await sure(_("Delete this account?"), about, _("Delete it")):
                await visit.api.delete(where, etag=etag)
                ui.navigate.to("/users")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Enable") if row["disabled"] else _("Disable …"), disable, danger=not row["disabled"])
            button(_("Delete …"), delete, danger=True)
