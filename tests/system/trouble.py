"""Makers of trouble, in a process of their own: `python -m tests.system.trouble PORT SECONDS ODD ODD BOMBER FLOODER`.

Their work must not count as the server's. A bomb takes its maker a second to pack, on the same event loop as the
stations beside whom it goes off; and an attacker has a machine of his own, so here he gets less than the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from engine.errors import RaychargeError
from tests.system.odd_frames import ODD, is_answered
from tests.system.raw_station import RawStation, Reachable


class Target(NamedTuple):
    """The installation that gets the trouble."""

    ocpp_port: int
    settings: Mapping[str, str] = {}


async def bomb(system: Reachable, identity: str) -> int:
    """100 MB of blanks in a frame of 100 kB. Returns the close code."""
    deflate = ClientPerMessageDeflateFactory(compress_settings={"level": 9})
    station = await RawStation.connect(system, identity, compression=None, extensions=[deflate])
    assert [extension.name for extension in station.socket.protocol.extensions] == ["permessage-deflate"]
    await station.send(" " * 100_000_000)
    return await station.closed()


async def bombing(system: Reachable, identity: str, seconds: float) -> int:
    """One bomb after the other. Returns how many went off. Raises RaychargeError when one is swallowed."""
    until = asyncio.get_running_loop().time() + seconds
    gone = 0
    while asyncio.get_running_loop().time() < until:
        if await bomb(system, identity) != 1009:
            raise RaychargeError("a bomb was swallowed")
        gone += 1
    return gone


async def flood(system: Reachable, identity: str, seconds: float) -> int:
    """Fragments of one byte without an end, as fast as they are taken. Returns how many were."""
    station = await RawStation.connect(system, identity)
    sent = 0
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    protocol = station.socket.protocol
    try:
        async with asyncio.timeout(seconds + 1):
            protocol.send_text(b"[", fin=False)
            while loop.time() < until:
                for _ in range(200):
                    protocol.send_continuation(b"[", fin=False)
                for data in protocol.data_to_send():
                    station.socket.transport.write(data)
                sent += 200
                await station.socket.drain()
                await asyncio.sleep(0)
    except (TimeoutError, ConnectionClosed, ConnectionError):
        pass
    station.socket.transport.abort()
    return sent


async def mischief(system: Reachable, identity: str, seconds: float) -> int:
    """All odd frames again and again. Returns how many were sent."""
    until = asyncio.get_running_loop().time() + seconds
    sent = 0
    async with await RawStation.connect(system, identity) as station:
        while asyncio.get_running_loop().time() < until:
            for odd in ODD:
                await is_answered(station, odd)
                sent += 1
    return sent


def made(kind: Callable[[Reachable, str, float], Coroutine[Any, Any, int]], port: int, who: str, seconds: float) -> int:
    """How much of a kind of trouble could be made in so long."""
    return asyncio.run(kind(Target(port), who, seconds))


def main() -> None:
    """Say that all is imported, wait for a line, make trouble, print how much of each; fail if any went wrong."""
    port, seconds, *identities = sys.argv[1:]
    os.nice(5)
    kinds = (mischief, mischief, bombing, flood)
    with ProcessPoolExecutor(len(kinds)) as makers:
        list(makers.map(abs, range(len(kinds))))
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(list(makers.map(made, kinds, [int(port)] * 4, identities, [float(seconds)] * 4))))


if __name__ == "__main__":
    main()
