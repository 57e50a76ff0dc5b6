"""The installation's signing key: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from engine.errors import ConfigurationError

_BYTES = 48


def installation_key(folder: Path) -> bytes:
    """Read the key, or make it if there is none; several processes may do so at once and get the same one.

    Raises ConfigurationError when the file is too short to be a key.
    """
    path = folder / "signing.key"
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) < _BYTES:
        raise ConfigurationError(f"{path} is no signing key. Remove it: a new one is made, and everyone logs in again.")
    return key


def _make(path: Path) -> None:
    """Write whole, sync, then link: link() fails if another process was first, and nobody sees half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
