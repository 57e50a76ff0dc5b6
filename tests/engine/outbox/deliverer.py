"""The worker in a process of its own, to be killed: `python -m tests.engine.outbox.deliverer DATABASE SMTP HOLD_US`."""

from __future__ import annotations

import asyncio
import sys

from engine.clock import SystemClock
from engine.outbox.delivery import Delivery
from engine.outbox.smtp import SmtpPost
from engine.outbox.store import Outbox
from engine.stores.sql.engine import connect


async def main(database_url: str, smtp_url: str, hold_us: str) -> None:
    database, clock = connect(database_url), SystemClock()
    store = Outbox(database, clock)
    delivery = Delivery(store, SmtpPost(smtp_url), "City Charge <no-reply@city.example>", clock, hold_us=int(hold_us))
    while (await store.counts()).get("waiting"):
        if not await delivery.deliver_one():
            await asyncio.sleep(0.01)
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
