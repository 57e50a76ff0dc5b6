"""The commands to a charge point with their outcome, and for those permitted any OCPP call by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from nicegui import ui

from api.ui.client import ProblemError
from api.ui.parts import figures
from api.ui.parts.notices import problem_notice, text
from api.ui.parts.pieces import card
from api.ui.parts.states import COMMAND, chip
from api.ui.parts.table import Cell, Column, RestTable, Row, state
from api.ui.texts import N_, _
from engine.ids import new_id

if TYPE_CHECKING:
    from api.dashboard.point.page import Point


async def commands_tab(point: Point) -> None:
    if point.visit.may("commands:send"):
        RawCommand(point)
    columns = [
        Column(N_("Asked"), lambda row: figures.moment(row["requested_at"], point.zone, seconds=True)),
        Column(N_("Action"), lambda row: row["action"]),
        Column(N_("Outcome"), _outcome),
        Column(N_("By"), lambda row: row["requested_by"]),
        Column(N_("Answer"), _answer),
        Column(N_("Led to"), lambda row: ", ".join(_led_to(each) for each in row["followed_by"])),
    ]
    table = RestTable(
        point.visit, f"{point.path}/commands", columns, empty=_("No command was sent yet."), label=_("Commands")
    )
    await table.load()
    point.visit.every(5.0, table.load)


def _outcome(row: Row) -> Cell:
    return state(row["outcome"] or row["state"], COMMAND)


def _answer(row: Row) -> Cell:
    if row["error_code"]:
        return f"{row['error_code']} {row['error_description'] or ''}".strip()
    return _short(row["answer"])


def _short(value: Any) -> str:
    words = "" if value in (None, {}) else orjson.dumps(value).decode()
    return f"{words[:160]}…" if len(words) > 160 else words


def _led_to(each: Mapping[str, Any]) -> str:
    return " ".join(filter(None, [each.get("kind", ""), each.get("subject", ""), each.get("status", "")]))


class RawCommand:
    """Any call by its name and payload, checked against the schema of the station's version by the API."""

    def __init__(self, point: Point) -> None:
        self._point = point
        with card(_("Any OCPP call")):
            with ui.element("div").classes("rc-row"):
                self._action = ui.input(_("Action"), value="Reset").props("outlined dense")
                self._timeout = ui.number(_("Timeout, s"), value=30, min=1, max=600).props("outlined dense")
            self._payload = ui.textarea(_("Payload, JSON"), value='{"type": "Soft"}').props("outlined autogrow")
            self._payload.classes("rc-code w-full")
            with ui.element("div").classes("rc-row"):
                self._send = ui.button(_("Send"), icon="send", on_click=self._sent).props("unelevated")
                self._ended = ui.element("div").classes("rc-row").props('role="status"')

    async def _sent(self) -> None:
        self._ended.clear()
        try:
            payload = orjson.loads(self._payload.value or "{}")
        except orjson.JSONDecodeError as error:
            with self._ended:
                text("span", _("The payload is no JSON: {why}", why=str(error)), "rc-chip rc-bad")
            return
        self._send.disable()
        body = {"action": self._action.value, "payload": payload, "timeout_s": self._timeout.value or 30}
        try:
            ended = await self._point.visit.api.post(f"{self._point.path}/commands", body, key=new_id())
            with self._ended:
                chip(ended["outcome"], COMMAND)
                text("code", _short(ended["payload"]) or ended["error_description"] or "", "rc-code")
        except ProblemError as problem:
            with self._ended:
                problem_notice(problem)
        finally:
            self._send.enable()
