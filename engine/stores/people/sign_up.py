"""Drivers who sign up by themselves. The account is made when the address is confirmed, not before.

Neither answer nor time tells whether an address has an account: its owner is told by letter. The code counts only with
the password that was chosen with it: whoever signs up with somebody else's address cannot have them confirm it.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.access.grants import SYSTEM_POWER
from engine.access.roles import DRIVER as DRIVER_ROLE
from engine.errors import NotFound
from engine.ids import new_id
from engine.outbox.letter import put
from engine.stores.audit import note
from engine.stores.drivers.enrolment import enrol
from engine.stores.people import letters
from engine.stores.people.accounts import address_of, told
from engine.stores.people.granting import Granting
from engine.stores.people.ground import Ground, need_network
from engine.stores.people.mail_tokens import LASTS_US, SIGN_UP, token_gone
from engine.stores.people.proofs_of_password import checked_password
from engine.stores.people.rows import DRIVER, Account, account_where
from engine.stores.sql.tables.people import sign_ups, users


class SignUps:
    """The repository. All methods raise StoreUnavailable while SQL does not answer, and PasswordsBusy."""

    def __init__(self, ground: Ground, granting: Granting) -> None:
        self._ground, self._granting = ground, granting

    async def ask(self, network: str, email: str, password: str, name: str = "") -> None:
        """Send a code to the address. Raises InvalidInput, NotFound for a network that there is none of."""
        address = address_of(email)
        hashed = await self._ground.passwords.hash(checked_password(password))
        now = self._ground.clock.now()
        expires = now + LASTS_US[SIGN_UP]
        token, token_hash = self._ground.mail_tokens.fresh(SIGN_UP)
        async with self._ground.database.write() as connection:
            await need_network(connection, network)
            known = select(users.c.id).where(users.c.network == network, users.c.email == address)
            taken = (await connection.execute(known)).one_or_none() is not None
            row = {"token_hash": token_hash, "network": network, "email": address, "name": name, "usable": not taken}
            await connection.execute(
                insert(sign_ups), row | {"password_hash": hashed, "created": now, "expires": expires}
            )
            letter = (
                letters.signed_up_already(address, network, expires)
                if taken
                else letters.sign_up(address, network, token, expires)
            )
            await put(connection, now, letter)

    async def confirm(self, token: str, password: str) -> Account:
        """Make the driver's account. Raises Gone, in the same words whatever is wrong."""
        known = sign_ups.c.token_hash == self._ground.mail_tokens.hash_of(SIGN_UP, token)
        now = self._ground.clock.now()
        query = select(sign_ups).where(known, sign_ups.c.usable, sign_ups.c.expires > now)
        async with self._ground.database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if not await self._ground.passwords.check(None if row is None else row.password_hash, password) or row is None:
            raise token_gone()
        made = {"id": new_id(), "kind": DRIVER, "network": row.network, "email": row.email, "name": row.name}
        made |= {"email_verified": now, "password_hash": row.password_hash, "created": now, "updated": now}
        try:
            async with self._ground.database.write() as connection:
                if (await connection.execute(delete(sign_ups).where(known))).rowcount == 0:
                    raise token_gone()
                await connection.execute(insert(users), made)
                account = await account_where(connection, users.c.id == made["id"])
                await self._granting.grant_within(connection, account, [(DRIVER_ROLE, row.network)], SYSTEM_POWER)
                enrolled = await enrol(connection, account.id, row.network, now)
                # Others that were sent for the same address would make a second account.
                mine = (sign_ups.c.network == row.network) & (sign_ups.c.email == row.email)
                await connection.execute(update(sign_ups).where(mine).values(usable=False))
                await note(
                    connection, now, "signed_up", "user", account.id, network=account.network, after=told(account)
                )
        except (IntegrityError, NotFound) as error:
            # The address has got its account meanwhile, or the network was retired.
            raise token_gone() from error
        await self._ground.announcements.beside(enrolled)
        return account

    async def sweep(self) -> None:
        """Delete codes that are over, these and those of `MailTokens`."""
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            await connection.execute(delete(sign_ups).where(sign_ups.c.expires < now))
            await self._ground.mail_tokens.sweep(connection, now)
