"""Places between two durable steps where a crash test can kill the process: `reach("ledger:after-rows-before-commit")`.

Off unless RAYCHARGE_FAULT_POINT names points (separated by commas) and RAYCHARGE_FAULT_DIR a folder; then the first
process that reaches a point kills itself by SIGKILL. A marker file in the folder makes it once for each point, so the
restarted process gets past it; to arm a point again, take its marker away.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

_armed: frozenset[str] = frozenset()
_folder = ""


def arm(environment: Mapping[str, str]) -> None:
    """Do from now on as this environment asks; a process' own is taken when it loads this module."""
    global _armed, _folder
    _folder = environment.get("RAYCHARGE_FAULT_DIR", "")
    _armed = frozenset(filter(None, environment.get("RAYCHARGE_FAULT_POINT", "").split(",")))


def reach(point: str) -> None:
    """Die here if a crash test asked for it. Costs a look at an empty set otherwise."""
    if _armed and _folder and point in _armed:
        _die_once(marker(Path(_folder), point))


def marker(folder: Path, point: str) -> Path:
    """The file that says that a process has died at this point."""
    return folder / point.replace("/", "_")


def _die_once(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ)
