"""One folder, one writer: a flock on a file, held by an open descriptor for as long as its process lives.

The kernel drops the lock when the last copy of the descriptor is closed, at any kind of death. A store gets the
descriptor by inheritance and so holds its folder's lock itself, with the launcher dead or alive.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from actors.embedded.files import make_folder, run_folder
from actors.embedded.processes import command_of
from engine.errors import ConfigurationError


class Held(Exception):
    """Someone else holds the lock. `pids` are the holders as far as /proc shows them."""

    def __init__(self, path: Path, pids: list[int]) -> None:
        super().__init__(f"{path} is locked by {pids or 'another process'}")
        self.path, self.pids = path, pids


class FolderLock:
    """An exclusive lock from construction (raises Held) until `close`. Children do not inherit it unasked."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise Held(path, holders(path)) from None

    def fileno(self) -> int:
        """The descriptor, for `pass_fds`: who inherits it holds the lock, too."""
        return self._descriptor

    def close(self) -> None:
        """Let go of our copy; the lock falls if it was the last one."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def holders(path: Path) -> list[int]:
    """The pids other than ours that have this lock file open. Our own files only, unless we are root."""
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return []
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _has_open(entry, wanted):
            found.append(int(entry.name))
    return sorted(found)


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return False  # ended meanwhile, or not ours to look into
    for descriptor in descriptors:
        try:
            if os.path.samestat(descriptor.stat(), wanted):
                return True
        except OSError:
            continue
    return False


def launcher_lock(data_dir: Path) -> FolderLock:
    """The lock by which a data folder has one launcher. Raises ConfigurationError naming the launcher that holds it."""
    path = run_folder(data_dir) / "launcher.lock"
    try:
        return FolderLock(path)
    except Held as held:
        who = ", ".join(f"process {pid} ({command_of(pid)[:80]})" for pid in held.pids) or "a process of another user"
        raise ConfigurationError(
            f"Raycharge runs on {data_dir.absolute()} already: {who}. Nothing was touched. Stop that one first "
            f"(kill -TERM), or give this one a folder (RAYCHARGE_DATA_DIR) and ports of its own."
        ) from None
