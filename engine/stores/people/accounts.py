"""Accounts of staff and drivers: made, found, changed, disabled, anonymised. The first is made at the first start."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import SYSTEM_POWER, Power
from engine.access.roles import ADMIN
from engine.access.roles import DRIVER as DRIVER_ROLE
from engine.access.scope import EVERYWHERE, Scope
from engine.errors import Conflict, InvalidInput
from engine.ids import new_id
from engine.outbox.letter import checked_address, put
from engine.stores.audit import note
from engine.stores.drivers.forgetting import forget_driver_of
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.people import letters
from engine.stores.people.granting import Granting, RoleIn
from engine.stores.people.ground import Ground, lock_admins, need_admin_left, need_network, to_change, visible
from engine.stores.people.mail_tokens import INVITATION, LASTS_US
from engine.stores.people.proofs_of_password import checked_password
from engine.stores.people.rows import ACCOUNT_COLUMNS, DRIVER, STAFF, Account, HeldRole, account_where, held_roles
from engine.stores.sql.tables.people import (
    api_keys,
    grants,
    identities,
    recovery_codes,
    second_factors,
    users,
)

FIRST_ADMIN = "admin@raycharge.local"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made. Without a password its owner is invited by e-mail. A driver has a `network`."""

    email: str
    name: str = ""
    password: str | None = None
    network: str | None = None
    roles: Sequence[RoleIn] = ()

    @property
    def kind(self) -> str:
        return STAFF if self.network is None else DRIVER


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts are wanted. `text` is a part of the address or name."""

    kind: str | None = None
    network: str | None = None
    role: str | None = None
    disabled: bool | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An account and what it holds."""

    account: Account
    roles: tuple[HeldRole, ...]


_LISTING = Listing(
    {"email": (users.c.email, str), "name": (users.c.name, str), "created": (users.c.created, int)}, users.c.id, "email"
)


