"""A list of the API as a table: searched, filtered, sorted and paged by the API, so that it stays quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from api.dashboard.office.shown import NOTHING
from api.ui.parts.notices import empty, problems_told, text
from api.ui.texts import _
from api.ui.visit import Visit

Row = Mapping[str, Any]
PAGE = 50


@dataclass(frozen=True, slots=True)
class Column:
    """`value` gives a row's text, or draws it and gives None. `sort` is the API's name of this order, "" for none."""

    label: str
    value: Callable[[Row], Any]
    sort: str = ""
    href: Callable[[Row], str] | None = None
    number: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice or a text that narrows the list. `name` is the API's parameter; "" is for any."""

    name: str
    label: str
    options: Mapping[str, str] | None = None
    kind: str = "text"


class Listing:
    """The table. `search` is the API's parameter for free text, "" where it has none."""

    def __init__(
        self,
        visit: Visit,
        path: str,
        columns: Sequence[Column],
        *,
        params: Mapping[str, Any] | None = None,
        filters: Sequence[Filter] = (),
        search: str = "",
        sort: str = "",
        nothing: str = "",
        label: str = "",
    ) -> None:
        self._visit, self._path, self._columns, self._filters = visit, path, columns, filters
        self._search, self._sort, self._nothing, self._label = search, sort, nothing, label
        self._params = dict(params or {})
        self._cursor: str | None = None
        self._count = 0
        self._asked = 0

    async def show(self) -> None:
        """Make it where the caller stands, with its first page."""
        with ui.element("div").classes("rc-row").props('role="search"'):
            if self._search:
                self._text(self._search, _("Search"), icon="search")
            for each in self._filters:
                if each.options is not None:
                    self._choice(each)
                else:
                    self._text(each.name, each.label, kind=each.kind)
        with ui.element("div").classes("rc-card rc-scroll").props('tabindex="0" role="region"') as box:
            box.props["aria-label"] = self._label or _("List")
            with ui.element("table").classes("rc-table"):
                with ui.element("thead"):
                    self._head = ui.element("tr")
                self._body = ui.element("tbody")
            self._none = ui.element("div")
        with ui.element("div").classes("rc-row"):
            self._told = text("span", "", "rc-soft rc-small").props('role="status"')
            self._more = ui.button(_("Show more"), on_click=self._next, color=None).props("outline color=primary")
        await self.again()

    async def again(self) -> None:
        """Ask for the first page anew."""
        self._asked += 1
        mine = self._asked
        page = await self._page(None)
        if mine != self._asked:
            # Somebody typed on: the answer to the last question counts.
            return
        self._draw_head()
        self._body.clear()
        self._none.clear()
        self._count = 0
        self._add(page)
        if not self._count:
            with self._none:
                empty(self._nothing or _("There is nothing here yet."))

    @property
    def wanted(self) -> dict[str, Any]:
        """What narrows the list now, as the API has it."""
        return {name: value for name, value in self._params.items() if value not in (None, "")}

    async def _page(self, cursor: str | None) -> Any:
        sort = {"sort": self._sort} if self._sort else {}
        return await self._visit.api.get(self._path, {**self.wanted, **sort, "limit": PAGE, "cursor": cursor})

    async def _next(self) -> None:
        with problems_told():
            self._add(await self._page(self._cursor))

    async def _narrow(self, name: str, value: Any) -> None:
        self._params[name] = value
        with problems_told():
            await self.again()

    def _text(self, name: str, label: str, *, icon: str = "", kind: str = "text") -> None:
        field = ui.input(label, value=str(self._params.get(name) or "")).props(
            f"outlined dense debounce=300 type={kind}"
        )
        if kind == "date":
            field.props("stack-label")

        async def typed() -> None:
            value = field.value or ""
            await self._narrow(name, f"{value}T00:00:00Z" if kind == "date" and value else value)

        field.on_value_change(typed)
        if icon:
            with field.add_slot("prepend"):
                ui.icon(icon, size="18px").props('aria-hidden="true"')

    def _choice(self, each: Filter) -> None:
        assert each.options is not None
        options = {"": _("All")} | dict(each.options)
        chosen = str(self._params.get(each.name) or "")
        field = ui.select(options, label=each.label, value=chosen if chosen in options else "")
        field.props("outlined dense options-dense").classes("rc-choice")
        field.props["aria-label"] = each.label

        async def choose() -> None:
            await self._narrow(each.name, field.value)

        field.on_value_change(choose)

    def _draw_head(self) -> None:
        self._head.clear()
        with self._head:
            for column in self._columns:
                with ui.element("th").props('scope="col"').classes("rc-number" if column.number else "") as head:
                    if not column.sort:
                        text("span", column.label)
                        continue
                    down, here = self._sort == f"-{column.sort}", self._sort.removeprefix("-") == column.sort
                    if here:
                        head.props["aria-sort"] = "descending" if down else "ascending"
                    arrow = (" ↓" if down else " ↑") if here else ""
                    name = column.sort if not here or down else f"-{column.sort}"
                    ui.button(f"{column.label}{arrow}", on_click=lambda name=name: self._order(name), color=None).props(
                        "flat dense no-caps"
                    ).classes("rc-sort")

    async def _order(self, name: str) -> None:
        self._sort = name
        with problems_told():
            await self.again()

    def _add(self, page: Any) -> None:
        self._cursor = page.get("next")
        with self._body:
            for row in page["items"]:
                self._count += 1
                with ui.element("tr"):
                    for column in self._columns:
                        self._cell(column, row)
        self._more.set_visibility(self._cursor is not None)
        more = "+" if self._cursor else ""
        self._told.text = _("{count} shown", count=f"{self._count}{more}")  # type: ignore[attr-defined]

    def _cell(self, column: Column, row: Row) -> None:
        with ui.element("td").classes("rc-number" if column.number else ""):
            if column.href is not None:
                words = column.value(row)
                made = text("a", str(words or NOTHING), _one_line(words))
                made.props["href"] = column.href(row)
                return
            told = column.value(row)
            if told is not None and not isinstance(told, ui.element):
                text("span", str(told) if told != "" else NOTHING, _one_line(told))


def _one_line(words: Any) -> str:
    """Short texts, times among them, are not broken."""
    return "rc-nowrap" if len(str(words)) <= 26 else ""
