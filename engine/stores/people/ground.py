"""What the repositories of this package stand on, and the checks that more than one of them makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Power
from engine.access.roles import ADMIN
from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, NotFound
from engine.stores.installation_key import InstallationKey
from engine.stores.passwords import Passwords
from engine.stores.people.announcements import Announcements
from engine.stores.people.logins import LoginSessions
from engine.stores.people.mail_tokens import MailTokens
from engine.stores.people.rows import Account, HeldRole, account_where, held_roles, unknown_account
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import grants, users
from engine.stores.sql.tables.places import networks

_ADMINS_LOCK = 0x5259_4144  # "RYAD": PostgreSQL knows such locks by number only.


@dataclass(frozen=True, slots=True)
class Ground:
    """One database, one feed, one clock, one key."""

    database: Database
    announcements: Announcements
    clock: Clock
    key: InstallationKey
    passwords: Passwords
    logins: LoginSessions
    mail_tokens: MailTokens


def visible(scope: Scope) -> Any:
    """SQL's condition that an account is seen within a scope: a driver of its networks, or somebody granted there."""
    if scope.everywhere:
        return true()
    granted = exists().where(grants.c.account == users.c.id, scope.where(grants.c.network))
    return scope.where(users.c.network) | granted


async def to_change(
    connection: AsyncConnection,
    account: str,
    power: Power,
    *,
    permission: str = "users:write",
    version: int | None = None,
) -> tuple[Account, tuple[HeldRole, ...]]:
    """An account that somebody is about to change, held against others until the transaction's end.

    Raises NotFound outside of their scope and for deleted ones, Forbidden if it holds what they do not, Changed if it
    is another version by now.
    """
    seen = visible(power.scope_of(permission))
    found = await account_where(connection, (users.c.id == account) & seen, for_change=True)
    if found.deleted is not None:
        raise unknown_account()
    held = (await held_roles(connection, [account]))[account]
    if account != power.account:
        power.need_to_hold(role.grant for role in held)
    if version is not None and version != found.version:
        raise Changed()
    return found, held


async def lock_admins(connection: AsyncConnection) -> None:
    """Nobody else changes who administers the installation until this transaction ends (SQLite has one writer)."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADMINS_LOCK})


async def need_admin_left(connection: AsyncConnection) -> None:
    """Raise Conflict, and so undo the transaction, if nobody would be left who administers the whole installation."""
    active = (
        select(func.count())
        .select_from(grants.join(users, users.c.id == grants.c.account))
        .where(grants.c.role == ADMIN, grants.c.network.is_(None))
        .where(users.c.disabled.is_(False), users.c.deleted.is_(None))
    )
    if (await connection.execute(active)).scalar_one() == 0:
        raise Conflict(
            "This is the last one who administers the whole installation.",
            field="account",
            remedy="Make somebody else an administrator first.",
        )


async def need_network(connection: AsyncConnection, network: str) -> None:
    """Raise NotFound for a network that is not there, or is retired."""
    there = select(networks.c.id).where(networks.c.id == network, networks.c.retired.is_(None))
    if (await connection.execute(there)).one_or_none() is None:
        raise NotFound("There is no such network.", field="network", remedy="List the networks that there are.")
