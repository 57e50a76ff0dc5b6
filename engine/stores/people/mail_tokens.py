"""Single-use tokens that are sent by e-mail: kept as keyed hashes, good for a while, ended by the next of their kind.

Of an unknown address a token is made as well, which nobody is given: the work and the answer are the same.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND
from engine.errors import Gone
from engine.stores.installation_key import InstallationKey
from engine.stores.sql.tables.people import account_tokens

INVITATION, PASSWORD, SIGN_UP = "invitation", "password", "sign_up"
LASTS_US = {INVITATION: 7 * 86_400 * SECOND, PASSWORD: 3600 * SECOND, SIGN_UP: 86_400 * SECOND}
"""How long each kind is good for, in microseconds."""


@dataclass(frozen=True, slots=True)
class MailTokens:
    """Makes them and takes them in, within the caller's transaction."""

    key: InstallationKey

    def fresh(self, purpose: str) -> tuple[str, bytes]:
        """A token of 256 bits and its hash."""
        token = secrets.token_urlsafe(32)
        return token, self.hash_of(purpose, token)

    def hash_of(self, purpose: str, token: str) -> bytes:
        """What is kept of it."""
        return self.key.digest("mail token", purpose, token)

    async def issue(self, connection: AsyncConnection, now: int, purpose: str, account: str | None) -> str:
        """A fresh token for the account; None is for nobody, and is good for nothing."""
        await connection.execute(
            update(account_tokens)
            .where(account_tokens.c.account == account, account_tokens.c.purpose == purpose)
            .where(account_tokens.c.used.is_(None))
            .values(used=now)
        )
        token, hashed = self.fresh(purpose)
        row = {"token_hash": hashed, "purpose": purpose, "account": account}
        await connection.execute(insert(account_tokens), row | {"created": now, "expires": now + LASTS_US[purpose]})
        return token

    async def take(self, connection: AsyncConnection, now: int, purpose: str, token: str) -> str:
        """The account that the token was given to, once. Raises Gone, in the same words whatever is wrong."""
        known = account_tokens.c.token_hash == self.hash_of(purpose, token)
        spent = await connection.execute(
            update(account_tokens)
            .where(known, account_tokens.c.purpose == purpose, account_tokens.c.account.is_not(None))
            .where(account_tokens.c.used.is_(None), account_tokens.c.expires > now)
            .values(used=now)
        )
        if spent.rowcount == 0:
            raise token_gone()
        account: str = (await connection.execute(select(account_tokens.c.account).where(known))).scalar_one()
        return account

    async def end_all(self, connection: AsyncConnection, now: int, account: str) -> None:
        """None that the account was ever given counts any more."""
        await connection.execute(
            update(account_tokens)
            .where(account_tokens.c.account == account, account_tokens.c.used.is_(None))
            .values(used=now)
        )

    async def sweep(self, connection: AsyncConnection, now: int) -> None:
        """Delete those that are over."""
        await connection.execute(delete(account_tokens).where(account_tokens.c.expires < now))


def token_gone() -> Gone:
    """The one answer to a token that is wrong, spent or too old."""
    return Gone("This code is wrong, was used already, or has expired.", field="token", remedy="Ask for a new one.")
