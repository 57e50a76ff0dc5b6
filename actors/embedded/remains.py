"""Ending what the last run of a data folder left, and nothing else.

After a SIGKILL of the launcher, parts of its system may live on for a moment or for ever. Every part that could is
recorded in `data_dir/run` (see processes.py), and the stores hold locks on their folders. The caller holds the
launcher's lock, so whatever is recorded there belongs to a run that is over.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from actors.embedded.files import run_folder
from actors.embedded.ports import Wanted, is_free, listeners, refuse_taken
from actors.embedded.processes import end, forget, read_records, send
from actors.embedded.valkey import RECORD, end_left_valkey
from engine.errors import ConfigurationError

log = structlog.get_logger(__name__)


async def end_remains(data_dir: Path, *, grace_s: float = 1.0) -> list[str]:
    """End all recorded processes of the last run, Valkey last (the others write to it); their names, in that order.

    They get `grace_s` to finish: not long, as all of them may be killed at any time, and chargers wait.
    Raises ConfigurationError if one does not end even by SIGKILL.
    """
    run_dir = run_folder(data_dir)
    records = [record for record in read_records(run_dir) if record.name != RECORD]
    # This very process may have a record there from its last start, as in a program that starts a system twice.
    running = [record for record in records if record.pid != os.getpid() and send(record, 0)]
    if running:
        log.warning("ending_remains", processes={record.name: record.pid for record in running})
    left = await end(running, grace_s=grace_s)
    if left:
        names = ", ".join(f"{record.name} (process {record.pid})" for record in left)
        raise ConfigurationError(f"The last run left {names}, which cannot be ended. Look at them, then start again.")
    for record in records:
        forget(run_dir, record.name)
    ended = [record.name for record in running]
    return ended + [RECORD for _ in (await end_left_valkey(data_dir))[:1]]


async def await_ports(wanted: Sequence[Wanted], timeout_s: float = 10.0) -> None:
    """Wait for processes that are just dying to let go of their ports; then refuse those that are still taken.

    Only worth a wait if something was ended; on a first start call `ports.refuse_taken` at once. Raises
    ConfigurationError naming who listens.
    """
    until = time.monotonic() + timeout_s
    while any(listeners(each.port) or not is_free(each.bind, each.port) for each in wanted):
        if time.monotonic() > until:
            break
        await asyncio.sleep(0.05)
    refuse_taken(wanted)
