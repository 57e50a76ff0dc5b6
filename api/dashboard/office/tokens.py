"""Tokens: what may charge; their groups with limits; blocking, assigning, importing."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, goes_to, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment
from api.ui.page import Place, page
from api.ui.parts.notices import done
from api.ui.texts import N_, _
from api.ui.visit import Visit

KINDS = {
    "RFID": N_("Card"),
    "app": N_("App"),
    "autocharge": N_("Autocharge"),
    "emaid": N_("Contract"),
    "ad_hoc": N_("Ad hoc"),
    "central": N_("Central"),
}


def _fields() -> list[Field]:
    return [
        Field("label", _("Label")),
        Field("visual_number", _("Printed on it")),
        Field("group", _("Group"), help=_("Its id; empty: none")),
        Field("driver", _("Driver"), help=_("Id of whose it is"), empty=None),
        Field("valid_from", _("Valid from (UTC)"), "moment"),
        Field("expires_at", _("Expires (UTC)"), "moment"),
        Field("max_sessions", _("Sessions at once"), "whole", help=_("Empty: any number")),
        Field("credit_limit", _("May owe at most"), "amount"),
        Field("language", _("Language of its holder")),
        Field("contract_id", _("Contract id")),
    ]


@page("/tokens", N_("Tokens"), "tokens:read", Place("people", "contactless", 40))
async def tokens(visit: Visit) -> None:
    with visit.actions():
        if visit.may("tokens:write"):
            button(_("New token"), lambda: _add(visit), icon="add", first=True)
        goes_to(_("Groups"), "/token-groups", icon="workspaces")
        if visit.may("stations:read"):
            goes_to(_("Import and export"), "/transfer", icon="swap_vert")
    columns = [
        Column(_("Token"), lambda row: row["id_token"], "id_token", _address),
        Column(_("Label"), lambda row: row["label"]),
        Column(_("Kind"), lambda row: row["kind"]),
        Column(_("State"), lambda row: chip("active" if row["status"] == "Accepted" else row["status"])),
        Column(_("Group"), lambda row: row["group"]),
        Column(_("Network"), lambda row: visit.networks.get(row["network"], row["network"]) or _("all")),
        Column(_("Expires"), lambda row: moment(row["expires_at"]) if row["expires_at"] else ""),
    ]
    filters = [
        Filter("status", _("State"), {each: each for each in ("Accepted", "Blocked", "Expired", "Invalid")}),
        Filter("group", _("Group")),
    ]
    await Listing(visit, "/tokens", columns, search="text", filters=filters, params=visit.where()).show()


def _address(row: Any) -> str:
    network = f"?network={row['network']}" if row["network"] else ""
    return f"/tokens/{row['id_token']}{network}"


async def _add(visit: Visit) -> None:
    fields = [
        Field("id_token", _("Token"), help=_("OCPP 1.6 stations send at most 20 characters")),
        Field("network", _("Network"), "choice", options=visit.networks),
        *_fields(),
    ]
    values = {"network": visit.network or next(iter(visit.networks), "default")}
    made = await filled(
        _("New token"), fields, lambda body: visit.api.post("/tokens", body), action=_("Add the token"), values=values
    )
    if made is not None:
        ui.navigate.to(_address(made))


@page("/tokens/{id}", N_("Token"), "tokens:read")
async def token(visit: Visit, id: str) -> None:
    where = {"network": visit.query.get("network") or None}
    answer = await visit.api.ask("GET", f"/tokens/{id}", params=where)
    row, may = answer.data, visit.may("tokens:write")

    async def change(body: dict[str, Any]) -> Any:
        return (await visit.api.ask("PATCH", f"/tokens/{id}", body, params=where, etag=answer.etag)).data

    driver = row["driver"]
    with ui.element("div").classes("rc-grid"):
        with card(row["label"] or row["id_token"]):
            facts(
                [
                    (_("Token"), row["id_token"]),
                    (_("State"), lambda: chip("active" if row["status"] == "Accepted" else row["status"])),
                    (_("Why blocked"), row["block_reason"]),
                    (_("Network"), visit.networks.get(row["network"], row["network"]) or _("all")),
                    (_("Driver"), (lambda: link(driver, f"/drivers/{driver}")) if driver else ""),
                    (_("Group"), row["group"]),
                    (_("Owed now"), row["credit_used"]),
                    (_("Sessions"), lambda: link(_("Its sessions"), f"/sessions?id_token={row['id_token']}")),
                ]
            )
            if may:
                _block(row, change)
        if may:
            _editor(visit, id, row, change, where, answer.etag)


def _block(row: dict[str, Any], change: Any) -> None:
    async def block() -> None:
        fields = [Field("block_reason", _("Why"), wide=True)]
        made = await filled(
            _("Block this token"),
            fields,
            lambda body: change({**body, "status": "Blocked"}),
            action=_("Block it"),
            about=_("Nobody can start with it from the next second on. A session that runs goes on."),
        )
        if made is not None:
            ui.navigate.reload()

    async def unblock() -> None:
        await change({"status": "Accepted"})
        ui.navigate.reload()

    if row["status"] == "Accepted":
        button(_("Block …"), block, danger=True)
    else:
        button(_("Unblock"), unblock)


def _editor(visit: Visit, id: str, row: dict[str, Any], change: Any, where: dict[str, Any], etag: str) -> None:
    with card(_("Change it")):
        form = Form(_fields(), row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(change) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def forget() -> None:
            if await sure(_("Forget this token?"), _("Its sessions and receipts stay."), _("Forget it")):
                await visit.api.ask("DELETE", f"/tokens/{id}", params=where, etag=etag)
                ui.navigate.to("/tokens")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Forget …"), forget, danger=True)


def _group_fields() -> list[Field]:
    return [
        Field("name", _("Name")),
        Field("parent", _("Within the group"), help=_("Its id; its limits count here, too")),
        Field("status", _("State"), "choice", options={"Accepted": _("May charge"), "Blocked": _("Blocked")}),
        Field("block_reason", _("Why blocked")),
        Field("max_sessions", _("Sessions at once, all tokens together"), "whole"),
        Field("credit_limit", _("May owe at most, all together"), "amount"),
    ]


@page("/token-groups", N_("Token groups"), "tokens:read")
async def groups(visit: Visit) -> None:
    if visit.may("tokens:write"):
        with visit.actions():
            button(_("New group"), lambda: _add_group(visit), icon="add", first=True)
    columns = [
        Column(_("Id"), lambda row: row["id"], "id", _group_address),
        Column(_("Name"), lambda row: row["name"], "name"),
        Column(_("State"), lambda row: chip("active" if row["status"] == "Accepted" else row["status"])),
        Column(_("Within"), lambda row: row["parent"]),
        Column(_("Sessions at once"), lambda row: row["max_sessions"], number=True),
        Column(_("Owed of"), lambda row: f"{row['credit_used']} / {row['credit_limit'] or '∞'}", number=True),
    ]
    await Listing(visit, "/token-groups", columns, params=visit.where(), label=_("Token groups")).show()


def _group_address(row: Any) -> str:
    network = f"?network={row['network']}" if row["network"] else ""
    return f"/token-groups/{row['id']}{network}"


async def _add_group(visit: Visit) -> None:
    fields = [
        Field("id", _("Id"), help=_("As the stations send it: parent idTag, groupIdToken")),
        Field("network", _("Network"), "choice", options=visit.networks),
        *_group_fields(),
    ]
    values = {"network": visit.network or next(iter(visit.networks), "default"), "status": "Accepted"}
    made = await filled(
        _("New group"),
        fields,
        lambda body: visit.api.post("/token-groups", body),
        action=_("Make the group"),
        values=values,
    )
    if made is not None:
        ui.navigate.reload()


@page("/token-groups/{id}", N_("Token group"), "tokens:read")
async def group(visit: Visit, id: str) -> None:
    where = {"network": visit.query.get("network") or None}
    answer = await visit.api.ask("GET", f"/token-groups/{id}", params=where)
    row = answer.data
    with ui.element("div").classes("rc-grid"):
        with card(row["name"] or row["id"]):
            told = [
                (_("Id"), row["id"]),
                (_("State"), lambda: chip("active" if row["status"] == "Accepted" else row["status"])),
                (_("Owed now"), row["credit_used"]),
                (_("Tokens"), lambda: link(_("Its tokens"), f"/tokens?group={row['id']}")),
            ]
            facts(told)
        if not visit.may("tokens:write"):
            return
        with card(_("Change it")):
            form = Form(_group_fields(), row, whole=False)
            form.draw()

            async def send(body: dict[str, Any]) -> Any:
                return (await visit.api.ask("PATCH", f"/token-groups/{id}", body, params=where, etag=answer.etag)).data

            async def save() -> None:
                if await form.save(send) is not None:
                    done(_("Saved."))
                    ui.navigate.reload()

            button(_("Save"), save, first=True)
