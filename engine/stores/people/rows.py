"""Accounts and grants as the rest sees them, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Grant
from engine.access.roles import ADMIN, OF_EVERYBODY, ROLES
from engine.errors import NotFound
from engine.stores.sql.tables.people import grants, roles, users

STAFF, DRIVER = "staff", "driver"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in, unless disabled or deleted. `network` is a driver's operator, None for staff."""

    id: str
    kind: str
    network: str | None
    email: str
    email_verified: int | None
    name: str
    disabled: bool
    deleted: int | None
    version: int
    created: int
    updated: int

    @property
    def active(self) -> bool:
        return not self.disabled and self.deleted is None


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A grant: a role in one network, or (None) in the whole installation."""

    id: str
    role: str
    name: str
    network: str | None
    permissions: frozenset[str]
    totp_required: bool = False

    @property
    def administers(self) -> bool:
        """Whether it makes somebody an administrator of the whole installation, of whom one has to stay."""
        return self.role == ADMIN and self.network is None

    @property
    def grant(self) -> Grant:
        return Grant(self.permissions, self.network)


ACCOUNT_COLUMNS = [users.c[field.name] for field in fields(Account)]


def unknown_account() -> NotFound:
    return NotFound("There is no such account.", field="account", remedy="List the accounts that there are for you.")


async def account_where(connection: AsyncConnection, where: Any, *, for_change: bool = False) -> Account:
    """The one account. `for_change` keeps others from changing it within this transaction. Raises NotFound."""
    query = select(*ACCOUNT_COLUMNS).where(where)
    row = (await connection.execute(query.with_for_update() if for_change else query)).one_or_none()
    if row is None:
        raise unknown_account()
    return Account(*row)


def permissions_of_role(role: str, builtin: bool, stored: Iterable[str]) -> frozenset[str]:
    """A built-in role's from code, so that a release can extend it; an operator's own from its row."""
    if builtin and role in ROLES:
        return ROLES[role]
    return frozenset(stored)


async def held_roles(connection: AsyncConnection, accounts: Sequence[str]) -> Mapping[str, tuple[HeldRole, ...]]:
    """What each of these accounts is granted, the built-in roles first and in their order."""
    query = (
        select(grants.c.account, grants.c.id, grants.c.role, grants.c.network)
        .add_columns(roles.c.name, roles.c.builtin, roles.c.permissions, roles.c.totp_required)
        .join_from(grants, roles, roles.c.id == grants.c.role)
        .where(grants.c.account.in_(accounts))
    )
    found: dict[str, list[HeldRole]] = {account: [] for account in accounts}
    for row in await connection.execute(query):
        permissions = permissions_of_role(row.role, row.builtin, row.permissions)
        found[row.account].append(HeldRole(row.id, row.role, row.name, row.network, permissions, row.totp_required))
    return {account: tuple(sorted(held, key=_rank)) for account, held in found.items()}


def grants_of(held: Iterable[HeldRole]) -> tuple[Grant, ...]:
    """The grants of somebody who is logged in: what their roles give, and what everybody has."""
    return (*(role.grant for role in held), Grant(OF_EVERYBODY))


_ORDER = {name: index for index, name in enumerate(ROLES)}


def _rank(held: HeldRole) -> tuple[int, bool, str, str]:
    return _ORDER.get(held.role, len(_ORDER)), held.network is not None, held.role, held.network or ""
