"""The people who may log in. The first is made at the first start; unknown names cost what wrong passwords do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from engine.ids import new_id
from engine.stores.passwords import Passwords
from engine.stores.sql.engine import Database
from engine.stores.sql.models import users

ADMIN = "admin"
FIRST_ADMIN = "admin@raycharge.local"
MIN_PASSWORD, MAX_PASSWORD = 8, 256

_FIRST_ADMIN_LOCK = 0x5259_4144  # "RYAD": PostgreSQL knows such locks by number only.


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in, unless `disabled`. `email` is kept in lower case."""

    id: str
    email: str
    role: str
    disabled: bool
    created: int


_COLUMNS = [users.c[field.name] for field in fields(User)]


class Users:
    """The repository of users. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, passwords: Passwords | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._passwords = passwords or Passwords()
        self._clock = clock or SystemClock()

    async def create(self, email: str, password: str, role: str) -> User:
        """Raises InvalidInput, Conflict if the address is taken."""
        row = await self._row(email, password, role)
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(users), row)
        except IntegrityError as error:
            raise Conflict("This address is taken.", field="email", remedy="Use another one.") from error
        return await self.by_email(email)

    async def create_first_admin(self, password: str = "", email: str = FIRST_ADMIN) -> tuple[User, str] | None:
        """If there is no user at all make an admin and return it with its password (a fresh one if none was given).

        None if somebody is there already, also when another process has been faster.
        """
        if await self._count():
            return None
        password = password or secrets.token_urlsafe(12)
        row = await self._row(email, password, ADMIN)
        async with self._database.write() as connection:
            if self._database.dialect == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FIRST_ADMIN_LOCK})
            if (await connection.execute(select(func.count()).select_from(users))).scalar_one():
                return None
            await connection.execute(insert(users), row)
        return await self.by_email(email), password

    async def by_email(self, email: str) -> User:
        """Raises NotFound."""
        return await self._one(users.c.email == email.strip().lower())

    async def get(self, user: str) -> User:
        """By id. Raises NotFound."""
        return await self._one(users.c.id == user)

    async def log_in(self, email: str, password: str) -> User:
        """Raises Unauthenticated, the same for unknown, disabled and wrong; PasswordsBusy when too many try at once."""
        query = select(users.c.password_hash, *_COLUMNS).where(users.c.email == email.strip().lower())
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        usable = row if row is not None and not row.disabled else None
        right = await self._passwords.check(None if usable is None else usable.password_hash, password)
        if usable is None or not right:
            raise Unauthenticated("Address or password is wrong.", remedy="Check both.")
        return User(*usable[1:])

    async def update(self, user: str, *, role: str | None = None, disabled: bool | None = None) -> User:
        """Change what is given. Raises NotFound."""
        values = {name: value for name, value in (("role", role), ("disabled", disabled)) if value is not None}
        await self._set(user, values)
        return await self.get(user)

    async def set_password(self, user: str, password: str) -> None:
        """Raises NotFound, InvalidInput."""
        await self._set(user, {"password_hash": await self._passwords.hash(_checked_password(password))})

    async def _set(self, user: str, values: dict[str, Any]) -> None:
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(users).where(users.c.id == user).values(values | {"updated": self._clock.now()})
            )
        if changed.rowcount == 0:
            raise _unknown()

    async def _row(self, email: str, password: str, role: str) -> dict[str, Any]:
        address = email.strip().lower()
        if "@" not in address or len(address) > 254:
            raise InvalidInput("This is no e-mail address.", field="email", remedy="Use name@host.")
        now = self._clock.now()
        password_hash = await self._passwords.hash(_checked_password(password))
        row = {"id": new_id(), "email": address, "password_hash": password_hash, "role": role}
        return row | {"created": now, "updated": now}

    async def _count(self) -> int:
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(users))).scalar_one()

    async def _one(self, where: Any) -> User:
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(where))).one_or_none()
        if row is None:
            raise _unknown()
        return User(*row)


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInput(
            f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field="password", remedy="Use a longer one."
        )
    return password


def _unknown() -> NotFound:
    return NotFound("There is no such user.", field="user", remedy="Create it first.")
