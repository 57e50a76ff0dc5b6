"""A worker of the back office: the delivery log is kept for some days, then it is deleted."""

from __future__ import annotations

import asyncio

from engine.deliveries.log import DeliveryLog

EVERY_S = 600.0
BETWEEN_S = 0.2
"""While there is more to remove."""


async def keep_log(log: DeliveryLog, days: int, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
    """Sweep now and then until `stop` is set. Raises StoreUnavailable while SQL does not answer."""
    while not stop.is_set():
        # Each call is a transaction of its own, so that nobody waits long for the writers' lock.
        removed = await log.sweep(days)
        try:
            async with asyncio.timeout(BETWEEN_S if removed else every_s):
                await stop.wait()
        except TimeoutError:
            continue
