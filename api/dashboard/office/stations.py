"""Stations: where charge points stand; the list, and one station with all that is there."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled, goes_to, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.hours import HoursInput
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.position import position_map
from api.dashboard.office.shown import card, chip, facts, link, moment
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty, text
from api.ui.texts import N_, _, n_
from api.ui.visit import Visit


def _fields() -> list[Field]:
    return [
        Field("name", _("Name")),
        Field("street", _("Street and number")),
        Field("postal_code", _("Postal code")),
        Field("city", _("City")),
        Field("region", _("State or region")),
        Field("country", _("Country"), help=_("Two letters; empty: its network's")),
        Field("latitude", _("Latitude"), "number", help=_("Degrees, WGS 84")),
        Field("longitude", _("Longitude"), "number", help=_("Degrees, WGS 84")),
        Field("time_zone", _("Time zone"), help=_("Empty: its network's")),
        Field("tags", _("Tags"), "words", help=_("Separated by commas")),
        Field("parking", _("Where to park"), "area"),
        Field("access", _("How to get in"), "area"),
        Field("notes", _("Notes for the staff"), "area"),
        Field("public", _("Drivers are shown it"), "toggle"),
    ]


@page("/stations", N_("Stations"), "stations:read", Place("business", "store", 10))
async def stations(visit: Visit) -> None:
    with visit.actions():
        if visit.may("stations:write"):
            button(_("New station"), lambda: _add(visit), icon="add", first=True)
            goes_to(_("Import and export"), "/transfer", icon="swap_vert")
        if visit.may("charge-points:write"):
            goes_to(_("Set up a charger"), "/set-up", icon="ev_station")
    columns = [
        Column(_("Name"), lambda row: row["name"], "name", lambda row: f"/stations/{row['id']}"),
        Column(_("City"), lambda row: row["city"], "city"),
        Column(_("Network"), lambda row: visit.networks.get(row["network"], row["network"])),
        Column(_("Charge points"), _standing, number=True),
        Column(_("Tags"), lambda row: ", ".join(row["tags"])),
        Column(_("State"), lambda row: chip("retired" if row["retired_at"] else "active")),
    ]
    filters = [Filter("tag", _("Tag"))]
    if len(visit.networks) > 1:
        filters.insert(0, Filter("network", _("Network"), visit.networks))
    params = {"network": visit.query.get("network") or visit.network}
    listing = Listing(
        visit, "/stations", columns, search="q", sort="name", filters=filters, params=params, label=_("Stations")
    )
    await listing.show()


def _standing(row: Any) -> str:
    there = row["charge_points"]
    away = sum(each["link"] not in ("connected", "reconnecting") for each in there)
    return f"{len(there)}" + (f" ({n_('{n} offline', '{n} offline', away)})" if away else "")


async def _add(visit: Visit) -> None:
    networks = visit.networks or {"default": "default"}
    fields = [
        Field("id", _("Id"), help=_("Letters, digits, - and _; it never changes")),
        Field("network", _("Network"), "choice", options=networks),
        *_fields(),
    ]
    values = {"network": visit.network or next(iter(networks)), "public": True}
    made = await filled(
        _("New station"),
        fields,
        lambda body: visit.api.post("/stations", body),
        action=_("Make the station"),
        values=values,
    )
    if made is not None:
        ui.navigate.to(f"/stations/{made['id']}")


@page("/stations/{id}", N_("Station"), "stations:read")
async def station(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/stations/{id}")
    row = answer.data
    may = visit.may("stations:write") and not row["retired_at"]
    with visit.actions():
        if visit.may("charge-points:write") and not row["retired_at"]:
            goes_to(_("Set up a charger here"), f"/set-up?station={id}", icon="ev_station")
        goes_to(_("Sheet of QR codes"), f"/stations/{id}/sheet", icon="qr_code_2")
    with ui.element("div").classes("rc-grid"):
        with card(row["name"]):
            facts(_told(visit, row))
        with card(_("Charge points")):
            _charge_points(row)
        if may:
            _editor(visit, row, answer.etag)


def _told(visit: Visit, row: dict[str, Any]) -> list[tuple[str, Any]]:
    where = ", ".join(each for each in (row["street"], f"{row['postal_code']} {row['city']}".strip()) if each)
    network = row["network"]
    position = "" if row["latitude"] is None else f"{row['latitude']:.5f}, {row['longitude']:.5f}"
    return [
        (_("Id"), row["id"]),
        (_("Network"), lambda: link(visit.networks.get(network, network), f"/networks/{network}")),
        (_("Address"), where),
        (_("Position"), position),
        (_("Time zone"), row["time_zone"] or _("as its network")),
        (_("State"), lambda: chip("retired" if row["retired_at"] else "active")),
        (_("Shown to drivers"), _("Yes") if row["public"] else _("No")),
        (_("Tags"), ", ".join(row["tags"])),
        (_("Made"), moment(row["created_at"], row["time_zone"] or "UTC")),
    ]


def _charge_points(row: dict[str, Any]) -> None:
    """Charge points with their connectors, as a tree of lists."""
    if not row["charge_points"]:
        empty(_("No charge point stands here yet."), "ev_station")
        return
    with ui.element("ul").classes("rc-tree"):
        for each in row["charge_points"]:
            with ui.element("li"):
                with ui.element("div").classes("rc-row rc-tight"):
                    link(each["name"] or each["id"], f"/charge-points/{each['id']}")
                    chip(each["link"] or "offline")
                    if each["commissioning"] != "live":
                        chip(each["commissioning"])
                with ui.element("ul"):
                    for connector in each["connectors"]:
                        power = connector["max_power_w"]
                        told = [
                            connector["label"] or f"{connector['evse']}/{connector['connector']}",
                            connector["type"],
                        ]
                        told += [f"{power / 1000:g} kW"] if power else []
                        told += [connector["status"]] if connector["status"] else []
                        text("li", " · ".join(told), "rc-soft")


def _editor(visit: Visit, row: dict[str, Any], etag: str) -> None:
    with card(_("Change it")).classes("rc-wide"):
        form = Form(_fields(), row, whole=False)
        form.draw()
        position_map(visit, form, row["latitude"], row["longitude"])
        hours = HoursInput(row["opening_hours"])
        before = hours.value

        async def send(body: dict[str, Any]) -> Any:
            if hours.value != before:
                body["opening_hours"] = hours.value
            return await visit.api.patch(f"/stations/{row['id']}", body, etag=etag)

        async def save() -> None:
            if await form.save(send) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def retire() -> None:
            about = _("Drivers are shown it no more. It must have no charge points; its sessions and receipts stay.")
            if await sure(_("Retire this station?"), about, _("Retire it")):
                await visit.api.delete(f"/stations/{row['id']}", etag=etag)
                ui.navigate.to("/stations")

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            button(_("Retire …"), retire, danger=True)


@page("/stations/{id}/sheet", N_("Sheet of QR codes"), "stations:read")
async def sheet(visit: Visit, id: str) -> None:
    """For printing: one code a connector, with what is written on it."""
    row = await visit.api.get(f"/stations/{id}")
    with visit.actions():
        ui.button(_("Print"), icon="print", color=None).props("unelevated color=primary").on(
            "click", js_handler="() => window.print()"
        )
    text(
        "p",
        _(
            "{station}: one code for each connector. Whoever scans it is led to it in the driver's app.",
            station=row["name"],
        ),
    )
    with ui.element("div").classes("rc-sheet"):
        for each in row["charge_points"]:
            for connector in each["connectors"]:
                await _code(visit, row, each, connector)


async def _code(visit: Visit, row: dict[str, Any], charge_point: dict[str, Any], connector: dict[str, Any]) -> None:
    where = f"/charge-points/{charge_point['id']}/connectors/{connector['evse']}/{connector['connector']}/qr"
    picture = (await visit.api.ask("GET", where, params={"format": "svg", "scale": 6})).content.decode()
    picture = picture[picture.index("<svg") :]
    label = connector["label"] or f"{charge_point['id']} / {connector['evse']}"
    with ui.element("figure").classes("rc-code-card"):
        made = ui.html(picture, sanitize=False)
        made.props["role"], made.props["aria-label"] = "img", _("QR code of {label}", label=label)
        with ui.element("figcaption").classes("rc-stack rc-tight"):
            text("strong", label)
            text("span", connector["code"], "rc-code")
            text("span", row["name"], "rc-soft rc-small")
