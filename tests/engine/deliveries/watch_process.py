"""Watching in a process of its own, to be killed: `FAULTS` faults of four stations, an entry for each state.

`python -m tests.engine.deliveries.watch_process DATABASE BEGAN_US`
"""

from __future__ import annotations

import asyncio
import sys

from engine.alerts.observer import AlertObserver
from engine.charging.events import StatusChanged
from engine.clock import SECOND
from engine.journal.port import Entry
from engine.projections.watch import Watch
from engine.stores.sql.engine import connect
from tests.engine.projections.events import entry

FAULTS, STATIONS = 24, 4


def told(number: int, began: int) -> Entry:
    """Entry `number`, from 1 on: a station says Faulted, and with the next one that it is well."""
    fault, at = (number - 1) // 2, began + number * SECOND
    words = ("Faulted", "Available") if number % 2 else ("Available", "Faulted")
    error = "GroundFailure" if number % 2 else "NoError"
    said = StatusChanged(f"AL-{fault % STATIONS}", 1, 1, *words, error, "", "", "", None, at, at)
    return entry(number, [said])


async def main(database_url: str, began: str) -> None:
    watch = Watch(connect(database_url), [AlertObserver()])
    stands = (await watch.open(1))[0]
    for first in range(stands + 1, 2 * FAULTS + 1, 3):
        last = min(first + 2, 2 * FAULTS)
        await watch.apply([told(number, int(began)) for number in range(first, last + 1)])
    await watch.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
