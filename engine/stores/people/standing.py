"""What is known of somebody who sends a bearer token, from memory.

It is read from SQL when asked for first, dropped when a change is announced, and read again after `FRESH_US` in case an
announcement was missed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from engine.access.grants import Grant
from engine.access.roles import OF_EVERYBODY
from engine.clock import SECOND, Clock
from engine.errors import NotFound
from engine.stores.changes import ACCOUNT, ALL, ROLE, Change
from engine.stores.people.rows import Account, HeldRole, account_where, grants_of, held_roles
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import api_keys, login_policies, logins, second_factors, users

FRESH_US = 3 * SECOND
REMEMBERED = 4096
EVERYWHERE_POLICY = "*"


@dataclass(frozen=True, slots=True)
class LiveLogin:
    """A login session that has neither been revoked nor, as of `expires`, ended."""

    id: str
    second_factor: bool
    expires: int


@dataclass(frozen=True, slots=True)
class LiveKey:
    """An API key that was not revoked. `networks` None: wherever its owner may."""

    id: str
    name: str
    secret_hash: bytes
    permissions: frozenset[str]
    networks: frozenset[str] | None
    expires: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An account with its roles, its live logins and its keys, as of one moment."""

    account: Account
    roles: tuple[HeldRole, ...]
    logins: Mapping[str, LiveLogin]
    keys: Mapping[str, LiveKey]
    second_factor: bool
    """Whether the account has one that was confirmed."""
    second_factor_required: bool

    @property
    def grants(self) -> tuple[Grant, ...]:
        return grants_of(self.roles)

    def grants_in(self, login: LiveLogin) -> tuple[Grant, ...]:
        """What this login may: only set up the second factor, as long as one is required and was not shown."""
        if self.second_factor_required and not login.second_factor:
            return (Grant(OF_EVERYBODY),)
        return self.grants


class KnownPeople:
    """The cache of one process. Bounded: who was asked for least recently is forgotten."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known: OrderedDict[str, tuple[int, Standing]] = OrderedDict()
        self._drops = 0

    async def standing(self, account: str, *, anew: bool = False) -> Standing | None:
        """None for an account that there is none of. `anew` reads it whatever is known. Raises StoreUnavailable."""
        now = self._clock.now()
        read_at, known = self._known.get(account, (0, None))
        if known is not None and not anew and 0 <= now - read_at < FRESH_US:
            self._known.move_to_end(account)
            return known
        drops = self._drops
        found = await self._read(account, now)
        # What was read before a change was announced must not outlive the announcement.
        if found is not None and drops == self._drops:
            self._known[account] = (now, found)
            self._known.move_to_end(account)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def changed(self, change: Change) -> None:
        """Forget whom a change is about; a role's is about everybody."""
        if change.kind == ACCOUNT and change.key != ALL:
            self._drops += 1
            self._known.pop(change.key, None)
        elif change.kind in (ACCOUNT, ROLE):
            self._drops += 1
            self._known.clear()

    async def _read(self, account: str, now: int) -> Standing | None:
        async with self._database.read() as connection:
            try:
                found = await account_where(connection, users.c.id == account)
            except NotFound:
                return None
            held = (await held_roles(connection, [account]))[account]
            live = select(logins.c.id, logins.c.second_factor, logins.c.expires).where(
                logins.c.account == account, logins.c.revoked.is_(None), logins.c.expires > now
            )
            sessions = {row.id: LiveLogin(*row) for row in await connection.execute(live)}
            valid = select(api_keys).where(
                api_keys.c.account == account, api_keys.c.revoked.is_(None), api_keys.c.expires > now
            )
            keys = {row.id: _key(row) for row in await connection.execute(valid)}
            confirmed = select(second_factors.c.confirmed).where(second_factors.c.account == account)
            has_factor = (await connection.execute(confirmed)).scalar_one_or_none() is not None
            strict = select(login_policies.c.network).where(login_policies.c.totp_required)
            required = _required(found, held, set((await connection.execute(strict)).scalars()))
        return Standing(found, held, sessions, keys, has_factor, required)


def _required(account: Account, held: tuple[HeldRole, ...], strict: set[str]) -> bool:
    if any(role.totp_required for role in held):
        return True
    if account.network is None and EVERYWHERE_POLICY in strict:
        return True
    return any(role.network in strict for role in held)


def _key(row: object) -> LiveKey:
    values = row._mapping  # type: ignore[attr-defined]
    networks = values[api_keys.c.networks]
    return LiveKey(
        values[api_keys.c.id],
        values[api_keys.c.name],
        values[api_keys.c.secret_hash],
        frozenset(values[api_keys.c.permissions]),
        None if networks is None else frozenset(networks),
        values[api_keys.c.expires],
    )
