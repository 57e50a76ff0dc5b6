"""Billing in a process of its own, to be killed: bills SESSIONS sessions, an entry each, from where it stands."""

from __future__ import annotations

import asyncio
import sys

from engine.projections.billing import Billing
from engine.stores.sql.engine import connect
from tests.engine.billing.world import settled
from tests.engine.projections.events import entry

SESSIONS = 12


async def main(database_url: str) -> None:
    billing = Billing(connect(database_url))
    stands = (await billing.open(1))[0]
    for number in range(stands + 1, SESSIONS + 1, 3):
        last = min(number + 2, SESSIONS)
        await billing.apply([entry(each, [settled(f"s{each}")]) for each in range(number, last + 1)])
    await billing.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
