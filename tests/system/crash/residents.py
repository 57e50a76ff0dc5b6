"""A host, or the consumers, in a process of their own without Ray: the product's own residents, started by hand.

`python -m tests.system.crash.residents host NAME CONFIG` or `… consumers NAMES CONFIG`, with names separated by commas
and the configuration as pickled by `small.py`. Ends in order on SIGTERM.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from actors.config import ClusterConfig
from actors.consumers import analytics, ledger
from actors.host import Host
from actors.projection import ProjectionActor
from actors.resident import Resident
from engine.journal import redis_streams
from engine.projections.runner import Pace

MANY = 20_000


async def born(kind: type[Resident], *arguments: Any) -> Resident:
    """What Ray does with a class whose `__init__` is a coroutine."""
    resident = kind.__new__(kind)
    await resident.__init__(*arguments)  # type: ignore[misc]
    return resident


async def main(kind: str, names: str, config: ClusterConfig) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    if kind == "host":
        residents = [await born(Host, names, config)]
    else:
        analytics.PACE = Pace(entries=4000, min_interval_s=0.2)
        # All that is there at the start is one batch: a ledger that dies in its first one has whole sessions in it.
        ledger.PACE = Pace(entries=MANY, min_interval_s=0.25)
        redis_streams.WAIT_COUNT = MANY
        residents = [await born(ProjectionActor, f"projection-{name}", config, name) for name in names.split(",")]
    while not all(resident.ready for resident in residents):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    await asyncio.gather(*(resident.shutdown() for resident in residents))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], pickle.loads(Path(sys.argv[3]).read_bytes())))
