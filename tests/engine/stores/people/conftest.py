"""People over a real database, with quick hashes, a clock that stands still, and two networks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from sqlalchemy import insert, select

from engine.access.grants import SYSTEM_POWER, Power
from engine.clock import ManualClock
from engine.stores.changes import Change, PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.people.accounts import NewAccount
from engine.stores.people.directory import People, open_people
from engine.stores.people.rows import Account
from engine.stores.pubsub import MemoryPubSub
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.places import networks
from tests.people import quick_passwords

PASSWORD = "correct horse battery"


@dataclass
class Town:
    """An installation with the networks `north` and `south`."""

    people: People
    database: Database
    clock: ManualClock
    feed: PubSubChangeFeed

    async def staff(self, name: str, role: str, network: str | None = None) -> tuple[Account, Power]:
        """Somebody with one role, and what they can bring along."""
        new = NewAccount(f"{name}@example.org", name, PASSWORD, roles=[(role, network)])
        account = (await self.people.accounts.create(new, SYSTEM_POWER)).account
        return account, await self.power(account)

    async def power(self, account: Account) -> Power:
        standing = await self.people.known.standing(account.id, anew=True)
        assert standing is not None
        return Power(standing.grants, account.id)

    async def letters(self, email: str) -> list[str]:
        """What was written to an address, oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(outbox.c.body).where(outbox.c.recipient == email).order_by(outbox.c.created, outbox.c.id)
            )
            return list(rows.scalars())

    async def code(self, email: str) -> str:
        """The code of the latest letter; the clock moves on, so that letters have an order."""
        self.clock.advance(1)
        return code_in((await self.letters(email))[-1])

    async def audited(self) -> list[tuple[str, str, str]]:
        """What the audit log has: action, kind and subject."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(audit_log.c.action, audit_log.c.kind, audit_log.c.subject))
            return [tuple(row) for row in rows]


def code_in(letter: str) -> str:
    found = re.search(r"^[A-Za-z0-9_-]{40,}$", letter, re.MULTILINE)
    assert found is not None, letter
    return found[0]


class Silent(PubSubChangeFeed):
    """A feed that loses everything, to see what is left without it."""

    async def announce(self, changes: Any) -> None:
        self.lost: list[Change] = list(changes)


@pytest_asyncio.fixture
async def town(database: Database) -> Town:
    clock = ManualClock()
    feed = PubSubChangeFeed(MemoryPubSub())
    people = open_people(database, feed, InstallationKey(b"k" * 32), quick_passwords(), clock)
    async with database.write() as connection:
        for name in ("north", "south"):
            await connection.execute(insert(networks), {"id": name, "name": name, "created": 1, "updated": 1})
    return Town(people, database, clock, feed)
