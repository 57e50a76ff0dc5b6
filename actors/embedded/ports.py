"""TCP ports: who listens on one, and which are free.

A port is looked at before anything starts: hosts share theirs by SO_REUSEPORT, and the kernel would quietly give half
of the chargers to whoever listens there already.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from actors.embedded.processes import command_of
from engine.errors import ConfigurationError

_LISTEN = "0A"


class Wanted(NamedTuple):
    """A port that is about to be used; `setting` is the name of the setting that moves it."""

    setting: str
    bind: str
    port: int


class Listener(NamedTuple):
    """Who listens. `pid` is 0 and `command` "" where /proc does not tell (another user's process)."""

    port: int
    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command[:80]})" if self.pid else "a process that /proc does not show us"


def listeners(port: int) -> list[Listener]:
    """The processes that listen on this TCP port, on whatever address."""
    inodes = _listening(port)
    if not inodes:
        return []
    pids = sorted(_owners(inodes))
    return [Listener(port, pid, command_of(pid)) for pid in pids] or [Listener(port, 0, "")]


def is_free(bind: str, port: int) -> bool:
    """Whether a server can be bound there now without sharing. Connections in TIME_WAIT do not count."""
    with socket.socket(_family(bind), socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((bind, port))
            trial.listen(1)
        except OSError:
            return False
    return True


def refuse_taken(wanted: Iterable[Wanted]) -> None:
    """Raise ConfigurationError naming every port that is not free, who listens there, and the setting to change."""
    wanted = list(wanted)
    trouble = [_trouble(each) for each in wanted if listeners(each.port) or not is_free(each.bind, each.port)]
    ports = [each.port for each in wanted]
    trouble += [f"Port {port} is given to two servers." for port in sorted({p for p in ports if ports.count(p) > 1})]
    if trouble:
        raise ConfigurationError(" ".join(trouble))


def _trouble(wanted: Wanted) -> str:
    found = listeners(wanted.port)
    if found:
        return (
            f"Port {wanted.port} is taken by {', '.join(map(str, found))}. Stop it, or choose another with "
            f"{wanted.setting}."
        )
    return (
        f"Port {wanted.port} cannot be bound on {wanted.bind}: no such address here, or no permission. "
        f"Choose others with {wanted.setting} and RAYCHARGE_BIND."
    )


def free_ports(count: int) -> list[int]:
    """Different ports free on loopback at this moment, outside of the range from which outgoing connections are served.

    Raises OSError when there are not that many.
    """
    low, high = _ephemeral_range()
    candidates = [port for port in range(10_000, 65_000) if not low <= port <= high] or list(range(10_000, 65_000))
    random.SystemRandom().shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            break
        if is_free("127.0.0.1", port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"There are not {count} free ports.")
    return found


def _ephemeral_range() -> tuple[int, int]:
    try:
        low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except OSError:
        return 32_768, 60_999
    return int(low), int(high)


def _family(bind: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in bind else socket.AF_INET


def _listening(port: int) -> set[str]:
    """The inodes of sockets that listen on this port."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes


def _owners(inodes: set[str]) -> set[int]:
    links = {f"socket:[{inode}]" for inode in inodes}
    found: set[int] = set()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            descriptors = list((process / "fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                if str(descriptor.readlink()) in links:
                    found.add(int(process.name))
                    break
            except OSError:
                continue
    return found
