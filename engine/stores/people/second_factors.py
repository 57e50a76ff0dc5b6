"""One-time codes from an authenticator program (RFC 6238), and recovery codes for who has lost it.

A code counts once: the time step of the last one that was taken is kept, and only later ones are (section 5.2). The
secret is encrypted with the installation's key, recovery codes are kept as keyed hashes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import Power
from engine.clock import SECOND
from engine.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from engine.stores.audit import note
from engine.stores.people.ground import Ground, to_change
from engine.stores.people.rows import account_where
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.people import logins, recovery_codes, second_factors, users

STEP_S = 30
WINDOW = 1
"""Steps before and after the present one whose codes count too: clocks differ, and people type slowly."""
RECOVERY_CODES = 10
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator program is given: the secret in base 32, or the address with it (as a QR code)."""

    secret: str
    uri: str


class SecondFactors:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground, issuer: str) -> None:
        self._ground, self._issuer = ground, issuer
        self._cipher = AESGCM(ground.key.digest("second factors"))

    async def enrol(self, account: str) -> Enrolment:
        """A new secret, which counts once it is confirmed. Raises Conflict while another one is in force."""
        secret = pyotp.random_base32()
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), account.encode())
        row = {"secret": sealed, "confirmed": None, "last_step": 0, "created": self._ground.clock.now()}
        async with self._ground.database.write() as connection:
            found = await account_where(connection, users.c.id == account, for_change=True)
            known = select(second_factors.c.confirmed).where(second_factors.c.account == account)
            if (await connection.execute(known)).scalar_one_or_none() is not None:
                raise Conflict("You have a second factor.", field="second_factor", remedy="Give it up first.")
            statement = upsert(connection.dialect.name, second_factors).values(account=account, **row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[second_factors.c.account], set_=row)
            )
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=found.email, issuer_name=self._issuer))

    async def confirm(self, account: str, code: str, *, login: str = "") -> list[str]:
        """The first code puts it in force. Returns the recovery codes, once. `login` has shown it from now on.

        Raises NotFound without an enrolment, Conflict if it is in force, InvalidInput for a wrong code.
        """
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            query = select(second_factors.c.confirmed).where(second_factors.c.account == account)
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise NotFound("There is nothing to confirm.", field="second_factor", remedy="Begin again.")
            if row.confirmed is not None:
                raise Conflict("Your second factor is in force.", field="second_factor")
            if not await self._take_code(connection, account, code, confirmed=False):
                raise _wrong_code()
            mine = second_factors.c.account == account
            await connection.execute(update(second_factors).where(mine).values(confirmed=now))
            await connection.execute(
                update(logins).where(logins.c.id == login, logins.c.account == account).values(second_factor=True)
            )
            codes = await self._fresh_recovery_codes(connection, account)
            await note(connection, now, "set_up", "second_factor", account)
        await self._ground.announcements.account(account)
        return codes

    async def take(self, account: str, code: str) -> bool:
        """Whether this is a code of the account's that was not used before: a one-time or a recovery code. Uses it."""
        text = "".join(code.split())
        async with self._ground.database.write() as connection:
            if text.isdecimal() and len(text) == 6:
                return await self._take_code(connection, account, text, confirmed=True)
            return await self._take_recovery_code(connection, account, text)

    async def show(self, account: str, code: str, login: str) -> bool:
        """Let a login that was begun without it (at a provider) have shown the second factor, if the code is right."""
        if not await self.take(account, code):
            return False
        async with self._ground.database.write() as connection:
            await connection.execute(
                update(logins).where(logins.c.id == login, logins.c.account == account).values(second_factor=True)
            )
        await self._ground.announcements.account(account)
        return True

    async def renew_recovery_codes(self, account: str) -> list[str]:
        """Ten new ones; the old ones count no more. The caller has checked a code. Raises NotFound without a factor."""
        async with self._ground.database.write() as connection:
            known = select(second_factors.c.account).where(
                second_factors.c.account == account, second_factors.c.confirmed.is_not(None)
            )
            if (await connection.execute(known)).one_or_none() is None:
                raise _none()
            codes = await self._fresh_recovery_codes(connection, account)
            await note(connection, self._ground.clock.now(), "renewed", "recovery_codes", account)
        return codes

    async def give_up(self, account: str) -> None:
        """The caller has checked password and code. Raises NotFound without one."""
        async with self._ground.database.write() as connection:
            await self._remove(connection, account)
            await note(connection, self._ground.clock.now(), "gave_up", "second_factor", account)
        await self._ground.announcements.account(account)

    async def reset(self, account: str, power: Power) -> None:
        """Take away somebody's, who has lost it; their logins end. Raises NotFound, Forbidden."""
        async with self._ground.database.write() as connection:
            found, _ = await to_change(connection, account, power)
            await self._remove(connection, account)
            await self._ground.logins.revoke_within(connection, account)
            now = self._ground.clock.now()
            await note(connection, now, "reset", "second_factor", account, network=found.network)
        await self._ground.announcements.account(account)

    async def _remove(self, connection: AsyncConnection, account: str) -> None:
        gone = await connection.execute(delete(second_factors).where(second_factors.c.account == account))
        await connection.execute(delete(recovery_codes).where(recovery_codes.c.account == account))
        if gone.rowcount == 0:
            raise _none()

    async def _take_code(self, connection: AsyncConnection, account: str, code: str, *, confirmed: bool) -> bool:
        row = (
            await connection.execute(select(second_factors).where(second_factors.c.account == account))
        ).one_or_none()
        if row is None or (row.confirmed is not None) != confirmed:
            return False
        totp = pyotp.TOTP(self._opened(account, row.secret), interval=STEP_S)
        present = self._ground.clock.now() // (STEP_S * SECOND)
        fitting = [
            step
            for step in range(present - WINDOW, present + WINDOW + 1)
            if step > row.last_step and secrets.compare_digest(totp.generate_otp(step).encode(), code.encode())
        ]
        if not fitting:
            return False
        # Of two who come with the same code at the same time one changes the row, and the other finds it changed.
        taken = await connection.execute(
            update(second_factors)
            .where(second_factors.c.account == account, second_factors.c.last_step < fitting[0])
            .values(last_step=fitting[0])
        )
        return taken.rowcount == 1

    async def _take_recovery_code(self, connection: AsyncConnection, account: str, code: str) -> bool:
        now = self._ground.clock.now()
        used = await connection.execute(
            update(recovery_codes)
            .where(recovery_codes.c.account == account, recovery_codes.c.code_hash == self._hash(account, code))
            .where(recovery_codes.c.used.is_(None))
            .values(used=now)
        )
        if used.rowcount == 1:
            await note(connection, now, "used", "recovery_code", account)
        return used.rowcount == 1

    async def _fresh_recovery_codes(self, connection: AsyncConnection, account: str) -> list[str]:
        codes = [f"{secrets.token_hex(5)}-{secrets.token_hex(5)}" for _ in range(RECOVERY_CODES)]
        await connection.execute(delete(recovery_codes).where(recovery_codes.c.account == account))
        rows = [{"account": account, "code_hash": self._hash(account, code)} for code in codes]
        await connection.execute(insert(recovery_codes), rows)
        return codes

    def _hash(self, account: str, code: str) -> bytes:
        return self._ground.key.digest("recovery_code", account, code.lower())

    def _opened(self, account: str, sealed: bytes) -> str:
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], account.encode()).decode()
        except InvalidTag as error:
            raise ConfigurationError(
                "A second factor was sealed with another installation key. Put the right installation.key back."
            ) from error


def _wrong_code() -> InvalidInput:
    return InvalidInput("This code is wrong.", field="code", remedy="Give the one that is shown now.")


def _none() -> NotFound:
    return NotFound("There is no second factor.", field="second_factor", remedy="Set one up first.")
