"""Pages of any table in any of its orders: filter, sort, cursor.

A list names its orders by what callers write (`name`, `-created`); the last one falls back to the primary key, so that
no row is shown twice or left out while rows come and go. Columns to sort by are never null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import InvalidInput
from engine.stores.paging import Page, checked_limit, from_cursor, to_cursor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page. `sort` is the name of an order, with a minus for descending; "" is the list's own."""

    sort: str = ""
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """The orders of a list: what callers write → the column and the type of its values. `key` is the primary key."""

    orders: Mapping[str, tuple[ColumnElement[Any], type]]
    key: ColumnElement[Any]
    default: str

    async def page(
        self, connection: AsyncConnection, query: Select[Any], wanted: Wanted, made: Callable[[Any], T]
    ) -> Page[T]:
        """A page of `query`, each row made into what is shown. Raises InvalidInput for a sort or cursor of no use.

        The query must select the columns that the list is ordered by.
        """
        checked_limit(wanted.limit)
        sort = wanted.sort or self.default
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        if name not in self.orders:
            raise InvalidInput(
                f"This list cannot be sorted by {name!r}.",
                field="sort",
                remedy=f"Use one of {', '.join(sorted(self.orders))}, with a minus in front for descending.",
            )
        column, kind = self.orders[name]
        if wanted.cursor is not None:
            query = query.where(self._after(column, kind, descending, wanted.cursor, sort))
        by = (column.desc(), self.key.desc()) if descending else (column.asc(), self.key.asc())
        rows = (await connection.execute(query.order_by(*by).limit(wanted.limit + 1))).all()
        shown = rows[: wanted.limit]
        cursor = None
        if len(rows) > wanted.limit:
            last = shown[-1]._mapping
            cursor = to_cursor(sort, last[column], last[self.key])
        return Page([made(row) for row in shown], cursor)

    def _after(
        self, column: ColumnElement[Any], kind: type, descending: bool, cursor: str, sort: str
    ) -> ColumnElement[bool]:
        told, value, key = from_cursor(cursor, str, kind, str)
        if told != sort or value is None or key is None:
            raise InvalidInput(
                "This cursor is of another list or order.", field="cursor", remedy="Keep `sort` the same on each page."
            )
        if descending:
            return or_(column < value, and_(column == value, self.key < key))
        return or_(column > value, and_(column == value, self.key > key))
