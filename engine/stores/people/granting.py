"""Giving people roles and taking them away. Nobody gives or takes what they do not hold there themselves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Grant, Power
from engine.access.roles import DRIVER as DRIVER_ROLE
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.people.ground import Ground, lock_admins, need_admin_left, need_network, to_change
from engine.stores.people.rows import DRIVER, Account, HeldRole, permissions_of_role
from engine.stores.sql.tables.people import grants, roles, users

RoleIn = tuple[str, str | None]
"""A role's id and the network in which it is given, None for the whole installation."""


class Granting:
    """The repository of grants. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def grant(self, account: str, role: str, network: str | None, power: Power) -> HeldRole:
        """Raises NotFound, Forbidden, Conflict if the account has it already, InvalidInput where it cannot be."""
        try:
            async with self._ground.database.write() as connection:
                found, _ = await to_change(connection, account, power)
                made = (await self.grant_within(connection, found, [(role, network)], power))[0]
                await raise_version(connection, account, self._ground.clock.now())
        except IntegrityError as error:
            raise Conflict("The account has this role there already.", field="role") from error
        await self._ground.announcements.account(account)
        return made

    async def withdraw(self, account: str, grant: str, power: Power) -> None:
        """Raises NotFound, Forbidden, Conflict for the last administrator of the installation."""
        async with self._ground.database.write() as connection:
            await lock_admins(connection)
            found, held = await to_change(connection, account, power)
            taken = next((each for each in held if each.id == grant), None)
            if taken is None or not power.scope_of("users:write").covers(taken.network):
                raise NotFound("The account has no such grant.", field="grant", remedy="Look at the account's roles.")
            power.need_to_hold([taken.grant])
            if found.kind == DRIVER:
                raise InvalidInput(
                    "A driver has this one role.", field="grant", remedy="Disable or delete the account."
                )
            await connection.execute(delete(grants).where(grants.c.id == grant))
            now = self._ground.clock.now()
            await raise_version(connection, account, now)
            before = {"role": taken.role, "network": taken.network}
            await note(connection, now, "withdrew", "grant", account, network=taken.network, before=before)
            if taken.administers:
                await need_admin_left(connection)
        await self._ground.announcements.account(account)

    async def grant_within(
        self, connection: AsyncConnection, account: Account, wanted: Sequence[RoleIn], power: Power
    ) -> list[HeldRole]:
        """Give roles within the caller's transaction. IntegrityError if the account has one of them already."""
        made: list[HeldRole] = []
        now = self._ground.clock.now()
        for role, network in wanted:
            held = await self._checked(connection, account, role, network, power)
            row = {"id": held.id, "account": account.id, "role": role, "network": network, "created": now}
            await connection.execute(insert(grants), row | {"created_by": power.account or "system"})
            after = {"role": role, "network": network}
            await note(connection, now, "granted", "grant", account.id, network=network, after=after)
            made.append(held)
        return made

    async def _checked(
        self, connection: AsyncConnection, account: Account, role: str, network: str | None, power: Power
    ) -> HeldRole:
        scope = power.scope_of("users:write")
        row = (await connection.execute(select(roles).where(roles.c.id == role))).one_or_none()
        if row is None or not (row.network is None or scope.covers(row.network)):
            raise NotFound("There is no such role.", field="role", remedy="List the roles that there are for you.")
        if (role == DRIVER_ROLE) != (account.kind == DRIVER) or (account.kind == DRIVER and network != account.network):
            raise InvalidInput(
                "Drivers have the role `driver` in their network, and nobody else has it.",
                field="role",
                remedy="Choose another role.",
            )
        if network is not None:
            scope.need(network)
            await need_network(connection, network)
        if row.network is not None and row.network != network:
            raise InvalidInput(
                "This role belongs to one network.", field="network", remedy=f"Grant it in {row.network}."
            )
        permissions = permissions_of_role(role, row.builtin, row.permissions)
        power.need_to_hold([Grant(permissions | {"users:write"}, network)])
        return HeldRole(new_id(), role, row.name, network, permissions, row.totp_required)


async def raise_version(connection: AsyncConnection, account: str, now: int) -> None:
    """The account has changed."""
    await connection.execute(
        update(users).where(users.c.id == account).values(version=users.c.version + 1, updated=now)
    )
