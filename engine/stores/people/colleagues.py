"""Who works here: the names behind the ids of assignees and authors, and who may be given work in a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.errors import NotFound
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import grants, users

MOST = 500


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the staff, by name or, without one, by e-mail address."""

    id: str
    name: str


class Colleagues:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def within(self, scope: Scope, network: str = "") -> list[Colleague]:
        """Who has a role in a network of the scope, by name; with `network` in that one or in all of them."""
        there = scope.where(grants.c.network)
        if network:
            there = there & or_(grants.c.network.is_(None), grants.c.network == network)
        query = select(users.c.id, users.c.name, users.c.email).join(grants, grants.c.account == users.c.id)
        query = query.where(users.c.kind == "staff", ~users.c.disabled, users.c.deleted.is_(None), there).distinct()
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(users.c.email).limit(MOST))
            return [Colleague(row.id, row.name or row.email) for row in rows]

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of these people; who is not there any more is left out."""
        wanted = sorted({id for id in ids if id})[:MOST]
        if not wanted:
            return {}
        query = select(users.c.id, users.c.name, users.c.email).where(users.c.id.in_(wanted), users.c.kind == "staff")
        async with self._database.read() as connection:
            return {row.id: row.name or row.email for row in await connection.execute(query)}


async def need_colleague(connection: AsyncConnection, assignee: str, network: str) -> None:
    """Raise NotFound unless this is "" or somebody who works in `network` or in the whole installation."""
    if not assignee:
        return
    there = or_(grants.c.network.is_(None), grants.c.network == network)
    query = select(users.c.id).join(grants, grants.c.account == users.c.id)
    query = query.where(users.c.id == assignee, users.c.kind == "staff", ~users.c.disabled, there).limit(1)
    if (await connection.execute(query)).first() is None:
        raise NotFound("There is no such person.", field="assignee", remedy=f"Name somebody of {network}'s staff.")
