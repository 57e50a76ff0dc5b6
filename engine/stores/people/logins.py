"""Login sessions: each bearer token names one, so that it can be listed and ended before its time."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND, Clock
from engine.errors import NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.people.announcements import Announcements
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import logins

LASTS_US = 8 * 3600 * SECOND
MOST_LIVE = 50
"""Live logins of one account; one more ends the oldest."""
KEPT_US = 30 * 86_400 * SECOND
"""How long an ended login is kept, for who asks later from where somebody came."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login session. `client` is what the program called itself, `address` where it came from."""

    id: str
    account: str
    method: str
    second_factor: bool
    address: str
    client: str
    created: int
    expires: int


_COLUMNS = [logins.c[field.name] for field in fields(Login)]
_LISTING = Listing({"created": (logins.c.created, int), "expires": (logins.c.expires, int)}, logins.c.id, "-created")


class LoginSessions:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, announcements: Announcements, clock: Clock) -> None:
        self._database, self._announcements, self._clock = database, announcements, clock

    async def open(
        self,
        account: str,
        *,
        method: str = "password",
        second_factor: bool = False,
        address: str = "",
        client: str = "",
    ) -> Login:
        """Begin one; the caller has checked who it is. The oldest beyond `MOST_LIVE` end."""
        now = self._clock.now()
        made = Login(new_id(), account, method, second_factor, address, client[:200], now, now + LASTS_US)
        live = (
            select(logins.c.id)
            .where(logins.c.account == account, logins.c.revoked.is_(None), logins.c.expires > now)
            .order_by(logins.c.created.desc(), logins.c.id.desc())
            .offset(MOST_LIVE - 1)
        )
        async with self._database.write() as connection:
            surplus = (await connection.execute(live)).scalars().all()
            if surplus:
                await connection.execute(update(logins).where(logins.c.id.in_(surplus)).values(revoked=now))
            await connection.execute(insert(logins), {name: getattr(made, name) for name in _NAMES})
            await note(connection, now, "logged_in", "login", made.id, after={"account": account, "method": method})
        if surplus:
            await self._announcements.account(account)
        else:
            # Elsewhere an unknown login is looked for when it comes; nobody has to be told of it.
            self._announcements.here(account)
        return made

    async def list_of(self, account: str, wanted: Wanted) -> Page[Login]:
        """The live ones of an account."""
        query = select(*_COLUMNS).where(
            logins.c.account == account, logins.c.revoked.is_(None), logins.c.expires > self._clock.now()
        )
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Login(*row))

    async def revoke(self, account: str, login: str) -> None:
        """End one at once, in every façade. Raises NotFound if the account has no such live login."""
        now = self._clock.now()
        async with self._database.write() as connection:
            ended = await connection.execute(
                update(logins)
                .where(logins.c.id == login, logins.c.account == account)
                .where(logins.c.revoked.is_(None), logins.c.expires > now)
                .values(revoked=now)
            )
            if ended.rowcount == 0:
                raise NotFound("There is no such login.", field="login", remedy="List the logins that there are.")
            await note(connection, now, "ended", "login", login, after={"account": account})
        await self._announcements.account(account)

    async def revoke_all(self, account: str, *, but: str = "") -> int:
        """End all of an account's logins, except the one named. Returns how many there were."""
        async with self._database.write() as connection:
            ended = await self.revoke_within(connection, account, but=but)
            if ended:
                await note(connection, self._clock.now(), "ended_all", "login", account, after={"count": ended})
        await self._announcements.account(account)
        return ended

    async def revoke_within(self, connection: AsyncConnection, account: str, *, but: str = "") -> int:
        """The same within the caller's transaction; the caller announces and notes it."""
        now = self._clock.now()
        ended = await connection.execute(
            update(logins)
            .where(logins.c.account == account, logins.c.id != but)
            .where(logins.c.revoked.is_(None), logins.c.expires > now)
            .values(revoked=now)
        )
        return ended.rowcount

    async def forget_within(self, connection: AsyncConnection, account: str) -> None:
        """Delete all of an account's, with the addresses that they came from."""
        await connection.execute(logins.delete().where(logins.c.account == account))

    async def sweep(self) -> int:
        """Delete those that ended long ago. Returns how many."""
        async with self._database.write() as connection:
            gone = await connection.execute(logins.delete().where(logins.c.expires < self._clock.now() - KEPT_US))
        return gone.rowcount


_NAMES = tuple(field.name for field in fields(Login))
