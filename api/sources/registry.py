"""Charge points, tokens and users from SQL, as the façade wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from api import ports
from engine.errors import Conflict, NotFound, Unauthenticated
from engine.stores.admissions import ACCEPTED, Admissions
from engine.stores.paging import to_cursor
from engine.stores.registry import ChargePoint, NewChargePoint, Registry
from engine.stores.sql.engine import Database
from engine.stores.sql.models import users as users_table
from engine.stores.tokens import Token, Tokens
from engine.stores.users import Users


class SqlRegistry:
    """The `Registry` port over the four repositories. All methods raise StoreUnavailable."""

    def __init__(
        self, database: Database, registry: Registry, tokens: Tokens, admissions: Admissions, users: Users
    ) -> None:
        self._database, self._registry, self._tokens, self._users = database, registry, tokens, users
        self._admissions = admissions

    async def charge_points(self, *, after: str, limit: int, retired: bool = False) -> Sequence[ports.ChargePoint]:
        page = await self._registry.page(cursor=to_cursor(after) if after else None, limit=limit, retired=retired)
        return await self._shown(*page.items)

    async def charge_point(self, charge_point: str) -> ports.ChargePoint:
        (shown,) = await self._shown(await self._registry.get(charge_point))
        return shown

    async def add_charge_point(
        self,
        charge_point: str,
        *,
        name: str,
        isolation: str,
        password: str | bytes | None,
        security_profile: int | None = None,
        certificate_name: str | None = None,
    ) -> ports.ChargePoint:
        new = NewChargePoint(
            charge_point,
            name=name,
            isolation=isolation,
            security_profile=security_profile,
            certificate_name=certificate_name,
        )
        return _charge_point(await self._registry.create(new, password))

    async def change_charge_point(self, charge_point: str, changes: Mapping[str, Any]) -> ports.ChargePoint:
        plain = {name: value for name, value in changes.items() if name not in ("password", "admission")}
        # The password first: a profile that needs one may come with it.
        if "password" in changes:
            await self._registry.set_secret(charge_point, changes["password"])
        row = await self._registry.update(charge_point, **plain)
        if "admission" in changes:
            await self._admissions.set(row.id, changes["admission"])
        (shown,) = await self._shown(row)
        return shown

    async def _shown(self, *rows: ChargePoint) -> list[ports.ChargePoint]:
        admissions = await self._admissions.of([row.id for row in rows])
        return [replace(_charge_point(row), admission=admissions.get(row.id, ACCEPTED)) for row in rows]

    async def retire_charge_point(self, charge_point: str) -> None:
        await self._registry.retire(charge_point)

    async def tokens(self, *, after: str, limit: int) -> Sequence[ports.Token]:
        page = await self._tokens.page(cursor=to_cursor(after.lower()) if after else None, limit=limit)
        return [_token(row) for row in page.items]

    async def add_token(self, token: ports.Token) -> ports.Token:
        try:
            await self._tokens.get(token.id)
        except NotFound:
            row = Token(token.id, token.kind, token.status, token.expires, token.group, token.label)
            await self._tokens.put(row)
            return _token(row)
        raise Conflict("There is a token of this name.", field="id_token", remedy="Change the one that is there.")

    async def change_token(self, token: str, changes: Mapping[str, Any]) -> ports.Token:
        names = {"label": "note", "group": "group_id"}
        row = await self._tokens.get(token)
        changed = replace(row, **{names.get(name, name): value for name, value in changes.items()})
        await self._tokens.put(changed)
        return _token(changed)

    async def user(self, user_id: str) -> ports.User:
        """`version` is when the row was last changed: a new password or role ends the logins from before."""
        query = select(users_table).where(users_table.c.id == user_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such user.", field="user")
        return ports.User(row.id, row.email, row.role, not row.disabled, row.updated)

    async def authenticate(self, email: str, password: str) -> ports.User | None:
        try:
            known = await self._users.log_in(email, password)
        except Unauthenticated:
            return None
        return await self.user(known.id)


def _charge_point(row: ChargePoint) -> ports.ChargePoint:
    return ports.ChargePoint(
        row.id, row.name, row.isolation, row.security_profile, row.created, row.retired, row.certificate_name
    )


def _token(row: Token) -> ports.Token:
    return ports.Token(row.id_token, row.note, row.status, row.expires, row.group_id, row.kind)
