"""The floor: what an echo of the same frame costs by the same sans-IO WebSocket server, and nothing else.

    python -m benchmarks.floor --chargers 1000 --seconds 10

The product's CPU per message is given as a multiple of this number from the same run, so that it means something on any
machine. About 10 µs on a quiet one; above 14 µs the machine is too busy to measure on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from typing import Any

import uvloop
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from benchmarks.load import allow_many_files
from benchmarks.measured import measure_server

_QUIET = logging.getLogger("benchmarks.floor")
_QUIET.setLevel(logging.CRITICAL)


class EchoConnection(asyncio.Protocol):
    """Sends every text frame back."""

    __slots__ = ("_transport", "_websocket")

    def __init__(self) -> None:
        self._websocket = ServerProtocol(subprotocols=[Subprotocol("ocpp1.6")], logger=_QUIET)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        websocket, transport = self._websocket, self._transport
        websocket.receive_data(data)
        for event in websocket.events_received():
            if isinstance(event, Frame):
                if event.opcode is Opcode.TEXT and websocket.state is OPEN:
                    websocket.send_text(event.data)
            elif isinstance(event, Request):
                websocket.send_response(websocket.accept(event))
        if transport is not None:
            for chunk in websocket.data_to_send():
                if chunk:
                    transport.write(chunk)
                else:
                    transport.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(EchoConnection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()


def measure_floor(seconds: float = 10.0, chargers: int = 1000, warmup: float = 3.0) -> dict[str, Any]:
    """CPU of the echo server per message, as `cpu_us_per_message`, in a closed loop with `chargers` connections."""
    return measure_server("benchmarks.floor", chargers=chargers, warmup=warmup, seconds=seconds, echo=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", nargs="?", choices=("measure", "serve"), default="measure")
    parser.add_argument("--chargers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    if options.what == "serve":
        allow_many_files()
        uvloop.run(_serve())
    else:
        print(json.dumps(measure_floor(options.seconds, options.chargers)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
