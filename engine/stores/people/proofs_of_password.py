"""Whether an e-mail address and a password are somebody's; unknown addresses cost what wrong passwords do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine.errors import InvalidInput
from engine.stores.passwords import Passwords
from engine.stores.people.rows import ACCOUNT_COLUMNS, Account
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import users

MIN_PASSWORD, MAX_PASSWORD = 8, 256


class PasswordProofs:
    """Checks passwords of accounts. Raises PasswordsBusy when too many are checked at once."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database, self._passwords = database, passwords

    async def find(self, email: str, network: str | None = None) -> Account | None:
        """Whom an address belongs to: a driver of `network`; without one, the staff's, or the only driver's."""
        found = await self._row(email, network)
        return None if found is None else Account(*found[:-1])

    async def authenticate(self, email: str, password: str, network: str | None = None) -> Account | None:
        """The active account that `find` finds, if this is its password; else None, after the same work."""
        row = await self._row(email, network)
        account = None if row is None else Account(*row[:-1])
        encoded = row.password_hash if row is not None and account is not None and account.active else None
        return account if await self._passwords.check(encoded or None, password) else None

    async def _row(self, email: str, network: str | None) -> Any:
        query = select(*ACCOUNT_COLUMNS, users.c.password_hash).where(users.c.email == email.strip().lower())
        if network is not None:
            query = query.where(users.c.network == network)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        rows = [row for row in rows if row.network is None] or rows
        return rows[0] if len(rows) == 1 else None

    async def is_password_of(self, account: str, password: str | None) -> bool:
        """Whether it is this account's password; None is right for an account that has none."""
        query = select(users.c.password_hash).where(users.c.id == account)
        async with self._database.read() as connection:
            encoded = (await connection.execute(query)).scalar_one_or_none()
        if encoded == "" and password is None:
            return True
        return await self._passwords.check(encoded or None, password or "")


def checked_password(password: str) -> str:
    """The password if it can be one, else InvalidInput."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInput(
            f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field="password", remedy="Use a longer one."
        )
    return password
