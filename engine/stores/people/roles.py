"""Roles as data, and where logins must show a second factor.

Built-in roles are the same in every installation; of them only whether a second factor is needed can be changed. An
operator's own role holds what they choose of what they hold themselves, and may belong to one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Grant, Power
from engine.access.roles import GRANTABLE
from engine.access.scope import Scope
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.people.ground import Ground, need_network
from engine.stores.people.rows import permissions_of_role
from engine.stores.people.standing import EVERYWHERE_POLICY
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.people import grants, login_policies, roles


@dataclass(frozen=True, slots=True)
class Role:
    """`network` None: it may be granted anywhere."""

    id: str
    name: str
    description: str
    permissions: frozenset[str]
    builtin: bool
    network: str | None
    totp_required: bool
    version: int


@dataclass(frozen=True, slots=True)
class NewRole:
    """A role of the operator's own."""

    name: str
    permissions: frozenset[str]
    description: str = ""
    network: str | None = None
    totp_required: bool = False


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """What logins must show of whoever has a role in `network`; "*": of all who are no drivers."""

    network: str
    totp_required: bool
    version: int


_LISTING = Listing({"name": (roles.c.name, str), "created": (roles.c.created, int)}, roles.c.id, "name")


class Roles:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def page(self, scope: Scope, wanted: Wanted, *, builtin: bool | None = None) -> Page[Role]:
        """Those that may be granted within the scope."""
        query = select(roles).where(roles.c.network.is_(None) | scope.where(roles.c.network))
        if builtin is not None:
            query = query.where(roles.c.builtin.is_(builtin))
        async with self._ground.database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _role)

    async def get(self, role: str, scope: Scope) -> Role:
        """Raises NotFound."""
        async with self._ground.database.read() as connection:
            return await _read(connection, role, scope)

    async def create(self, new: NewRole, power: Power) -> Role:
        """Raises InvalidInput, NotFound, Forbidden for permissions that are not held there."""
        now, id = self._ground.clock.now(), new_id()
        row: dict[str, Any] = {"id": id, "name": new.name, "description": new.description, "network": new.network}
        row |= {"permissions": _checked(new.permissions), "totp_required": new.totp_required}
        self._need(new.network, new.permissions, power)
        async with self._ground.database.write() as connection:
            if new.network is not None:
                await need_network(connection, new.network)
            await connection.execute(insert(roles), row | {"created": now, "updated": now})
            made = await _read(connection, id, power.scope_of("roles:write"))
            await note(connection, now, "created", "role", id, network=new.network, after=_told(made))
        return made

    async def change(self, role: str, changes: Mapping[str, Any], power: Power, *, version: int | None = None) -> Role:
        """Change any of name, description, permissions, totp_required; of a built-in one the last only.

        Raises NotFound, Forbidden, Changed, InvalidInput.
        """
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            before = await _read(connection, role, power.scope_of("roles:write"), for_change=True)
            if version is not None and version != before.version:
                raise Changed()
            if before.builtin and changes.keys() - {"totp_required"}:
                raise InvalidInput(
                    "A built-in role is the same everywhere.", field="role", remedy="Make a role of your own."
                )
            values = dict(changes)
            wanted = frozenset(values.get("permissions", before.permissions))
            # Also what it had: whoever does not hold that must not take it from those who have the role.
            self._need(before.network, before.permissions | wanted, power)
            if "permissions" in values:
                values["permissions"] = _checked(wanted)
            await connection.execute(
                update(roles).where(roles.c.id == role).values(**values, version=roles.c.version + 1, updated=now)
            )
            after = await _read(connection, role, power.scope_of("roles:write"))
            await note(
                connection,
                now,
                "changed",
                "role",
                role,
                network=after.network,
                before=_told(before),
                after=_told(after),
            )
        await self._ground.announcements.roles()
        return after

    async def delete(self, role: str, power: Power, *, version: int | None = None) -> None:
        """Raises NotFound, Forbidden, Changed, InvalidInput for a built-in one, Conflict while somebody has it."""
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            before = await _read(connection, role, power.scope_of("roles:write"), for_change=True)
            if version is not None and version != before.version:
                raise Changed()
            if before.builtin:
                raise InvalidInput("A built-in role stays.", field="role", remedy="Delete roles of your own only.")
            self._need(before.network, before.permissions, power)
            if (
                await connection.execute(select(grants.c.id).where(grants.c.role == role).limit(1))
            ).first() is not None:
                raise Conflict("Somebody has this role.", field="role", remedy="Withdraw it from everybody first.")
            await connection.execute(delete(roles).where(roles.c.id == role))
            await note(connection, now, "deleted", "role", role, network=before.network, before=_told(before))

    async def policy(self, network: str, scope: Scope) -> LoginPolicy:
        """What logins must show in a network, or ("*") everywhere. Raises NotFound."""
        async with self._ground.database.read() as connection:
            await _need_policy_place(connection, network, scope)
            return await _policy(connection, network)

    async def set_policy(
        self, network: str, totp_required: bool, power: Power, *, version: int | None = None
    ) -> LoginPolicy:
        """Counts at once, also for those who are logged in. Raises NotFound, Changed."""
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            await _need_policy_place(connection, network, power.scope_of("roles:write"))
            before = await _policy(connection, network)
            if version is not None and version != before.version:
                raise Changed()
            row = {"totp_required": totp_required, "version": before.version + 1, "updated": now}
            statement = upsert(connection.dialect.name, login_policies).values(network=network, **row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[login_policies.c.network], set_=row)
            )
            place = None if network == EVERYWHERE_POLICY else network
            was, shall = {"totp_required": before.totp_required}, {"totp_required": totp_required}
            await note(connection, now, "changed", "login_policy", network, network=place, before=was, after=shall)
        await self._ground.announcements.roles()
        return LoginPolicy(network, totp_required, before.version + 1)

    def _need(self, network: str | None, permissions: Iterable[str], power: Power) -> None:
        power.scope_of("roles:write").need(network)
        power.need_to_hold([Grant(frozenset(permissions), network)])


async def _read(connection: AsyncConnection, role: str, scope: Scope, *, for_change: bool = False) -> Role:
    query = select(roles).where(roles.c.id == role, roles.c.network.is_(None) | scope.where(roles.c.network))
    row = (await connection.execute(query.with_for_update() if for_change else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such role.", field="role", remedy="List the roles that there are for you.")
    return _role(row)


def _role(row: Any) -> Role:
    permissions = permissions_of_role(row.id, row.builtin, row.permissions)
    return Role(
        row.id, row.name, row.description, permissions, row.builtin, row.network, row.totp_required, row.version
    )


def _told(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "totp_required": role.totp_required,
    }


def _checked(permissions: frozenset[str]) -> list[str]:
    unknown = permissions - GRANTABLE
    if unknown:
        raise InvalidInput(
            f"No role of an operator's own can hold {', '.join(sorted(unknown))}.",
            field="permissions",
            remedy=f"Choose from: {', '.join(sorted(GRANTABLE))}.",
        )
    return sorted(permissions)


async def _need_policy_place(connection: AsyncConnection, network: str, scope: Scope) -> None:
    scope.need(None if network == EVERYWHERE_POLICY else network)
    if network != EVERYWHERE_POLICY:
        await need_network(connection, network)


async def _policy(connection: AsyncConnection, network: str) -> LoginPolicy:
    row = (await connection.execute(select(login_policies).where(login_policies.c.network == network))).one_or_none()
    return LoginPolicy(network, False, 1) if row is None else LoginPolicy(network, row.totp_required, row.version)
