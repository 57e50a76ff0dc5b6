"""What somebody has asked for that takes a while: exports with their files, imports with what came of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ui

from api.dashboard.office.asking import button
from api.dashboard.office.downloads import address_of
from api.dashboard.office.shown import chip, link, moment, size
from api.ui.page import Place, page
from api.ui.parts.notices import empty, problems_told, text
from api.ui.parts.pieces import Part
from api.ui.texts import N_, _
from api.ui.visit import Visit

KINDS = {
    "sessions_export": N_("Sessions, exported"),
    "receipts_export": N_("Receipts, exported"),
    "audit_export": N_("Audit log, exported"),
    "places_import": N_("Stations, imported"),
    "tokens_import": N_("Tokens, imported"),
}


@page("/work", N_("Exports and imports"), "self:read", Place("settings", "pending_actions", 40))
async def work(visit: Visit) -> None:
    text("p", _("Files can be fetched for a day. Only you see what you have asked for."), "rc-soft")
    with ui.element("div").classes("rc-row"):
        for label, path, permission in (
            (N_("Export sessions"), "/session-exports", "sessions:read"),
            (N_("Export receipts"), "/receipt-exports", "billing:read"),
            (N_("Export the audit log"), "/audit-exports", "audit:read"),
        ):
            if visit.may(permission):
                button(_(label), lambda path=path: begin_export(visit, path), icon="download")
    place = ui.element("div").classes("rc-card")
    shown = _Shown(visit, place)
    visit.every(1.0, shown.look, "now")


async def begin_export(visit: Visit, path: str, params: dict[str, Any] | None = None) -> None:
    """Ask for an export and go where its progress is seen."""
    await visit.api.post(path, params=params)
    if visit.path != "/work":
        ui.navigate.to("/work")


class _Shown:
    """The list; drawn anew when something in it has changed."""

    def __init__(self, visit: Visit, place: ui.element) -> None:
        self._visit, self._place = visit, place
        self._parts: dict[str, tuple[Part, Part]] | None = None

    async def look(self) -> None:
        rows = (await self._visit.api.get("/long-work", {"limit": 50}))["items"]
        if self._parts is None or [row["id"] for row in rows] != list(self._parts):
            self._parts = self._listed(rows)
        for row in rows:
            told, ways = self._parts[row["id"]]
            told.draw(row, partial(self._told, row))
            under_way = row["state"] in ("waiting", "running")
            ways.draw((under_way, row["state"], row["file_name"], row["size"]), partial(self._ways, row, under_way))

    def _listed(self, rows: list[dict[str, Any]]) -> dict[str, tuple[Part, Part]]:
        """A place for each, its buttons apart: how far it is changes all the time."""
        parts = {}
        self._place.clear()
        with self._place:
            if not rows:
                empty(_("Nothing was exported or imported lately."), "pending_actions")
            for row in rows:
                with ui.element("div").classes("rc-work"):
                    parts[row["id"]] = Part("rc-stack"), Part("rc-row")
        return parts

    def _told(self, row: dict[str, Any]) -> None:
        with ui.element("div").classes("rc-row rc-between"):
            with ui.element("div").classes("rc-row"):
                text("strong", _(KINDS[row["kind"]]))
                chip(row["state"])
            text("span", moment(row["created_at"]), "rc-soft rc-small")
        progress(row["done"], row["total"], row["state"] in ("waiting", "running"), _(KINDS[row["kind"]]))
        if row["error"]:
            text("p", row["error"], "rc-soft")

    def _ways(self, row: dict[str, Any], under_way: bool) -> None:
        if row["state"] == "done" and row["file_name"]:
            made = link(f"{row['file_name']} ({size(row['size'])})", address_of(f"/long-work/{row['id']}/file"))
            made.props["download"] = row["file_name"]
        if under_way and row["kind"].endswith("_export"):
            button(_("Give it up"), lambda: self._cancel(row["id"]))

    async def _cancel(self, id: str) -> None:
        with problems_told():
            await self._visit.api.post(f"/long-work/{id}/cancel")
            await self.look()


def progress(done: int, total: int | None, running: bool, label: str) -> None:
    """How far something is: a bar with its words."""
    if running and total is None:
        bar = ui.linear_progress(show_value=False).props("indeterminate")
        words = _("{done} rows", done=done)
    else:
        share = 1.0 if not total else done / total
        bar = ui.linear_progress(share, show_value=False)
        words = _("{done} of {total} rows", done=done, total=total or 0)
    bar.props["aria-label"] = label
    text("span", words, "rc-soft rc-small")
