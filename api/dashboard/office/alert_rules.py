"""The rules that alerts come from: as they are in force, and an operator's own."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.shown import card, chip, facts, link, table
from api.ui.page import Place, page
from api.ui.parts.notices import done, text
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.access.roles import DRIVER, ROLES

SEVERITIES = {
    "critical": N_("Critical"),
    "major": N_("Major"),
    "minor": N_("Minor"),
    "warning": N_("Warning"),
}
SOURCES = {
    "network": N_("the network's own"),
    "installation": N_("the installation's"),
    "default": N_("out of the box"),
}


def severities() -> dict[str, str]:
    """Severity → its word, the worst first."""
    return {key: _(word) for key, word in SEVERITIES.items()}


def rule_name(kind: str) -> str:
    """A rule's kind as words."""
    return kind.replace("_", " ")


@page("/alert-rules", N_("Alert rules"), "alert-rules:read", Place("settings", "notification_important", 15))
async def alert_rules(visit: Visit) -> None:
    network = visit.network
    where = visit.networks.get(network, network) if network else _("the whole installation")
    text(
        "p",
        _("As they are in force for {where}. Choose a network above to see or change its own.", where=where),
        "rc-soft",
    )
    rows = (await visit.api.get("/alert-rules", {"network": network or None}))["items"]
    suffix = f"?network={network}" if network else ""
    shown = [
        [
            lambda row=row: link(rule_name(row["kind"]), f"/alert-rules/{row['kind']}{suffix}"),
            row["about"],
            lambda row=row: chip("active" if row["enabled"] else "disabled"),
            _(SEVERITIES.get(row["severity"], row["severity"])),
            _(SOURCES.get(row["source"], row["source"])),
            _("Yes") if row["opens_job"] else "",
        ]
        for row in rows
    ]
    heads = [_("Rule"), _("What it is about"), _("State"), _("Severity"), _("Whose"), _("Opens a job")]
    with card():
        table(heads, shown, label=_("Alert rules"))


@page("/alert-rules/{kind}", N_("Alert rule"), "alert-rules:read")
async def alert_rule(visit: Visit, kind: str) -> None:
    where = {"network": visit.query.get("network") or None}
    answer = await visit.api.ask("GET", f"/alert-rules/{kind}", params=where)
    row = answer.data
    with card(rule_name(kind)):
        text("p", row["about"])
        network = where["network"]
        facts(
            [
                (_("In force for"), visit.networks.get(network, network) if network else _("the whole installation")),
                (_("Whose"), _(SOURCES.get(row["source"], row["source"]))),
            ]
        )
    if visit.may("alert-rules:write"):
        await _editor(visit, kind, row, where, answer.etag)


async def _editor(visit: Visit, kind: str, row: dict[str, Any], where: dict[str, Any], etag: str) -> None:
    limits = row["limits"]
    fields = [
        Field("enabled", _("In force"), "toggle"),
        Field("opens_job", _("A maintenance job comes with it"), "toggle"),
        Field("severity", _("Severity"), "choice", options=severities()),
        Field("hold_s", _("Opens after it has lasted, s"), "whole"),
        Field("clear_s", _("Closes after it is over for, s"), "whole"),
        Field("remind_s", _("Told again while nobody acknowledges, s"), "whole", help=_("0: never")),
        *(
            Field(f"thresholds.{name}", name.replace("_", " "), "whole", help=_limit(limits.get(name)))
            for name in row["thresholds"]
        ),
        Field("ignore", _("Names that do not count"), "words", wide=True),
        await _steps(visit, row),
    ]
    with card(_("Change it")):
        form = Form(fields, row, whole=False)
        form.draw()
        text("p", _("In force at once, also for what is open."), "rc-soft")

        async def send(body: dict[str, Any]) -> Any:
            return (await visit.api.ask("PATCH", f"/alert-rules/{kind}", body, params=where, etag=etag)).data

        async def save() -> None:
            if await form.save(send) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        async def reset() -> None:
            about = _("What is in force then is the installation's rule, or the one out of the box.")
            if await sure(_("Drop the rule of one's own?"), about, _("Drop it")):
                await visit.api.ask("DELETE", f"/alert-rules/{kind}", params=where, etag=etag)
                ui.navigate.reload()

        with ui.element("div").classes("rc-row"):
            button(_("Save"), save, first=True)
            if row["source"] != "default":
                button(_("Back to what was before …"), reset, danger=True)


async def _steps(visit: Visit, row: dict[str, Any]) -> Field:
    """Who is told, one row for each step. Who is named there already stays, also where nobody may list such."""

    def named(member: str, known: dict[str, str]) -> dict[str, str]:
        there = {name: name for step in row["steps"] for name in step[member]}
        return there | known

    roles = {name: name for name in ROLES if name != DRIVER}
    if visit.may("roles:read"):
        roles |= {each["id"]: each["name"] for each in await visit.api.pages("/roles") if each["id"] != DRIVER}
    people = channels = {}
    if visit.may("assignees:read"):
        people = {each["id"]: each["name"] for each in await visit.api.get("/assignees", visit.where())}
    if visit.may("channels:read"):
        channels = {each["id"]: each["name"] for each in await visit.api.pages("/channels", visit.where())}
    columns = [
        Field("after_s", _("After s unacknowledged"), "whole", empty=0),
        Field("roles", _("Roles"), "many", options=named("roles", roles)),
        Field("users", _("People"), "many", options=named("users", people)),
        Field("channels", _("Channels"), "many", options=named("channels", channels)),
    ]
    about = _("Each step is told when nobody has acknowledged for so long; the next one later.")
    return Field("steps", _("Who is told, and when"), "rows", help=about, columns=columns, one=_("Step"))


def _limit(limit: dict[str, Any] | None) -> str:
    return "" if limit is None else _("{about} From {least} to {most}.", **limit)
