"""One cashier in a process of its own, which may be killed: settles one payment and ends."""

from __future__ import annotations

import asyncio
import sys

from engine.clock import SystemClock
from engine.payments.cashier import Cashier
from engine.payments.http_provider import HttpProvider
from engine.stores.payments.desk import Desk
from engine.stores.payments.wishes import Payments
from engine.stores.sql.engine import connect
from tests.engine.payments.shop import KEY, SECRET


async def main(url: str, base: str, payment: str) -> None:
    database, clock = connect(url), SystemClock()
    provider = HttpProvider("local", base, KEY, SECRET)
    await Cashier(Desk(database, clock), Payments(database, clock), provider).settle(payment)
    await provider.aclose()
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
