"""Import and export of stations, charge points and connectors, and of tokens: a file in, what would be, what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from api.dashboard.office.asking import button, goes_to
from api.dashboard.office.shown import card, facts, table
from api.ui.client import ProblemError
from api.ui.page import Place, page
from api.ui.parts.notices import done, problem_notice, text
from api.ui.texts import N_, _
from api.ui.visit import Visit

MAX_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of import. `told` makes (name, value) of the API's answer."""

    path: str
    export: str
    title: str
    about: str
    told: Callable[[dict[str, Any]], list[tuple[str, Any]]]


def _places_told(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    names = {"stations": _("Stations"), "charge_points": _("Charge points"), "connectors": _("Connectors")}
    return [(words, _counts(answer[name])) for name, words in names.items()]


def _tokens_told(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(_("Tokens"), _counts(answer))]


def _counts(counts: dict[str, Any]) -> str:
    return _(
        "{created} new, {changed} changed, {unchanged} as they are",
        **{name: counts[name] for name in ("created", "changed", "unchanged")},
    )


PLACES = Kind(
    "/import",
    "/export",
    N_("Stations, charge points and connectors"),
    N_("One row a connector. What is there is changed, what is not is made, nothing is deleted; all of it or nothing."),
    _places_told,
)
TOKENS = Kind(
    "/token-import",
    "/token-export",
    N_("Tokens"),
    N_("One row a token. What is there is changed, what is not is made, nothing is deleted; all of it or nothing."),
    _tokens_told,
)


@page("/transfer", N_("Import and export"), "stations:read", Place("settings", "swap_vert", 30))
async def transfer(visit: Visit) -> None:
    with visit.actions():
        goes_to(_("Exports and imports of mine"), "/work", icon="pending_actions")
    draw(visit, PLACES, visit.may("stations:write"))
    if visit.may("tokens:read"):
        draw(visit, TOKENS, visit.may("tokens:write"))


def draw(visit: Visit, kind: Kind, may: bool) -> None:
    """A card for one kind of import and its export."""
    with card(_(kind.title)).classes("rc-import"):
        text("p", _(kind.about), "rc-soft")
        with ui.element("div").classes("rc-row"):

            async def export() -> None:
                answer = await visit.api.ask("GET", kind.export, params=visit.where())
                ui.download.content(answer.content, f"{kind.export.strip('/')}.csv", "text/csv")

            button(_("Export as CSV"), export, icon="download")
        if may:
            _Import(visit, kind).draw()


class _Import:
    """A file that was chosen, looked at by a dry run, and imported if it may be."""

    def __init__(self, visit: Visit, kind: Kind) -> None:
        self._visit, self._kind = visit, kind
        self._data, self._name = b"", ""
        self._result: ui.element | None = None

    def draw(self) -> None:
        choose = ui.button(_("Choose a CSV file …"), icon="upload_file", color=None).props("unelevated color=primary")
        upload = ui.upload(
            auto_upload=True,
            max_file_size=MAX_BYTES,
            on_upload=self._chosen,
            on_rejected=lambda: ui.notify(_("An import has at most 32 MiB."), type="negative"),
        )
        # The uploader's own look cannot be used by keyboard; only what it does is wanted.
        upload.props('accept=".csv,.json,text/csv,application/json"').style("display: none")
        pick = f"() => getHtmlElement({upload.id}).querySelector('input[type=file]').click()"
        choose.on("click", js_handler=pick)
        text("p", _("It is only looked at first: you are told what would change, or which rows are wrong."), "rc-soft")
        self._result = ui.element("div").classes("rc-stack").props('role="status" aria-live="polite"')

    async def _chosen(self, event: UploadEventArguments) -> None:
        self._data, self._name = await event.file.read(), event.file.name
        event.sender.reset()  # type: ignore[attr-defined]
        await self._ask(dry_run=True)

    async def _ask(self, *, dry_run: bool) -> None:
        assert self._result is not None
        self._result.clear()
        with self._result, ui.element("div").classes("rc-row") as waiting:
            ui.spinner(size="sm")
            text(
                "span",
                _("Looking at {file} …", file=self._name) if dry_run else _("Importing {file} …", file=self._name),
            )
        kind = "application/json" if self._name.endswith(".json") else "text/csv"
        params = {"dry_run": "true" if dry_run else None}
        if self._kind is TOKENS:
            params["network"] = self._visit.network or None
        try:
            answer = await self._visit.api.ask(
                "POST", self._kind.path, params=params, content=self._data, headers={"content-type": kind}
            )
        except ProblemError as problem:
            self._refused(problem)
            return
        finally:
            if not waiting.is_deleted:
                waiting.delete()
        with self._result:
            self._shown(answer.data, dry_run)

    def _refused(self, problem: ProblemError) -> None:
        assert self._result is not None
        self._result.clear()
        with self._result:
            problem_notice(problem)

    def _shown(self, told: dict[str, Any], dry_run: bool) -> None:
        facts([(_("File"), self._name), (_("Rows"), told["rows"]), *self._kind.told(told)])
        if told["faults"]:
            text(
                "p",
                _("{count} rows cannot be imported. Nothing is imported before they are right.", count=told["faults"]),
                "rc-problem",
            ).props('role="alert"')
            rows = [[each["line"], each["field"], each["detail"], each["remedy"]] for each in told["errors"][:200]]
            table(
                [_("Line"), _("Column"), _("What is wrong"), _("What would be right")],
                rows,
                label=_("Rows that are wrong"),
            )
        elif dry_run:
            button(_("Import it"), lambda: self._ask(dry_run=False), icon="upload", first=True)
        else:
            done(_("Imported."))
            text("p", _("Imported."), "rc-chip rc-good")
