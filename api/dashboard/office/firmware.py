"""Firmware images: what operators keep for their stations, with what the vendor says of them."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from api.dashboard.office.asking import button, goes_to, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.listing import Column, Listing
from api.dashboard.office.shown import card, facts, moment, size
from api.ui.page import Place, page
from api.ui.parts.notices import done, problems_told, text
from api.ui.texts import N_, _
from api.ui.visit import Visit


def _fields() -> list[Field]:
    return [
        Field("name", _("File name"), help=_("Stations take the file's kind from its ending")),
        Field("vendor", _("Make")),
        Field("model", _("Model")),
        Field("version", _("Version")),
        Field("note", _("Note"), wide=True),
    ]


@page("/firmware", N_("Firmware"), "firmware:read", Place("operate", "memory", 80))
async def firmware(visit: Visit) -> None:
    columns = [
        Column(_("File"), lambda row: row["name"], "", lambda row: f"/firmware/{row['id']}"),
        Column(_("Make"), lambda row: f"{row['vendor']} {row['model']}".strip()),
        Column(_("Version"), lambda row: row["version"]),
        Column(_("Size"), lambda row: size(row["size"]), number=True),
        Column(_("Signed"), lambda row: _("Yes") if row["signature"] else _("No")),
        Column(_("Whose"), lambda row: visit.networks.get(row["network"], row["network"]) or _("everybody's")),
        Column(_("Uploaded"), lambda row: moment(row["created_at"])),
    ]
    listing = Listing(visit, "/firmware", columns, label=_("Firmware images"))
    if visit.may("firmware:write"):
        _upload(visit, listing)
    if visit.may("campaigns:write"):
        with visit.actions():
            goes_to(_("Update many by a campaign"), "/campaigns/new", icon="campaign")
    await listing.show()


def _upload(visit: Visit, listing: Listing) -> None:
    with card(_("Upload an image")):
        form = Form(_fields()[1:], {}, whole=True, guarded=False)
        form.draw()
        waiting = ui.element("div").classes("rc-row").props('role="status"')

        async def chosen(event: UploadEventArguments) -> None:
            waiting.clear()
            with waiting:
                ui.spinner(size="sm")
                text("span", _("Keeping {file} …", file=event.file.name))
            with problems_told():
                params = {"name": event.file.name, "network": visit.network or None, **form.body()}
                kind = {"content-type": "application/octet-stream"}
                await visit.api.ask("POST", "/firmware", params=params, content=await event.file.read(), headers=kind)
                done(_("{file} is kept.", file=event.file.name))
                await listing.again()
            waiting.clear()
            upload.reset()

        upload = ui.upload(auto_upload=True, on_upload=chosen).style("display: none")
        pick = f"() => getHtmlElement({upload.id}).querySelector('input[type=file]').click()"
        choose = ui.button(_("Choose a file …"), icon="upload_file", color=None).props("unelevated color=primary")
        choose.on("click", js_handler=pick)


@page("/firmware/{id}", N_("Firmware image"), "firmware:read")
async def image(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/firmware/{id}")
    row = answer.data
    with ui.element("div").classes("rc-grid"):
        with card(row["name"]):
            facts(
                [
                    (_("Id"), row["id"]),
                    (_("Size"), size(row["size"])),
                    ("SHA-256", lambda: text("code", row["sha256"], "rc-code")),
                    (_("Whose"), visit.networks.get(row["network"], row["network"]) or _("everybody's")),
                    (_("Uploaded"), moment(row["created_at"])),
                    (_("By"), row["created_by"]),
                ]
            )
        if visit.may("firmware:write"):
            _editor(visit, row, answer.etag)


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    signing = [
        Field("signing_certificate", _("The vendor's certificate, PEM"), "area"),
        Field("signature", _("Signature, base64"), "area"),
    ]
    with card(_("Change it")):
        form = Form([*_fields(), *signing], row, whole=False)
        form.draw()

        async def save() -> None:
            if await form.save(lambda body: visit.api.patch(f"/firmware/{row['id']}", body, etag=etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def delete() -> None:
            about = _("Stations that are on their way to fetch it find it gone.")
            if await sure(_("Delete this image?"), about, _("Delete it")):
                await visit.api.delete(f"/firmware/{row['id']}")
                ui.navigate.to("/firmware")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Delete …"), delete, danger=True)
