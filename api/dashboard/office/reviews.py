"""Sessions that finance has to decide about: why, what the bill would be, and bill, correct or waive."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, filled
from api.dashboard.office.form import Field
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import card, chip, facts, link, moment, money, number, table
from api.ui.page import Place, page
from api.ui.parts.notices import done, empty, text
from api.ui.texts import N_, _
from api.ui.visit import Visit


@page("/reviews", N_("Reviews"), "billing:read", Place("business", "rule", 60))
async def reviews(visit: Visit) -> None:
    if visit.may("billing:write"):
        with visit.actions():
            button(_("Decide about many …"), lambda: _many(visit))
    columns = [
        Column(_("Session"), lambda row: row["session"], "", lambda row: f"/reviews/{row['id']}"),
        Column(_("Charge point"), lambda row: row["charge_point"]),
        Column(
            _("What is doubtful"), lambda row: ", ".join(each["doubt"].replace("_", " ") for each in row["findings"])
        ),
        Column(_("Bill as it stands"), _proposed, number=True),
        Column(_("State"), lambda row: chip(row["state"])),
        Column(_("Since"), lambda row: moment(row["opened_at"]), "opened"),
    ]
    filters = [
        Filter("state", _("State"), {"open": _("Open"), "resolved": _("Resolved")}),
        Filter("session", _("Session")),
    ]
    params = visit.where(state="open")
    nothing = _("Nothing waits: every settled session was billed.")
    await Listing(visit, "/reviews", columns, filters=filters, params=params, nothing=nothing).show()


def _proposed(row: Any) -> str:
    bill = row["proposed"]
    return "" if bill is None else money(bill["gross"], bill["currency"])


async def _many(visit: Visit) -> None:
    fields = [
        Field("network", _("Network"), "choice", options=visit.networks),
        Field("doubt", _("What is doubtful"), help=_("E.g. no_issuer: as in the list, with underscores")),
        Field("decision", _("Decision"), "choice", options={"bill": _("Bill them"), "waive": _("Waive them")}),
        Field("note", _("Why"), wide=True),
    ]
    values = {"network": visit.network or next(iter(visit.networks), "default"), "decision": "bill"}
    made = await filled(
        _("Decide about all with one cause"),
        fields,
        lambda body: visit.api.post("/reviews/resolution", body),
        action=_("Decide"),
        values=values,
        about=_("Only open ones for which nothing else is doubtful are billed."),
    )
    if made is not None:
        done(_("{n} are resolved.", n=len(made["resolved"])))
        ui.navigate.reload()


@page("/reviews/{id}", N_("Review"), "billing:read")
async def review(visit: Visit, id: str) -> None:
    answer = await visit.api.ask("GET", f"/reviews/{id}")
    row = answer.data
    with ui.element("div").classes("rc-grid"):
        with card(_("The session")):
            facts(
                [
                    (_("Session"), lambda: link(row["session"], f"/sessions/{row['session']}")),
                    (_("Charge point"), row["charge_point"]),
                    (_("State"), lambda: chip(row["state"])),
                    (_("Began"), moment(row["started_at"])),
                    (_("Ended"), moment(row["ended_at"])),
                    (_("Energy"), number(row["energy_kwh"], "kWh")),
                    *_decided(row),
                ]
            )
        with card(_("What is doubtful")):
            for each in row["findings"]:
                with ui.element("div").classes("rc-stack rc-tight"):
                    text("strong", each["doubt"].replace("_", " "))
                    text("p", f"{each['detail']} {each['suggestion']}")
        with card(_("Bill as it stands")):
            bill_shown(row["proposed"])
            if row["state"] == "open" and visit.may("billing:write"):
                _decisions(visit, row, answer.etag)


def _decided(row: dict[str, Any]) -> list[tuple[str, Any]]:
    if row["state"] == "open":
        return []
    receipt = row["receipt"]
    told: list[tuple[str, Any]] = [
        (_("Decision"), row["resolution"]),
        (_("By"), row["resolved_by"]),
        (_("When"), moment(row["resolved_at"])),
        (_("Why"), row["note"]),
    ]
    return [*told, (_("Receipt"), lambda: link(receipt, f"/receipts/{receipt}"))] if receipt else told


def bill_shown(bill: dict[str, Any] | None) -> None:
    """A bill with its lines and taxes."""
    if bill is None:
        empty(_("No bill can be made of it as it is."), "receipt_long")
        return
    currency = bill["currency"]
    rows = [
        [
            line.get("kind", ""),
            f"{line.get('quantity', '')} {line.get('unit', '')}",
            money(line.get("amount"), currency),
        ]
        for line in bill["lines"]
    ]
    table([_("For"), _("Quantity"), _("Amount")], rows, label=_("Lines of the bill"), numbers=(2,))
    told = [(_("Without tax"), money(bill["net"], currency))]
    told += [(tax.get("name", ""), money(tax.get("amount"), currency)) for tax in bill["taxes"]]
    facts([*told, (_("To pay"), money(bill["gross"], currency))])


def _decisions(visit: Visit, row: dict[str, Any], etag: str) -> None:
    note = Field("note", _("Why"), wide=True)
    figures = [
        Field("figures.energy_kwh", _("Energy, kWh"), "amount"),
        Field("figures.started_at", _("Began (UTC)"), "moment"),
        Field("figures.ended_at", _("Connector free again (UTC)"), "moment"),
    ]

    async def decide(decision: str, title: str, fields: list[Field], about: str) -> None:
        async def send(body: dict[str, Any]) -> Any:
            told = {**body, "decision": decision}
            return (await visit.api.ask("POST", f"/reviews/{row['id']}/resolution", told, etag=etag)).data

        if await filled(title, fields, send, action=title, about=about) is not None:
            done(_("Decided."))
            ui.navigate.reload()

    bill_about = _("A receipt is written by what the station said. It is never changed.")
    correct_about = _("A receipt is written by these figures instead; the course is bent in proportion.")
    waive_about = _("The session costs nothing. What was held on a card goes back.")
    with ui.element("div").classes("rc-row"):
        button(_("Bill it …"), lambda: decide("bill", _("Bill it"), [note], bill_about), first=True)
        button(_("Correct it …"), lambda: decide("correct", _("Bill these figures"), [*figures, note], correct_about))
        button(_("Waive it …"), lambda: decide("waive", _("Waive it"), [note], waive_about), danger=True)
