"""Runs the gateway alone: `python -m actors.chdb_gateway FOLDER --port 8123` until SIGTERM or Ctrl-C.

The writer's name and password come from RAYCHARGE_CHDB_USER and RAYCHARGE_CHDB_PASSWORD. Prints the port once it
listens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
from pathlib import Path

import uvloop

from actors.chdb_gateway import ChdbGateway, Credentials, Limits
from engine.errors import ConfigurationError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m actors.chdb_gateway", description="chDB with ClickHouse's HTTP interface."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--memory-mb", type=int, default=4096)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--queue", type=int, default=64)
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    credentials = Credentials(
        os.environ.get("RAYCHARGE_CHDB_USER", "writer"),
        os.environ.get("RAYCHARGE_CHDB_PASSWORD") or secrets.token_urlsafe(24),
    )
    limits = Limits(memory_mb=arguments.memory_mb, readers=arguments.readers, queue=arguments.queue)
    gateway = ChdbGateway(arguments.folder, arguments.host, arguments.port, credentials, limits)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await gateway.start()
    sys.stdout.write(f"{gateway.port}\n")
    sys.stdout.flush()
    await ended.wait()
    await gateway.stop()


def main() -> int:
    """Serve until told to stop; 2 when the folder or port cannot be used."""
    try:
        uvloop.run(_serve(_arguments()))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
