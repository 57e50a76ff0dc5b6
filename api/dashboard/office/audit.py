"""The audit log: who changed or commanded what, from where, and what it was before."""

from __future__ import annotations

from typing import Any

import orjson
from nicegui import ui

from api.dashboard.office.asking import button
from api.dashboard.office.listing import Column, Filter, Listing
from api.dashboard.office.shown import NOTHING, card, facts, link, moment
from api.dashboard.office.work import begin_export
from api.ui.page import Place, page
from api.ui.parts.notices import text
from api.ui.texts import N_, _
from api.ui.visit import Visit

PAGES_OF = {
    "charge_point": "/charge-points/",
    "station": "/stations/",
    "network": "/networks/",
    "tariff": "/tariffs/",
    "user": "/users/",
    "account": "/users/",
    "token": "/tokens/",
    "driver": "/drivers/",
    "role": "/roles/",
    "issuer": "/issuers/",
    "campaign": "/campaigns/",
}
"""Kind of thing → where its page is."""


@page("/audit", N_("Audit log"), "audit:read", Place("settings", "history", 50))
async def audit(visit: Visit) -> None:
    columns = [
        Column(_("When"), lambda row: moment(row["at"]), "at", lambda row: f"/audit/{row['id']}"),
        Column(_("Who"), lambda row: row["actor"]["label"] or f"{row['actor']['kind']} {row['actor']['id']}"),
        Column(_("From"), lambda row: row["actor"]["address"]),
        Column(_("Did"), lambda row: row["action"].replace("_", " ")),
        Column(_("What"), lambda row: row["kind"].replace("_", " ")),
        Column(_("Which"), lambda row: row["subject"]),
        Column(_("Changes"), lambda row: ", ".join(sorted({**(row["before"] or {}), **(row["after"] or {})}))[:80]),
    ]
    who = {
        "user": _("Staff"),
        "driver": _("Drivers"),
        "api_key": _("API keys"),
        "system": _("The system"),
        "anonymous": _("Nobody known"),
    }
    filters = [
        Filter("subject", _("Which (id)")),
        Filter("kind", _("What, e.g. charge_point")),
        Filter("action", _("Did, e.g. changed")),
        Filter("actor_kind", _("Who"), who),
        Filter("since", _("Since"), kind="date"),
        Filter("until", _("Before"), kind="date"),
    ]
    params = {"network": visit.network, "subject": visit.query.get("subject"), "actor": visit.query.get("actor")}
    listing = Listing(visit, "/audit", columns, sort="-at", filters=filters, params=params, label=_("Audit log"))
    with visit.actions():
        button(_("Export as CSV"), lambda: begin_export(visit, "/audit-exports", listing.wanted), icon="download")
    await listing.show()


@page("/audit/{id}", N_("Line of the audit log"), "audit:read")
async def line(visit: Visit, id: str) -> None:
    row = await visit.api.get(f"/audit/{id}")
    where, subject = PAGES_OF.get(row["kind"]), row["subject"]
    network = row["network"]
    with ui.element("div").classes("rc-grid"):
        with card(f"{row['kind'].replace('_', ' ')} {subject}"):
            facts(
                [
                    (_("When"), moment(row["at"])),
                    (_("Did"), row["action"].replace("_", " ")),
                    (_("Which"), (lambda: link(subject, f"{where}{subject}")) if where else subject),
                    (_("Network"), visit.networks.get(network, network) if network else _("the whole installation's")),
                    (_("Who"), row["actor"]["label"] or row["actor"]["id"]),
                    (_("Kind of actor"), row["actor"]["kind"]),
                    (_("From"), row["actor"]["address"]),
                    (_("Request"), row["correlation"]),
                ]
            )
        with card(_("What it was, and what it is")):
            _differences(row["before"] or {}, row["after"] or {})


def _differences(before: dict[str, Any], after: dict[str, Any]) -> None:
    names = sorted({**before, **after})
    if not names:
        text("p", _("Nothing more is kept about it."), "rc-soft")
        return
    with ui.element("div").classes("rc-scroll").props('tabindex="0" role="region"') as box:
        box.props["aria-label"] = _("Differences")
        with ui.element("table").classes("rc-table rc-changes"):
            with ui.element("thead"), ui.element("tr"):
                for head in (_("Field"), _("Before"), _("After")):
                    text("th", head).props('scope="col"')
            with ui.element("tbody"):
                for name in names:
                    with ui.element("tr"):
                        text("th", name).props('scope="row"')
                        with ui.element("td"):
                            text("del", _told(before[name])) if name in before else text("span", NOTHING)
                        with ui.element("td"):
                            text("ins", _told(after[name])) if name in after else text("span", NOTHING)


def _told(value: Any) -> str:
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()
