"""Hashing and checking secrets with argon2id, off the event loop and only so many at once.

One check takes 164 ms of a core and 64 MiB. Two run at a time; when too many wait, the next is told to come back
rather than queue for minutes (invariant 1: our own trouble is never a refusal).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import Unavailable

AT_ONCE = 2
MAX_WAITING = 64


class PasswordsBusy(Unavailable):
    """Too many secrets wait to be checked; try again later."""


class Passwords:
    """Argon2id with the library's defaults (RFC 9106's second recommendation), unless another hasher is given."""

    def __init__(
        self, *, at_once: int = AT_ONCE, max_waiting: int = MAX_WAITING, hasher: PasswordHasher | None = None
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._max_waiting = max_waiting
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, secret: str | bytes) -> str:
        """The encoded hash, salt and parameters included. Raises PasswordsBusy."""
        return await self._run(secret, None)

    async def check(self, encoded: str | None, secret: str | bytes) -> bool:
        """Whether `secret` belongs to the hash. With None it is checked against nobody's, which costs the same time.

        Raises PasswordsBusy when more than `max_waiting` checks are waiting.
        """
        if encoded is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody")
            await self._run(secret, self._nobody)
            return False
        return await self._run(secret, encoded) == encoded

    async def _run(self, secret: str | bytes, encoded: str | None) -> str:
        if self._waiting >= self._max_waiting:
            raise PasswordsBusy("Too many secrets are being checked at the moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, secret, encoded)
        finally:
            self._waiting -= 1

    def _work(self, secret: str | bytes, encoded: str | None) -> str:
        """Hash, or return `encoded` if the secret fits it and "" if not."""
        raw = secret if isinstance(secret, bytes) else secret.encode(errors="surrogateescape")
        if encoded is None:
            return self._hasher.hash(raw)
        try:
            self._hasher.verify(encoded, raw)
        except (VerificationError, InvalidHashError):
            return ""
        return encoded

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
