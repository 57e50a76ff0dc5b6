"""A worker of the back office: what is over is deleted, codes and sign-ups at once, ended logins after a while."""

from __future__ import annotations

import asyncio

from engine.stores.people.directory import People

EVERY_S = 3600.0


async def sweep_people(people: People, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
    """Sweep now and then until `stop` is set. Raises StoreUnavailable while SQL does not answer."""
    while not stop.is_set():
        await people.sign_ups.sweep()
        await people.logins.sweep()
        try:
            async with asyncio.timeout(every_s):
                await stop.wait()
        except TimeoutError:
            continue
