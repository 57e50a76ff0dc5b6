"""Saved views: filters, columns and order of a table, under a name, for the person who made them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.errors import Changed, Conflict, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.desks import saved_views as table

MOST = 100
"""Views of one person."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """`content` is in the words of `page`. Times are microseconds."""

    id: str
    page: str
    name: str
    content: Mapping[str, Any]
    version: int
    created: int
    updated: int


_LISTING = Listing({"name": (table.c.name, str), "created": (table.c.created, int)}, table.c.id, "name")


class SavedViews:
    """The repository. All methods raise StoreUnavailable while SQL does not answer; others' views are unknown."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(self, account: str, wanted: Wanted, page: str = "") -> Page[SavedView]:
        """The person's own, of one page of the dashboard or of all."""
        query = select(table).where(table.c.account == account)
        if page:
            query = query.where(table.c.page == page)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _view)

    async def create(self, account: str, page: str, name: str, content: Mapping[str, Any]) -> SavedView:
        """Raises Conflict for a name that the person has on that page, or for too many views."""
        id, now = new_id(), self._clock.now()
        async with self._database.write() as connection:
            mine = select(func.count()).select_from(table).where(table.c.account == account)
            if (await connection.execute(mine)).scalar_one() >= MOST:
                raise Conflict("You have too many views.", field="name", remedy="Delete one that you do not use.")
            await _need_free(connection, account, page, name)
            row = {"id": id, "account": account, "page": page, "name": name, "content": dict(content)}
            await connection.execute(insert(table), row | {"created": now, "updated": now})
            await note(connection, now, "created", "saved_view", id, after={"page": page, "name": name})
            return _view((await connection.execute(select(table).where(table.c.id == id))).one())

    async def change(
        self, account: str, id: str, name: str, content: Mapping[str, Any], *, version: int | None = None
    ) -> SavedView:
        """Raises NotFound, Conflict for a name that another one has, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            old = await _need(connection, account, id, version)
            if name != old.name:
                await _need_free(connection, account, old.page, name)
            values = {"name": name, "content": dict(content), "updated": now, "version": old.version + 1}
            await connection.execute(update(table).where(table.c.id == id).values(**values))
            await note(connection, now, "changed", "saved_view", id, before={"name": old.name}, after={"name": name})
            return _view((await connection.execute(select(table).where(table.c.id == id))).one())

    async def delete(self, account: str, id: str, *, version: int | None = None) -> None:
        """Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            old = await _need(connection, account, id, version)
            await connection.execute(delete(table).where(table.c.id == id))
            await note(connection, now, "deleted", "saved_view", id, before={"page": old.page, "name": old.name})


async def _need(connection: AsyncConnection, account: str, id: str, version: int | None) -> SavedView:
    query = select(table).where(table.c.id == id, table.c.account == account).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such view.", field="id", remedy="List your views.")
    if version is not None and version != row.version:
        raise Changed()
    return _view(row)


async def _need_free(connection: AsyncConnection, account: str, page: str, name: str) -> None:
    taken = select(table.c.id).where(table.c.account == account, table.c.page == page, table.c.name == name)
    if (await connection.execute(taken)).first() is not None:
        raise Conflict("You have a view of this name.", field="name", remedy="Choose another, or change that one.")


def _view(row: Any) -> SavedView:
    return SavedView(row.id, row.page, row.name, row.content, row.version, row.created, row.updated)
