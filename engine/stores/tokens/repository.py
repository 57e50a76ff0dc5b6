"""The tokens that may charge: RFID cards, apps, ad hoc payments, partners' customers.

Whoever changes a token is in the audit log, and hosts hear of it by the change feed: engine/stores/tokens/book.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores import audit
from engine.stores.changes import ALL, TOKEN, Change, ChangeFeed
from engine.stores.drivers import holders
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import tokens
from engine.stores.tokens.token import CHANGEABLE, NAMES, WRITABLE, Token, as_audited, check

_ANNOUNCED_ONE_BY_ONE = 100
_AT_ONCE = 1000
COLUMNS = [tokens.c[name] for name in NAMES]
_NAME = (tokens.c.folded + "\x1f" + tokens.c.network).label("name")
"""Unique over networks, in the order of tokens."""

_LISTING = Listing(
    {
        "id_token": (_NAME, str),
        "created": (tokens.c.created, int),
        "updated": (tokens.c.updated, int),
        "kind": (tokens.c.kind, str),
        "status": (tokens.c.status, str),
    },
    _NAME,
    "id_token",
)


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """Which tokens are wanted; None is any. `text` is in name, label, visual number, contract or group."""

    network: str | None = None
    kind: str | None = None
    status: str | None = None
    group: str | None = None
    driver: str | None = None
    text: str = ""


class Tokens:
    """The repository of tokens. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    # reading ---------------------------------------------------------------------------------------------------------

    async def get(self, id_token: str, network: str | None = None, scope: Scope = EVERYWHERE) -> Token:
        """By name in any case. Raises NotFound; Conflict where several networks have it and none is named."""
        query = select(*COLUMNS).where(tokens.c.folded == id_token.lower(), scope.where(tokens.c.network))
        if network is not None:
            query = query.where(tokens.c.network == network)
        async with self._database.read() as connection:
            return one_of((await connection.execute(query)).all())

    async def page(
        self, which: TokenFilter | None = None, wanted: Wanted | None = None, scope: Scope = EVERYWHERE
    ) -> Page[Token]:
        """A page of those in the scope, in the order of their lower-case names unless told otherwise."""
        query = select(*COLUMNS, _NAME, tokens.c.created, tokens.c.updated).where(
            scope.where(tokens.c.network), *_conditions(which or TokenFilter())
        )
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), of_row)

    async def every(self, which: TokenFilter, scope: Scope, limit: int) -> list[Token]:
        """All of them at once, at most `limit`, for exports and local lists."""
        query = select(*COLUMNS).where(scope.where(tokens.c.network), *_conditions(which)).order_by(_NAME).limit(limit)
        async with self._database.read() as connection:
            return [of_row(row) for row in await connection.execute(query)]

    # writing ---------------------------------------------------------------------------------------------------------

    async def put(self, *new: Token) -> None:
        """Write tokens in one transaction, over those of the same name. Raises InvalidInput.

        Whose they are and what they owe stays.
        """
        if not new:
            return
        for token in new:
            check(token)
        async with self._database.write() as connection:
            await self.put_in(connection, new)
        await self.announce(new)

    async def put_in(self, connection: AsyncConnection, new: Sequence[Token]) -> None:
        """The same within the caller's transaction, which announces after its commit."""
        now = self._clock.now()
        statement = upsert(self._database.dialect, tokens)
        taken = (*WRITABLE, "group_folded", "updated")
        changed: dict[str, Any] = {name: statement.excluded[name] for name in taken}
        changed["version"] = tokens.c.version + 1
        statement = statement.on_conflict_do_update(index_elements=["network", "folded"], set_=changed)
        for first in range(0, len(new), _AT_ONCE):
            await connection.execute(statement, [_row(token, now) for token in new[first : first + _AT_ONCE]])

    async def create(self, token: Token, scope: Scope = EVERYWHERE) -> Token:
        """Add one, with its driver if it has one. Raises InvalidInput, Conflict, NotFound (network or driver)."""
        check(token)
        now = self._clock.now()
        need_network(scope, token.network)
        try:
            async with self._database.write() as connection:
                if token.driver is not None:
                    await holders.check_driver(connection, token.driver, token.network)
                await connection.execute(insert(tokens), _row(token, now) | {"driver": token.driver})
                if token.driver is not None:
                    await holders.hand_over(connection, token.network, token.folded, token.driver, now)
                await audit.note(connection, now, "created", "token", token.id_token, **_of(token))
        except IntegrityError as error:
            raise Conflict(
                "There is a token of this name.", field="id_token", remedy="Change the one that is there."
            ) from error
        await self.announce([token])
        return replace(token, version=1)

    async def change(
        self,
        id_token: str,
        changes: Mapping[str, Any],
        *,
        network: str | None = None,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
    ) -> Token:
        """Change any of `CHANGEABLE` and `driver`. Raises NotFound, Conflict, InvalidInput, Changed."""
        if unknown := changes.keys() - CHANGEABLE - {"driver"}:
            raise InvalidInput(f"A token's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await self._locked(connection, id_token, network, scope, version)
            after = replace(before, **changes, version=before.version + 1)
            if after.status != "Blocked":
                after = replace(after, block_reason="")
            check(after)
            if after.driver != before.driver:
                if after.driver is not None:
                    await holders.check_driver(connection, after.driver, after.network)
                await holders.hand_over(connection, after.network, after.folded, after.driver, now)
            await connection.execute(
                update(tokens).where(*_is(after)), _row(after, now, fresh=False) | {"driver": after.driver}
            )
            told = {"before": as_audited(before), "after": as_audited(after, changes)}
            await audit.note(connection, now, "changed", "token", after.id_token, network=after.network or None, **told)
        await self.announce([after])
        return after

    async def remove(
        self, id_token: str, *, network: str | None = None, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> None:
        """Forget a token; whose it was stays known for its sessions' sake. Raises NotFound, Conflict, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            token = await self._locked(connection, id_token, network, scope, version)
            await holders.hand_over(connection, token.network, token.folded, None, now)
            await connection.execute(delete(tokens).where(*_is(token)))
            told = {"before": as_audited(token)}
            await audit.note(connection, now, "deleted", "token", token.id_token, network=token.network or None, **told)
        await self.announce([token])

    async def _locked(
        self, connection: AsyncConnection, id_token: str, network: str | None, scope: Scope, version: int | None
    ) -> Token:
        query = select(*COLUMNS).where(tokens.c.folded == id_token.lower(), scope.where(tokens.c.network))
        if network is not None:
            query = query.where(tokens.c.network == network)
        token = one_of((await connection.execute(query.with_for_update())).all())
        if version is not None and version != token.version:
            raise Changed
        return token

    async def announce(self, changed: Sequence[Token]) -> None:
        """Tell the hosts, after the commit."""
        keys = [token.key for token in changed] if len(changed) <= _ANNOUNCED_ONE_BY_ONE else [ALL]
        await self._feed.announce([Change(TOKEN, key) for key in keys])


def need_network(scope: Scope, network: str) -> None:
    """Raise NotFound unless the scope covers what belongs to `network`, "" being the whole installation."""
    scope.need(network or None)


def of_row(row: Any) -> Token:
    """A token of a row that begins with `COLUMNS`."""
    return Token(*row[: len(NAMES)])


def one_of(rows: Sequence[Any]) -> Token:
    """The one token of this name that was found. Raises NotFound, Conflict."""
    if not rows:
        raise NotFound("There is no such token.", field="id_token", remedy="Create it first.")
    if len(rows) > 1:
        raise Conflict("Several networks have a token of this name.", field="network", remedy="Name the network.")
    return of_row(rows[0])


def _is(token: Token) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return tokens.c.network == token.network, tokens.c.folded == token.folded


def _of(token: Token) -> dict[str, Any]:
    return {"network": token.network or None, "after": as_audited(token)}


def _row(token: Token, now: int, *, fresh: bool = True) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(token, name) for name in WRITABLE}
    row |= {"folded": token.folded, "group_folded": token.group_id.lower(), "updated": now}
    return row | {"created": now} if fresh else row | {"version": token.version}


def _conditions(which: TokenFilter) -> list[ColumnElement[bool]]:
    wanted = [
        tokens.c[name] == value
        for name, value in (
            ("network", which.network),
            ("kind", which.kind),
            ("status", which.status),
            ("driver", which.driver),
            ("group_folded", None if which.group is None else which.group.lower()),
        )
        if value is not None
    ]
    if which.text:
        like = pattern(which.text)
        found = [
            tokens.c[name].ilike(like, escape="\\")
            for name in ("id_token", "label", "visual_number", "contract_id", "group_id")
        ]
        wanted.append(found[0] | found[1] | found[2] | found[3] | found[4])
    return wanted
