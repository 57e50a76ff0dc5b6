"""What the journal's store says about itself: how full it is, and whether it keeps what it confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import ConfigurationError, JournalUnavailable
from engine.journal.redis_link import Command, RedisLink

OLDEST_VERSION = (7, 0)
"""Scripts with a shebang line came with Redis 7.0."""

WAITAOF_VERSION = (7, 2)


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition's entries: how many are held, the oldest and the newest number (first is head + 1 if none)."""

    partition: int
    length: int
    first: int
    head: int


@dataclass(frozen=True, slots=True)
class JournalInfo:
    """Memory in bytes. `limit_bytes` is 0 where the server sets none. `fsync` is always, everysec, no or unknown."""

    partitions: tuple[PartitionInfo, ...]
    used_bytes: int
    limit_bytes: int
    aof_enabled: bool
    fsync: str
    replicas: int

    @property
    def fill(self) -> float:
        """Used memory over its limit: 1.0 means that commits are being declined."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a store that an operator must mend (`error`) or should know (`warning`)."""

    level: Literal["error", "warning"]
    name: str
    message: str
    remedy: str


async def journal_info(link: RedisLink, tags: Sequence[str]) -> JournalInfo:
    """Ask for everything in one round trip."""
    commands: list[Command] = [("INFO", "memory"), ("INFO", "persistence"), ("INFO", "replication")]
    for tag in tags:
        commands += (("XLEN", f"{tag}:j"), ("XRANGE", f"{tag}:j", "-", "+", "COUNT", 1), ("GET", f"{tag}:n"))
    memory, persistence, replication, *rows = await link.call(*commands)
    partitions = []
    for p in range(len(tags)):
        length, oldest, head = rows[3 * p : 3 * p + 3]
        newest = int(head or 0)
        first = int(oldest[0][0].partition(b"-")[0]) if oldest else newest + 1
        partitions.append(PartitionInfo(p, length, first, newest))
    told = _fields(memory) | _fields(persistence) | _fields(replication)
    return JournalInfo(
        tuple(partitions),
        int(told["used_memory"]),
        int(told.get("maxmemory", "0")),
        told.get("aof_enabled") == "1",
        await _setting(link, "appendfsync"),
        int(told.get("connected_slaves", "0")),
    )


async def check_durability(url: str, *, replicas: int = 0) -> list[Finding]:
    """Find what keeps a store from being a journal that loses nothing; changes nothing there.

    An empty list is good. Raises JournalUnavailable when the server cannot be reached.
    """
    link = RedisLink(url)
    try:
        (info,) = await link.call(("INFO",))
        told = _fields(info)
        names = ("appendfsync", "maxmemory-policy", "maxmemory")
        settings = {name: await _setting(link, name) for name in names}
    finally:
        await link.aclose()
    return [*_version(told, replicas), *_persistence(told, settings), *_memory(settings), *_replication(told, replicas)]


def _version(told: dict[str, str], replicas: int) -> list[Finding]:
    version = tuple(int(part) for part in told.get("redis_version", "0.0").split(".")[:2])
    needed = WAITAOF_VERSION if replicas else OLDEST_VERSION
    if version >= needed:
        return []
    wanted = ".".join(map(str, needed))
    return [Finding("error", "version", f"The server is compatible with Redis {told.get('redis_version')}.",
                    f"Use Redis {wanted} or newer, or any Valkey.")]  # fmt: skip


def _persistence(told: dict[str, str], settings: dict[str, str]) -> list[Finding]:
    findings = []
    if told.get("aof_enabled") != "1":
        findings.append(Finding("error", "appendonly", "The append-only file is off: a crash loses acknowledged data.",
                                "Set `appendonly yes` in the server's configuration."))  # fmt: skip
    policy = settings["appendfsync"]
    if policy == "unknown":
        findings.append(Finding("warning", "appendfsync", "The server does not show its fsync policy (CONFIG GET).",
                                "Make sure yourself that `appendfsync always` is set."))  # fmt: skip
    elif policy != "always":
        findings.append(Finding("error", "appendfsync", f"`appendfsync` is {policy}: a power cut loses data.",
                                "Set `appendfsync always`."))  # fmt: skip
    return findings


def _memory(settings: dict[str, str]) -> list[Finding]:
    policy = settings["maxmemory-policy"]
    if policy not in ("noeviction", "unknown"):
        return [Finding("error", "maxmemory-policy", f"`maxmemory-policy` is {policy}: the server may evict entries.",
                        "Set `maxmemory-policy noeviction`.")]  # fmt: skip
    if settings["maxmemory"] == "0":
        return [Finding("warning", "maxmemory", "The server has no memory limit: nobody foresees a full journal.",
                        "Set `maxmemory` to what the server may use.")]  # fmt: skip
    return []


def _replication(told: dict[str, str], replicas: int) -> list[Finding]:
    if told.get("role") != "master":
        return [Finding("error", "role", "The server is a replica and takes no writes.", "Give the primary's URL.")]
    connected = int(told.get("connected_slaves", "0"))
    if connected < replicas:
        return [Finding("error", "replicas", f"{connected} replicas are connected, {replicas} are to be waited for.",
                        "Connect the missing replicas, or wait for fewer.")]  # fmt: skip
    if connected and not replicas:
        return [Finding("warning", "replicas", "Commits do not wait for the replicas: a failover may lose some.",
                        "Wait for at least one replica (WAITAOF).")]  # fmt: skip
    return []


async def _setting(link: RedisLink, name: str) -> str:
    """A setting's value, or "unknown" where the server keeps CONFIG to itself."""
    try:
        (reply,) = await link.call(("CONFIG", "GET", name))
    except (ConfigurationError, JournalUnavailable):
        return "unknown"
    return _text(reply[1]) if reply else "unknown"


def _fields(info: Any) -> dict[str, str]:
    lines = _text(info).splitlines()
    return {name: value for name, colon, value in (line.partition(":") for line in lines) if colon}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
