"""Small files that are whole after a crash: written beside, fsynced, renamed, and the folder fsynced."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def run_folder(data_dir: Path) -> Path:
    """Where the records, locks and sockets of a running system are, absolute."""
    return data_dir.absolute() / "run"


def make_folder(path: Path) -> Path:
    """Make the folder and its parents, for the owner's eyes only where it is new; return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def write_durably(path: Path, data: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Put `data` at `path` so that a reader, also one after a power cut, sees the old content or all of the new.

    Without `sync` (which saves two fsyncs) the promise holds for a killed process only. Raises OSError (disk full, no
    permission); the old content then stands and nothing is left beside it.
    """
    make_folder(path.parent)
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in this folder durable: a rename alone may be undone by a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
