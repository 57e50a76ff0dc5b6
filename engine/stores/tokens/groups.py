"""Groups of tokens: what 1.6 calls a parent idTag and 2.x a group id, with limits that all tokens of it share.

A token may name a group of which there is no row: then the name only says who may end whose session. Groups may be
within groups, in the same network; the limits of all of them count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores import audit
from engine.stores.changes import TOKEN_GROUP, Change, ChangeFeed
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import token_groups
from engine.stores.tokens.book import DEEPEST
from engine.stores.tokens.repository import need_network
from engine.stores.tokens.token import check_limits, key_of

_G = token_groups.c
_NAME = (_G.folded + "\x1f" + _G.network).label("name_of_group")
_LISTING = Listing(
    {"id": (_NAME, str), "name": (_G.name, str), "created": (_G.created, int), "updated": (_G.updated, int)},
    _NAME,
    "id",
)
CHANGEABLE = frozenset({"name", "parent", "status", "block_reason", "max_sessions", "credit_limit"})


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """`parent` is the id of the group that this one is within, or "". The limits as a token's."""

    id: str
    network: str
    name: str = ""
    parent: str = ""
    status: str = "Accepted"
    block_reason: str = ""
    max_sessions: int | None = None
    credit_limit: Decimal | None = None
    credit_used: Decimal = Decimal(0)
    version: int = 1
    created: int = 0
    updated: int = 0

    @property
    def folded(self) -> str:
        return self.id.lower()


_COLUMNS = [_G[field.name] for field in fields(TokenGroup)]


class TokenGroups:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    async def get(self, id: str, network: str | None = None, scope: Scope = EVERYWHERE) -> TokenGroup:
        """By id in any case. Raises NotFound; Conflict where several networks have it and none is named."""
        async with self._database.read() as connection:
            return await _one(connection, id, network, scope)

    async def page(
        self,
        *,
        network: str | None = None,
        text: str = "",
        wanted: Wanted | None = None,
        scope: Scope = EVERYWHERE,
    ) -> Page[TokenGroup]:
        """Those in the scope; with `text` those that have it in id or name."""
        query = select(*_COLUMNS, _NAME).where(scope.where(_G.network))
        if network is not None:
            query = query.where(_G.network == network)
        if text:
            like = pattern(text)
            query = query.where(_G.id.ilike(like, escape="\\") | _G.name.ilike(like, escape="\\"))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), _of_row)

    async def create(self, group: TokenGroup, scope: Scope = EVERYWHERE) -> TokenGroup:
        """Add one. Raises InvalidInput, Conflict, NotFound (network or parent)."""
        need_network(scope, group.network)
        now = self._clock.now()
        made = replace(group, version=1, credit_used=Decimal(0), created=now, updated=now)
        try:
            async with self._database.write() as connection:
                await _check(connection, made)
                await connection.execute(insert(token_groups), _row(made))
                after = _audited(made)
                await audit.note(
                    connection, now, "created", "token group", made.id, network=made.network or None, after=after
                )
        except IntegrityError as error:
            raise Conflict(
                "There is a group of this id.", field="id", remedy="Change the one that is there."
            ) from error
        await self._announce(made)
        return made

    async def change(
        self,
        id: str,
        changes: Mapping[str, Any],
        *,
        network: str | None = None,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
    ) -> TokenGroup:
        """Change any of `CHANGEABLE`. Raises NotFound, Conflict, InvalidInput, Changed."""
        if unknown := changes.keys() - CHANGEABLE:
            raise InvalidInput(f"A group's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, id, network, scope, locked=True)
            if version is not None and version != before.version:
                raise Changed
            after = replace(before, **changes, version=before.version + 1, updated=now)
            if after.status != "Blocked":
                after = replace(after, block_reason="")
            await _check(connection, after)
            row = _row(after)
            del row["credit_used"]
            await connection.execute(update(token_groups).where(*_is(after)).values(row))
            told = {"before": _audited(before), "after": _audited(after)}
            await audit.note(connection, now, "changed", "token group", after.id, network=after.network or None, **told)
        await self._announce(after)
        return after

    async def remove(
        self, id: str, *, network: str | None = None, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> None:
        """Take the policy away; its tokens keep the name. Raises NotFound, Changed, Conflict if groups are within."""
        now = self._clock.now()
        async with self._database.write() as connection:
            group = await _one(connection, id, network, scope, locked=True)
            if version is not None and version != group.version:
                raise Changed
            within = select(_G.id).where(_G.network == group.network, _G.parent == group.folded).limit(1)
            if (await connection.execute(within)).first() is not None:
                raise Conflict("Other groups are within it.", field="id", remedy="Take those out of it first.")
            await connection.execute(delete(token_groups).where(*_is(group)))
            told = {"before": _audited(group)}
            await audit.note(connection, now, "deleted", "token group", group.id, network=group.network or None, **told)
        await self._announce(group)

    async def _announce(self, group: TokenGroup) -> None:
        await self._feed.announce([Change(TOKEN_GROUP, key_of(group.network, group.folded))])


async def _one(
    connection: AsyncConnection, id: str, network: str | None, scope: Scope, *, locked: bool = False
) -> TokenGroup:
    query = select(*_COLUMNS).where(_G.folded == id.lower(), scope.where(_G.network))
    if network is not None:
        query = query.where(_G.network == network)
    rows = (await connection.execute(query.with_for_update() if locked else query)).all()
    if not rows:
        raise NotFound("There is no such group.", field="id", remedy="See the list of groups.")
    if len(rows) > 1:
        raise Conflict("Several networks have a group of this id.", field="network", remedy="Name the network.")
    return _of_row(rows[0])


async def _check(connection: AsyncConnection, group: TokenGroup) -> None:
    """Raise InvalidInput or NotFound for what cannot be, such as a group that is within itself."""
    if not 1 <= len(group.id) <= 255:
        raise InvalidInput("A group's id has 1 to 255 characters.", field="id", remedy="Use a shorter one.")
    if group.status not in ("Accepted", "Blocked"):
        raise InvalidInput(
            f"A group cannot be {group.status!r}.", field="status", remedy="Use one of: Accepted, Blocked."
        )
    check_limits(group.max_sessions, group.credit_limit)
    above, name = 0, group.parent.lower()
    while name:
        above += 1
        if name == group.folded or above >= DEEPEST:
            raise InvalidInput(
                "A group cannot be within itself, nor more than seven deep.", field="parent", remedy="Name another one."
            )
        query = select(_G.parent).where(_G.network == group.network, _G.folded == name)
        found = (await connection.execute(query)).scalar_one_or_none()
        if found is None:
            raise NotFound("There is no such group.", field="parent", remedy="Create it first.")
        name = found


def _is(group: TokenGroup) -> tuple[Any, Any]:
    return _G.network == group.network, _G.folded == group.folded


def _of_row(row: Any) -> TokenGroup:
    return TokenGroup(*row[: len(_COLUMNS)])


def _row(group: TokenGroup) -> dict[str, Any]:
    row = {column.name: getattr(group, column.name) for column in _COLUMNS}
    return row | {"folded": group.folded, "parent": group.parent.lower()}


def _audited(group: TokenGroup) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(group, name) for name in sorted(CHANGEABLE)}
    return told | {"credit_limit": None if group.credit_limit is None else str(group.credit_limit)}
