"""A gateway in a process of its own, so that tests can kill it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

PASSWORD = "only-for-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GatewayProcess:
    """`python -m actors.chdb_gateway` on one folder and port; `start` returns when it listens."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.port, self._arguments = folder, free_port(), arguments
        self._process: subprocess.Popen[str] | None = None

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "actors.chdb_gateway",
            str(self.folder),
            "--port",
            str(self.port),
            *self._arguments,
        ]

    def start(self) -> Self:
        environment = {**os.environ, "RAYCHARGE_CHDB_PASSWORD": PASSWORD}
        self._process = subprocess.Popen(self.command(), env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == str(self.port)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://writer:{PASSWORD}@127.0.0.1:{self.port}/default"

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait for the end, and return the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code
