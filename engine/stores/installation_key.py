"""The installation's own secret key: 32 random bytes in a file of `data_dir` that only its owner may read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from engine.errors import ConfigurationError

FILE = "installation.key"
SIZE = 32


class InstallationKey:
    """Makes keyed hashes. `id` names the key without telling it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != SIZE:
            raise ConfigurationError(f"The installation's key has {len(key)} bytes instead of {SIZE}.")
        self._key = key
        self.id = hashlib.sha256(b"raycharge key id" + key).hexdigest()[:16]

    @classmethod
    def load(cls, data_dir: Path) -> InstallationKey:
        """Read the key, or make it at the first start; several processes may do so at once.

        Raises ConfigurationError when the file is damaged or others may read it.
        """
        path = data_dir / FILE
        if not path.exists():
            _create(path)
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"Others can read {path}. Run: chmod 600 {path}")
        return cls(path.read_bytes())

    def digest(self, purpose: str, *parts: str | bytes) -> bytes:
        """HMAC-SHA256 over the parts, each told apart from the next."""
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (_raw(part) for part in (purpose, *parts)))
        return hmac.digest(self._key, message, "sha256")


def _raw(part: str | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.encode(errors="surrogateescape")


def _create(path: Path) -> None:
    """Write a whole file beside it and link it into place: nobody ever reads half a key, and the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(SIZE))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
