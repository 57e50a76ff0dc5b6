"""How somebody gets a password: by an invitation, by a forgotten one's reset, or by changing the one they have.

Each of them ends all logins of the account but the one that it was done in. Hashing comes before the transaction: it
takes longer than anything in it.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Power
from engine.errors import InvalidInput
from engine.outbox.letter import put
from engine.stores.audit import note
from engine.stores.people import letters
from engine.stores.people.ground import Ground, to_change
from engine.stores.people.mail_tokens import INVITATION, LASTS_US, PASSWORD, token_gone
from engine.stores.people.proofs_of_password import PasswordProofs, checked_password
from engine.stores.people.rows import Account, account_where
from engine.stores.sql.tables.people import users

_NOBODY = "nobody@example.invalid"


class PasswordChanges:
    """The repository. All methods raise StoreUnavailable while SQL does not answer, and PasswordsBusy."""

    def __init__(self, ground: Ground, proofs: PasswordProofs) -> None:
        self._ground, self._proofs = ground, proofs

    async def ask_for_reset(self, email: str, network: str | None = None) -> None:
        """Send a code to whoever has this address. Says nothing about whether somebody has, and does the same work."""
        found = await self._proofs.find(email, network)
        account = found if found is not None and found.active else None
        async with self._ground.database.write() as connection:
            await self._send_reset(connection, account)

    async def send_reset(self, account: str, power: Power) -> None:
        """The same on behalf of somebody, by who may change them. Raises NotFound, Forbidden."""
        async with self._ground.database.write() as connection:
            found, _ = await to_change(connection, account, power)
            await self._send_reset(connection, found)
            now = self._ground.clock.now()
            await note(connection, now, "sent_reset", "user", account, network=found.network)

    async def _send_reset(self, connection: AsyncConnection, account: Account | None) -> None:
        now = self._ground.clock.now()
        id, network = (None, None) if account is None else (account.id, account.network)
        token = await self._ground.mail_tokens.issue(connection, now, PASSWORD, id)
        email = _NOBODY if account is None else account.email
        letter = letters.password_reset(email, network, token, now + LASTS_US[PASSWORD])
        # A letter to nobody is written like any other, and taken back.
        trial = await connection.begin_nested()
        await put(connection, now, letter)
        await (trial.commit() if account is not None else trial.rollback())

    async def reset(self, token: str, password: str) -> Account:
        """Choose a new password with a reset's code. Raises Gone, InvalidInput."""
        return await self._by_token(PASSWORD, token, password)

    async def accept_invitation(self, token: str, password: str) -> Account:
        """Choose the first password with an invitation's code. Raises Gone, InvalidInput."""
        return await self._by_token(INVITATION, token, password)

    async def _by_token(self, purpose: str, token: str, password: str) -> Account:
        hashed = await self._ground.passwords.hash(checked_password(password))
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            id = await self._ground.mail_tokens.take(connection, now, purpose, token)
            account = await account_where(connection, users.c.id == id, for_change=True)
            if not account.active:
                raise token_gone()
            await self._write(connection, account, hashed, verified=now)
            if purpose == PASSWORD:
                await put(connection, now, letters.password_changed(account.email, account.network))
        await self._ground.announcements.account(id)
        return account

    async def change(self, account: str, old: str, new: str, *, login: str = "") -> None:
        """Raises InvalidInput if `old` is not the password. All other logins than `login` end."""
        checked_password(new)
        if not await self._proofs.is_password_of(account, old):
            raise InvalidInput("This is not your password.", field="old_password", remedy="Give the one you have now.")
        await self.set(account, new, but=login)

    async def set(self, account: str, password: str, *, but: str = "") -> None:
        """Without asking for the old one. Raises NotFound, InvalidInput."""
        hashed = await self._ground.passwords.hash(checked_password(password))
        async with self._ground.database.write() as connection:
            found = await account_where(
                connection, (users.c.id == account) & users.c.deleted.is_(None), for_change=True
            )
            await self._write(connection, found, hashed, but=but)
            await put(connection, self._ground.clock.now(), letters.password_changed(found.email, found.network))
        await self._ground.announcements.account(account)

    async def _write(
        self, connection: AsyncConnection, account: Account, hashed: str, *, but: str = "", verified: int | None = None
    ) -> None:
        now = self._ground.clock.now()
        values = {} if verified is None else {"email_verified": verified}
        await connection.execute(
            update(users)
            .where(users.c.id == account.id)
            .values(**values, password_hash=hashed, version=users.c.version + 1, updated=now)
        )
        await self._ground.logins.revoke_within(connection, account.id, but=but)
        await self._ground.mail_tokens.end_all(connection, now, account.id)
        await note(connection, now, "changed_password", "user", account.id, network=account.network)