class Accounts:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground, granting: Granting) -> None:
        self._ground, self._granting = ground, granting

    async def create(self, new: NewAccount, power: Power) -> Known:
        """Raises InvalidInput, NotFound, Forbidden for roles that are not held, Conflict for a taken address."""
        now, id = self._ground.clock.now(), new_id()
        email = address_of(new.email)
        hashed = "" if new.password is None else await self._ground.passwords.hash(checked_password(new.password))
        row: dict[str, Any] = {"id": id, "kind": new.kind, "network": new.network, "email": email, "name": new.name}
        row |= {"password_hash": hashed, "created": now, "updated": now}
        wanted = list(new.roles) if new.network is None else [(DRIVER_ROLE, new.network)]
        if not wanted and not power.scope_of("users:write").everywhere:
            # Whoever sees only networks would not see an account that is in none.
            raise InvalidInput("An account needs a role.", field="roles", remedy="Give it one in one of your networks.")
        try:
            async with self._ground.database.write() as connection:
                if new.network is not None:
                    power.scope_of("users:write").need(new.network)
                    await need_network(connection, new.network)
                await connection.execute(insert(users), row)
                account = await account_where(connection, users.c.id == id)
                held = await self._granting.grant_within(connection, account, wanted, power)
                await note(
                    connection, now, "created", "user", id, network=network_of(account, held), after=told(account)
                )
                if new.password is None:
                    await self._invite(connection, account)
        except IntegrityError as error:
            raise Conflict("This address is taken.", field="email", remedy="Use another one.") from error
        return Known(account, tuple(held))

    async def invite_again(self, account: str, power: Power) -> None:
        """Send another invitation; the one before counts no more. Raises Conflict if it was accepted."""
        async with self._ground.database.write() as connection:
            found, held = await to_change(connection, account, power)
            encoded = select(users.c.password_hash).where(users.c.id == account)
            if (await connection.execute(encoded)).scalar_one():
                raise Conflict("This account has a password.", field="account", remedy="Its owner can reset it.")
            await self._invite(connection, found)
            await note(
                connection, self._ground.clock.now(), "invited", "user", account, network=network_of(found, held)
            )

    async def _invite(self, connection: AsyncConnection, account: Account) -> None:
        now = self._ground.clock.now()
        token = await self._ground.mail_tokens.issue(connection, now, INVITATION, account.id)
        letter = letters.invitation(account.email, account.network, token, now + LASTS_US[INVITATION])
        await put(connection, now, letter)

    async def get(self, account: str, scope: Scope = EVERYWHERE) -> Known:
        """Raises NotFound."""
        async with self._ground.database.read() as connection:
            found = await account_where(connection, (users.c.id == account) & visible(scope))
            return Known(found, (await held_roles(connection, [account]))[account])

    async def by_email(self, email: str, network: str | None = None) -> Account:
        """One of the staff, or a driver of `network`. Raises NotFound."""
        place = users.c.network.is_(None) if network is None else users.c.network == network
        async with self._ground.database.read() as connection:
            return await account_where(connection, (users.c.email == email.strip().lower()) & place)

    async def page(self, filter: AccountFilter, scope: Scope, wanted: Wanted) -> Page[Known]:
        """Those that are not deleted."""
        query = select(*ACCOUNT_COLUMNS).where(visible(scope), users.c.deleted.is_(None))
        for condition in _conditions(filter, scope):
            query = query.where(condition)
        async with self._ground.database.read() as connection:
            page = await _LISTING.page(connection, query, wanted, lambda row: Account(*row))
            held = await held_roles(connection, [account.id for account in page.items])
        return Page([Known(account, held[account.id]) for account in page.items], page.cursor)

    async def change(
        self, account: str, changes: Mapping[str, Any], power: Power, *, version: int | None = None
    ) -> Known:
        """Change any of name, email, disabled. Raises NotFound, Forbidden, Changed, Conflict.

        Who is disabled is out at once, and so are their API keys; who gets another address has to prove it anew.
        """
        values = dict(changes)
        if "email" in values:
            values["email"] = address_of(values["email"])
        try:
            async with self._ground.database.write() as connection:
                await lock_admins(connection)
                found, held = await to_change(connection, account, power, version=version)
                if values.get("email", found.email) != found.email:
                    values["email_verified"] = None
                    await self._ground.mail_tokens.end_all(connection, self._ground.clock.now(), account)
                if values.get("disabled"):
                    await self._ground.logins.revoke_within(connection, account)
                await self._write(connection, found, held, "changed", values)
                if values.get("disabled") and any(role.administers for role in held):
                    await need_admin_left(connection)
        except IntegrityError as error:
            raise Conflict("This address is taken.", field="email", remedy="Use another one.") from error
        await self._ground.announcements.account(account)
        return await self.get(account)

    async def end_logins(self, account: str, power: Power) -> None:
        """Log somebody out everywhere. Raises NotFound, Forbidden."""
        async with self._ground.database.write() as connection:
            found, held = await to_change(connection, account, power)
            ended = await self._ground.logins.revoke_within(connection, account)
            now, network = self._ground.clock.now(), network_of(found, held)
            await note(connection, now, "ended_logins", "user", account, network=network, after={"count": ended})
        await self._ground.announcements.account(account)

    async def delete(self, account: str, power: Power, *, version: int | None = None) -> None:
        """Anonymise: nothing is left that tells who it was, and nothing of it can be used. The id stays for the books.

        Raises NotFound, Forbidden, Changed, Conflict for the last administrator, and for a driver who charges just now.
        """
        async with self._ground.database.write() as connection:
            await lock_admins(connection)
            found, held = await to_change(connection, account, power, version=version)
            forgotten = await forget_driver_of(connection, account, found.email, self._ground.clock.now())
            await self.delete_within(connection, found, held)
            if any(role.administers for role in held):
                await need_admin_left(connection)
        await self._ground.announcements.account(account)
        await self._ground.announcements.beside(forgotten)

    async def delete_within(self, connection: AsyncConnection, account: Account, held: Sequence[HeldRole]) -> None:
        """The same within the caller's transaction, who has checked it and announces the account afterwards."""
        now = self._ground.clock.now()
        for table in (grants, second_factors, recovery_codes, identities, api_keys):
            await connection.execute(delete(table).where(table.c.account == account.id))
        await self._ground.logins.forget_within(connection, account.id)
        await self._ground.mail_tokens.end_all(connection, now, account.id)
        values = {"email": f"deleted-{account.id}", "email_verified": None, "name": "", "password_hash": ""}
        await connection.execute(
            update(users)
            .where(users.c.id == account.id)
            .values(**values, disabled=True, deleted=now, version=users.c.version + 1, updated=now)
        )
        # Without what it was: the log is for ever, and the person is to be forgotten.
        await note(connection, now, "deleted", "user", account.id, network=network_of(account, held))

    async def _write(
        self,
        connection: AsyncConnection,
        account: Account,
        held: Sequence[HeldRole],
        action: str,
        values: Mapping[str, Any],
    ) -> None:
        now = self._ground.clock.now()
        await connection.execute(
            update(users).where(users.c.id == account.id).values(**values, version=users.c.version + 1, updated=now)
        )
        after = await account_where(connection, users.c.id == account.id)
        network = network_of(account, held)
        await note(
            connection, now, action, "user", account.id, network=network, before=told(account), after=told(after)
        )

    async def create_first_admin(self, password: str = "", email: str = FIRST_ADMIN) -> tuple[Account, str] | None:
        """If there is no account at all make an admin and return it with its password (a fresh one if none was given).

        None if somebody is there already, also when another process has been faster.
        """
        async with self._ground.database.read() as connection:
            if (await connection.execute(select(func.count()).select_from(users))).scalar_one():
                return None
        password = password or secrets.token_urlsafe(12)
        now, id = self._ground.clock.now(), new_id()
        row = {"id": id, "email": email, "password_hash": await self._ground.passwords.hash(checked_password(password))}
        async with self._ground.database.write() as connection:
            await lock_admins(connection)
            if (await connection.execute(select(func.count()).select_from(users))).scalar_one():
                return None
            await connection.execute(insert(users), row | {"created": now, "updated": now})
            account = await account_where(connection, users.c.id == id)
            await note(connection, now, "created", "user", id, after=told(account))
            await self._granting.grant_within(connection, account, [(ADMIN, None)], SYSTEM_POWER)
        return account, password


