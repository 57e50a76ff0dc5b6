"""Processes of their own that start with everything imported: they fork from a server that has done so once.

Importing the stores takes an interpreter seconds, and a test that kills at each of nine steps starts ten of them. What
is started this way is a process like any other: it has a pid, its own environment, and dies by a signal.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from engine.faults import arm

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "engine.alerts.clerk",
        "engine.alerts.observer",
        "engine.deliveries.desk",
        "engine.deliveries.senders.mail",
        "engine.deliveries.senders.webhook",
        "engine.deliveries.worker",
        "engine.journal.redis_streams",
        "engine.payments.cashier",
        "engine.projections.analytics",
        "engine.projections.billing",
        "engine.projections.ledger",
        "engine.projections.watch",
        "engine.security.authority",
        "engine.stores.people.directory",
        "engine.stores.registry",
        "engine.stores.sql.migrations",
        "engine.stores.tokens.repository",
        "tests.engine.billing.world",
        "pytest",
        "rich.table",
        "tests.engine.deliveries.world",
        "typer",
    ]
)


class Warm:
    """`python -m module arguments…`, in this environment if one is given; its output goes to files if there are two."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        output: tuple[Path, Path] | None = None,
    ) -> None:
        told = module, arguments, dict(os.environ if env is None else env), output
        self._process: ForkServerProcess = _CONTEXT.Process(target=_run, args=told, daemon=True)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """As of a subprocess: negative for a signal."""
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def join(self, timeout_s: float = 60.0) -> int:
        """Wait for its end. Raises TimeoutError, and ends it."""
        self._process.join(timeout_s)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise TimeoutError(f"It has not ended within {timeout_s:.0f} s.")
        return code

    async def wait(self) -> int:
        return await asyncio.to_thread(self.join, 120.0)


def completed(module: str, *arguments: str, env: Mapping[str, str], at: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end, and what it said, which is kept in the folder `at` meanwhile."""
    output = at / "stdout", at / "stderr"
    code = Warm(module, *arguments, env=env, output=output).join()
    return subprocess.CompletedProcess([module, *arguments], code, *(file.read_text() for file in output))


def _run(
    module: str, arguments: tuple[str, ...], environment: dict[str, str], output: tuple[Path, Path] | None
) -> None:
    for number, file in enumerate(output or (), 1):
        opened = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    # The server's environment was another one.
    arm(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
