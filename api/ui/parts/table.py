"""A table of one of the API's lists: searched, filtered, sorted and paged by the API, never in the browser.

table = RestTable(visit, "/sessions", [
    Column(N_("Session"), lambda row: link(row["id"], f"/sessions/{row['id']}")),
    Column(N_("State"), lambda row: state(row["state"], SESSION)),
    Column(N_("Energy"), lambda row: figures.energy(row["energy_wh"]), number=True, sort="energy"),
], empty=_("No session yet."))
await table.load()
await table.ask(state="running")      # other conditions, from the first page on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from api.ui.client import ProblemError
from api.ui.parts.notices import empty as nothing
from api.ui.parts.notices import problem_notice
from api.ui.parts.states import CONNECTOR, Look, look_of
from api.ui.texts import _
from api.ui.visit import Visit

Row = Mapping[str, Any]
Cell = str | Mapping[str, str] | None
PER_PAGE = 50


def link(words: str, href: str) -> Cell:
    """A cell that leads to another page."""
    return {"text": words, "href": href}


def state(value: str, looks: Mapping[str, Look] = CONNECTOR) -> Cell:
    """A cell with a chip."""
    look = look_of(value, looks)
    return {"text": _(look.word), "icon": look.icon, "tone": f"rc-{look.tone}"}


@dataclass(frozen=True, slots=True)
class Column:
    """`title` is noted by N_, `cell` makes a row's cell, `sort` is what the API's `sort` calls it."""

    title: str
    cell: Callable[[Row], Cell]
    number: bool = False
    sort: str = ""


_HEAD = """
<q-tr :props="props">
  <q-th v-for="col in props.cols" :key="col.name" :props="props"
        :aria-sort="col.order === 'up' ? 'ascending' : col.order === 'down' ? 'descending' : undefined">
    <button v-if="col.sort" type="button" class="rc-sort" @click="$parent.$emit('sorted', col.sort)">
      {{ col.label }}<q-icon v-if="col.order" :name="col.order === 'up' ? 'arrow_upward' : 'arrow_downward'"
      aria-hidden="true" />
    </button>
    <template v-else>{{ col.label }}</template>
  </q-th>
</q-tr>
"""
_CELL = """
<q-td :props="props" :class="props.col.number ? 'rc-number' : ''">
  <template v-if="props.value === null || props.value === undefined">–</template>
  <span v-else-if="props.value.tone" class="rc-chip" :class="props.value.tone">
    <q-icon :name="props.value.icon" aria-hidden="true" /><span>{{ props.value.text }}</span></span>
  <a v-else-if="props.value.href" :href="props.value.href">{{ props.value.text }}</a>
  <template v-else>{{ props.value }}</template>
</q-td>
"""


class RestTable:
    """One list of the API. `params` are its conditions; `sort` as the API takes it, with `-` for the other way round.

    `shown` is called with the rows after each answer. `selected` rows are those that were ticked, if `choose`.
    """

    def __init__(
        self,
        visit: Visit,
        path: str,
        columns: Sequence[Column],
        *,
        params: Mapping[str, Any] | None = None,
        sort: str = "",
        empty: str = "",
        key: str = "id",
        choose: bool = False,
        label: str = "",
        per_page: int = PER_PAGE,
        shown: Callable[[list[Any]], None] | None = None,
    ) -> None:
        self._visit, self._path, self._columns, self._key = visit, path, columns, key
        self._params, self._sort, self._per_page, self._shown = dict(params or {}), sort, per_page, shown
        self._cursors: list[str] = [""]
        self._asked = 0
        self.rows: list[Any] = []
        self._label, self._empty_words = label, empty or _("Nothing here.")
        with ui.element("div").classes("rc-stack"):
            self._notice = ui.element("div")
            self._table = self._make(choose)
            self._empty = nothing(self._empty_words)
            self._empty.set_visibility(False)
            with ui.element("nav").classes("rc-row").props(f'aria-label="{_("Pages")}"') as self._pager:
                self._back = ui.button(_("Previous"), icon="chevron_left", on_click=self._previous).props("flat dense")
                self._on = ui.button(_("Next"), on_click=self._next).props('flat dense icon-right="chevron_right"')

    def _make(self, choose: bool) -> ui.table:
        table = ui.table(rows=[], columns=self._heads(), row_key="_key", selection="multiple" if choose else None)
        table.props(f'flat dense wrap-cells aria-label="{self._label}"').classes("rc-rest-table")
        if not choose:
            table.add_slot("header", _HEAD)
        else:
            for slot, words in (("header-selection", _("Tick all")), ("body-selection", _("Tick this row"))):
                table.add_slot(slot, f'<q-checkbox v-model="props.selected" dense aria-label="{words}" />')
        table.add_slot("body-cell", _CELL)
        return table.on("sorted", self._sorted)

    def _heads(self) -> list[dict[str, Any]]:
        name, down = self._sort.lstrip("-"), self._sort.startswith("-")
        return [
            {
                "name": str(n),
                "field": str(n),
                "label": _(column.title),
                "sort": column.sort,
                "align": "right" if column.number else "left",
                "number": column.number,
                "order": ("down" if down else "up") if column.sort and column.sort == name else "",
            }
            for n, column in enumerate(self._columns)
        ]

    @property
    def selected(self) -> list[Any]:
        """The API's rows that are ticked."""
        keys = {row["_key"] for row in self._table.selected}
        return [row for row in self.rows if str(row[self._key]) in keys]

    def clear_selection(self) -> None:
        """Nothing is ticked any more."""
        self._table.selected.clear()
        self._table.update()

    async def ask(self, **params: Any) -> None:
        """From the first page on under other conditions; None takes one away."""
        self._params.update(params)
        self._cursors = [""]
        await self.load()

    async def load(self) -> None:
        """Ask anew for the page that is shown. A refusal is shown above the table.

        An answer that comes after something else was asked for is not shown: somebody has turned the page meanwhile.
        """
        self._asked += 1
        turn = self._asked
        asked = {**self._params, "limit": self._per_page, "sort": self._sort, "cursor": self._cursors[-1]}
        self._notice.clear()
        try:
            page = await self._visit.api.get(self._path, asked)
        except ProblemError as problem:
            if turn == self._asked:
                with self._notice:
                    problem_notice(problem)
            return
        if turn == self._asked:
            self._draw(page["items"], page.get("next") or "")

    def _draw(self, rows: list[Any], following: str) -> None:
        self.rows, self._following = rows, following
        self._table.columns = self._heads()
        self._table.rows = [
            {"_key": str(row[self._key]), **{str(n): column.cell(row) for n, column in enumerate(self._columns)}}
            for row in rows
        ]
        self._table.set_visibility(bool(rows))
        self._empty.set_visibility(not rows)
        self._pager.set_visibility(bool(following) or len(self._cursors) > 1)
        self._back.set_enabled(len(self._cursors) > 1)
        self._on.set_enabled(bool(following))
        if self._shown is not None:
            self._shown(rows)

    async def _next(self) -> None:
        self._cursors.append(self._following)
        await self.load()

    async def _previous(self) -> None:
        self._cursors.pop()
        await self.load()

    async def _sorted(self, event: GenericEventArguments) -> None:
        name = str(event.args)
        self._sort = f"-{name}" if self._sort == name else name
        await self.ask()