def address_of(text: str) -> str:
    """An e-mail address as it is kept: in lower case. Raises InvalidInput."""
    return checked_address(text).lower()


def told(account: Account) -> dict[str, Any]:
    """What the audit log says of an account. Of a driver nothing personal: that may have to be forgotten."""
    facts: dict[str, Any] = {"kind": account.kind, "disabled": account.disabled}
    return facts if account.kind == DRIVER else facts | {"email": account.email, "name": account.name}


def network_of(account: Account, held: Sequence[HeldRole]) -> str | None:
    """Whose audit log shows it: a driver's operator's, or that of the one network where somebody of the staff works."""
    places = {role.network for role in held}
    return account.network or (next(iter(places)) if len(places) == 1 else None)


def _conditions(filter: AccountFilter, scope: Scope) -> list[Any]:
    found: list[Any] = []
    if filter.kind is not None:
        found.append(users.c.kind == filter.kind)
    if filter.disabled is not None:
        found.append(users.c.disabled.is_(filter.disabled))
    if filter.role is not None:
        found.append(
            users.c.id.in_(select(grants.c.account).where(grants.c.role == filter.role, scope.where(grants.c.network)))
        )
    if filter.network is not None:
        found.append(visible(Scope(frozenset({filter.network}))))
    if filter.text:
        like = pattern(filter.text.lower())
        found.append(users.c.email.like(like, escape="\\") | func.lower(users.c.name).like(like, escape="\\"))
    return found
