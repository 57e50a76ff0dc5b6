"""Findings and the timeline as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from api.dashboard.desk.actions import action_button
from api.dashboard.desk.looks import FINDING
from api.ui.parts import figures
from api.ui.parts.notices import empty, text
from api.ui.parts.states import COMMAND, CONNECTOR, look_of
from api.ui.texts import N_, _

Helps = dict[str, tuple[str, str, Callable[[], Any]]]
"""A finding's action → the words, icon and deed of a button for it."""

_KINDS: Mapping[str, tuple[str, str]] = {
    "session": ("bolt", ""),
    "start": ("smartphone", N_("Start")),
    "status": ("ev_station", ""),
    "command": ("send", N_("Asked for")),
    "outcome": ("reply", ""),
    "consequence": ("subdirectory_arrow_right", N_("Led to")),
    "alert": ("notifications_active", N_("Alert")),
    "receipt": ("receipt_long", ""),
    "review": ("gavel", N_("Review")),
}
_WORDS: Mapping[str, str] = {
    "started": N_("Session started"),
    "stopped": N_("Session stopped"),
    "left": N_("The car has left"),
    "settled": N_("Price is final"),
    "asked": N_("asked for by the driver"),
    "opened": N_("opened"),
    "resolved": N_("over"),
    "billed": N_("billed"),
    "corrected": N_("corrected"),
    "waived": N_("waived"),
    "receipt": N_("Receipt"),
    "credit_note": N_("Credit note"),
    "completed": N_("completed"),
    "session": N_("session"),
    "boot": N_("restart"),
    "job": N_("job"),
    "report": N_("report"),
    "reservation": N_("reservation"),
}


def findings(found: Sequence[Mapping[str, Any]], helps: Helps) -> None:
    """What is seen, what would help, and a button for that where it can be done here."""
    for each in found:
        look = look_of(each["severity"], FINDING)
        role = ' role="alert"' if each["severity"] == "error" else ""
        with ui.element("div").classes(f"rc-found rc-{look.tone}").props(f'data-code="{each["code"]}"{role}'):
            ui.icon(look.icon, size="22px").props(f'aria-label="{_(look.word)}"')
            with ui.element("div"):
                text("p", _(each["template"], **each["values"]) if each["values"] else _(each["template"]))
                if each["advice"]:
                    text("p", _(each["advice"]), "rc-small")
            if each["action"] in helps:
                action_button(*helps[each["action"]])


def timeline(entries: Sequence[Mapping[str, Any]], zone: str) -> None:
    """One line a moment."""
    if not entries:
        empty(_("Nothing is known of it yet."), "history")
        return
    with ui.element("ol").classes("rc-story"):
        for entry in entries:
            with ui.element("li"):
                ui.icon(_icon(entry)).props('aria-hidden="true"')
                text("time", figures.clock(entry["at"], zone)).props(f'datetime="{entry["at"]}"')
                text("span", _said(entry))
                if entry["detail"]:
                    text("span", entry["detail"], "rc-soft rc-small")


def _icon(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "status":
        return look_of(entry["what"]).icon
    if entry["kind"] == "outcome":
        return look_of(entry["what"], COMMAND).icon
    return _KINDS[entry["kind"]][0]


def _said(entry: Mapping[str, Any]) -> str:
    what, before = str(entry["what"]), _KINDS[entry["kind"]][1]
    if entry["kind"] == "status":
        said = _(look_of(what, CONNECTOR).word)
    elif entry["kind"] == "outcome":
        said = _(look_of(what, COMMAND).word)
    else:
        said = _(_WORDS.get(what, what.replace("_", " ")))
    return f"{_(before)}: {said}" if before else said
