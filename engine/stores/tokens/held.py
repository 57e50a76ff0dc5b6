"""What a host keeps of a token and of a group in its memory, and where it reads them.

A hundred thousand tokens lie in each host, so a token is one tuple of what its standing needs and no more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from sys import intern
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Select, and_, func, or_, select

from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import drivers, token_groups, tokens
from engine.stores.tokens.token import Token

_CHUNK = 2000
_KEYS = 200


class HeldToken(NamedTuple):
    """`spent`: it, or the driver whose it is, owes as much as may be owed. The others as in `Token`."""

    status: str
    valid_from: int | None
    expires: int | None
    group: str
    max_sessions: int | None
    spent: bool


class HeldGroup(NamedTuple):
    """A group's policy. `parent` is the folded id of the group's own group, or ""."""

    network: str
    folded: str
    blocked: bool
    parent: str
    max_sessions: int | None
    spent: bool


class Named(NamedTuple):
    """A token and what it is found by."""

    network: str
    folded: str
    token: HeldToken


class TokenSource(Protocol):
    """Where the book reads. All methods raise StoreUnavailable."""

    def whole(self) -> AsyncIterator[Sequence[Named]]:
        """All tokens, some at a time."""
        ...

    async def of(self, names: Sequence[tuple[str, str]]) -> Sequence[Named]:
        """Those of these (network, folded) that there are."""
        ...

    async def since(self, updated: int) -> Sequence[Named]:
        """Those that were written at `updated` or later."""
        ...

    async def count(self) -> int:
        """How many there are."""
        ...

    async def groups(self) -> Sequence[HeldGroup]:
        """All groups that have a policy."""
        ...


def spent(used: Decimal | None, limit: Decimal | None) -> bool:
    """Whether as much is owed as may be."""
    return limit is not None and used is not None and used >= limit


_T, _D = tokens.c, drivers.c
_QUERY = select(
    _T.network,
    _T.folded,
    _T.status,
    _T.valid_from,
    _T.expires,
    _T.group_id,
    _T.max_sessions,
    _T.credit_limit,
    _T.credit_used,
    _D.credit_limit.label("driver_limit"),
    _D.credit_used.label("driver_used"),
).select_from(tokens.outerjoin(drivers, _D.id == _T.driver))


def _named(row: Any) -> Named:
    owes = spent(row.credit_used, row.credit_limit) or spent(row.driver_used, row.driver_limit)
    held = HeldToken(intern(row.status), row.valid_from, row.expires, intern(row.group_id), row.max_sessions, owes)
    return Named(intern(row.network), row.folded, held)


class SqlTokenSource:
    """The real one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def whole(self) -> AsyncIterator[Sequence[Named]]:
        last: tuple[str, str] | None = None
        while True:
            query = _QUERY.order_by(_T.network, _T.folded).limit(_CHUNK)
            if last is not None:
                network, folded = last
                query = query.where(or_(_T.network > network, and_(_T.network == network, _T.folded > folded)))
            found = await self._read(query)
            yield found
            if len(found) < _CHUNK:
                return
            last = found[-1].network, found[-1].folded

    async def of(self, names: Sequence[tuple[str, str]]) -> Sequence[Named]:
        found: list[Named] = []
        for first in range(0, len(names), _KEYS):
            wanted = [and_(_T.network == n, _T.folded == f) for n, f in names[first : first + _KEYS]]
            found += await self._read(_QUERY.where(or_(*wanted)))
        return found

    async def since(self, updated: int) -> Sequence[Named]:
        return await self._read(_QUERY.where(_T.updated >= updated))

    async def count(self) -> int:
        async with self._database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(tokens))).scalar_one())

    async def groups(self) -> Sequence[HeldGroup]:
        g = token_groups.c
        query = select(g.network, g.folded, g.status, g.parent, g.max_sessions, g.credit_limit, g.credit_used)
        async with self._database.read() as connection:
            return [
                HeldGroup(
                    intern(row.network),
                    intern(row.folded),
                    row.status == "Blocked",
                    row.parent,
                    row.max_sessions,
                    spent(row.credit_used, row.credit_limit),
                )
                for row in await connection.execute(query)
            ]

    async def _read(self, query: Select[Any]) -> list[Named]:
        async with self._database.read() as connection:
            return [_named(row) for row in await connection.execute(query)]


class MemoryTokenSource:
    """The in-memory twin, of whole tokens and groups that are put in by hand."""

    def __init__(self, *known: Token, groups: Sequence[HeldGroup] = ()) -> None:
        self.tokens = {(token.network, token.folded): token for token in known}
        self.policies = list(groups)

    def _named(self, token: Token) -> Named:
        owes = spent(token.credit_used, token.credit_limit)
        times = (token.valid_from, token.expires)
        held = HeldToken(token.status, *times, token.group_id, token.max_sessions, owes)
        return Named(token.network, token.folded, held)

    async def whole(self) -> AsyncIterator[Sequence[Named]]:
        yield [self._named(token) for token in self.tokens.values()]

    async def of(self, names: Sequence[tuple[str, str]]) -> Sequence[Named]:
        return [self._named(self.tokens[name]) for name in names if name in self.tokens]

    async def since(self, updated: int) -> Sequence[Named]:
        return [self._named(token) for token in self.tokens.values()]

    async def count(self) -> int:
        return len(self.tokens)

    async def groups(self) -> Sequence[HeldGroup]:
        return self.policies
