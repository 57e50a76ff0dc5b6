"""Watching for alerts in a process of its own, to be killed: faults that clear, faults that stay, and the clerk."""

from __future__ import annotations

import asyncio
import sys

from engine.alerts.clerk import Clerk
from engine.alerts.observer import AlertObserver
from engine.charging.events import Event
from engine.clock import SECOND, ManualClock
from engine.projections.watch import Watch
from engine.stores.sql.engine import connect
from tests.engine.projections.events import T0, entry, status

CONNECTORS = 9


def story() -> list[list[Event]]:
    """Each connector's fault, then of every second one that it is over; an entry each."""
    faults: list[list[Event]] = []
    for number in range(1, CONNECTORS + 1):
        at = T0 + number * SECOND
        faults.append([status("Faulted", connector=number, error="GroundFailure", received=at)])
    over = [[status("Available", connector=each, received=T0 + 60 * SECOND)] for each in range(1, CONNECTORS + 1, 2)]
    return faults + over


async def main(database_url: str) -> None:
    database, entries = connect(database_url), story()
    # Two hours later: the hysteresis is over, and nobody has acknowledged.
    clock = ManualClock(T0 + 7200 * SECOND)
    watch = Watch(database, [AlertObserver()], clock)
    stands = (await watch.open(1))[0]
    for first in range(stands, len(entries), 3):
        await watch.apply([entry(first + n + 1, said) for n, said in enumerate(entries[first : first + 3])])
    clerk = Clerk(database, clock)
    while await clerk.work():
        pass
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
