"""Forgetting a driver and keeping the books.

What goes, at once and for good: the profile, vehicles, the account with its address and all of its logins, what was
written to that address, and which token was whose. The tokens are blocked and get names that nobody can guess, in the
driver's sessions as well; so a card's number leads to nobody, and the card may be given to somebody else.

What stays: sessions and receipts with their numbers and amounts (the books), under the driver's id, which is random
and leads nowhere; the audit log, which holds ids and never names. The journal, its archive and ClickHouse hold what
stations said, of which the tokens' numbers are pseudonyms that no table here resolves any more: a rebuild brings
numbers back, no person. docs/architecture.md, "Forgetting a driver", has the reasons.
"""

from __future__ import annotations

from sqlalchemy import select

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Changed
from engine.stores.changes import ACCOUNT, Change, ChangeFeed
from engine.stores.drivers.forgetting import forget_within
from engine.stores.drivers.repository import unknown_driver
from engine.stores.people.directory import People
from engine.stores.people.rows import account_where, held_roles
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.tokens import drivers

_D = drivers.c


class Erasure:
    """Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock, people: People) -> None:
        self._database, self._feed, self._clock, self._people = database, feed, clock, people

    async def forget(self, id: str, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """Forget a driver. Raises NotFound, Changed, and Conflict while the driver charges or is about to."""
        now = self._clock.now()
        async with self._database.write() as connection:
            query = select(_D.network, _D.account, _D.email, _D.version)
            query = query.where(_D.id == id, scope.where(_D.network), _D.erased.is_(None)).with_for_update()
            driver = (await connection.execute(query)).one_or_none()
            if driver is None:
                raise unknown_driver()
            if version is not None and version != driver.version:
                raise Changed
            addresses = [driver.email] if driver.email else []
            account = None
            if driver.account is not None:
                account = await account_where(connection, users.c.id == driver.account, for_change=True)
                addresses.append(account.email)
            changes = await forget_within(connection, id, driver.network, addresses, now)
            if account is not None:
                held = await held_roles(connection, [account.id])
                await self._people.accounts.delete_within(connection, account, held[account.id])
                changes.append(Change(ACCOUNT, account.id))
        for change in changes:
            self._people.known.changed(change)
        await self._feed.announce(changes)
