"""Subscribers of the live events for benchmarks: raw sockets, since reading must cost less than what is measured.

    python -m benchmarks.live_readers --port 8000 --token … --readers 50 --seconds 20

It says {"event": "ready"} once all streams have begun, and last {"event": "result", …}: the milliseconds from the time
in a StatusNotification's `info` to its arrival here, over all readers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from array import array

import uvloop

from benchmarks.load import tell

_SENT = re.compile(rb'"info":"(\d+\.\d{6})"')


class Reader(asyncio.Protocol):
    """One stream; `latencies` (seconds) is filled while `measuring` says so."""

    def __init__(self, request: bytes, readers: Readers) -> None:
        self._request, self._readers = request, readers
        self._rest = b""
        self._begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self._readers.lost += not self._readers.over

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self._begun:
            self._begun = b": hello" in data
            self._readers.begun += self._begun
        whole, mark, rest = (self._rest + data).rpartition(b"\n\n")
        self._rest = rest
        if not mark:
            return
        self._readers.gaps += whole.count(b"event: gap")
        if self._readers.measuring:
            self._readers.latencies.extend(now - float(sent) for sent in _SENT.findall(whole))


class Readers:
    """All of them together."""

    def __init__(self) -> None:
        self.latencies = array("d")
        self.measuring = self.over = False
        self.begun = self.lost = self.gaps = 0

    async def run(self, options: argparse.Namespace) -> dict[str, object]:
        """Follow for the given time after a second of settling."""
        request = (
            f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{options.port}\r\n"
            f"Authorization: Bearer {options.token}\r\n\r\n"
        ).encode()
        loop = asyncio.get_running_loop()
        for _ in range(options.readers):
            await loop.create_connection(lambda: Reader(request, self), "127.0.0.1", options.port)
        async with asyncio.timeout(60):
            while self.begun < options.readers:  # noqa: ASYNC110 what is waited for has no event
                await asyncio.sleep(0.05)
        tell("ready")
        await asyncio.sleep(2.0)
        self.measuring, began = True, time.process_time()
        await asyncio.sleep(options.seconds)
        self.measuring, cpu = False, time.process_time() - began
        self.over = True
        ordered = sorted(self.latencies)
        if not ordered:
            raise RuntimeError("No status arrived.")
        return {
            "statuses": len(ordered),
            "per_reader_per_s": round(len(ordered) / options.readers / options.seconds, 1),
            "p50_ms": _at(ordered, 0.5),
            "p90_ms": _at(ordered, 0.9),
            "p99_ms": _at(ordered, 0.99),
            "max_ms": _at(ordered, 1.0),
            "lost": self.lost,
            "gaps": self.gaps,
            "own_cpu_s": round(cpu, 2),
        }


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)


def main() -> int:
    """Follow and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_readers")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    print(json.dumps({"event": "result"} | uvloop.run(Readers().run(parser.parse_args()))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
