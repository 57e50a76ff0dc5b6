"""The journal on Redis Streams: every commit is one script call a partition, idempotent by its number.

Keys of partition p, all with the hash tag `{rc:p}` (so that a script's keys share a Redis Cluster slot):

    {rc:p}:j             the stream; entry n has the id n-0, field v (version) and one field a channel
    {rc:p}:n             the newest entry's number
    {rc:p}:e, {rc:p}:h   hashes: charge point → epoch, charge point → host and incarnation
    {rc:p}:a:<cp>        hash: the snapshot parts of one charge point
    {rc:p}:d:<stream>    string: a digest set, 8 bytes each
    {rc:p}:i:<inc>       an incarnation's last commit number and its result; gone after 7 days without use

and `rc:meta` (format and partition count), `rc:numbers` (transaction numbers), `rc:hosts` (leases), `rc:lease-clock`
(when a host last renewed its lease, and when leases last began to count anew). The layout is ready for Redis Cluster;
redis_link.py speaks to one primary.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from engine.errors import ConfigurationError, JournalUnavailable, StaleEpoch
from engine.ids import partition_of
from engine.journal.commit_command import packed_commit
from engine.journal.port import Claim, Committed, Entry, Located, Trimmed, Write
from engine.journal.redis_info import JournalInfo, journal_info
from engine.journal.redis_link import Argument, Command, RedisLink, load_script

FORMAT = 1
"""Version of the key layout above. A higher one in the store was written by a newer release."""

MAX_NUMBER = 2**31 - 1
"""Highest transaction number: OCPP 1.6 libraries of stations keep it in a signed 32-bit integer."""

INCARNATION_REFRESH_S = 3600.0
INCARNATION_RETENTION_S = 7 * 86_400
WAIT_COUNT = 16
"""Entries a partition that `wait` brings along, for the next `read`."""

_COMMIT = load_script("commit")
_CLAIM = load_script("claim")
_log = structlog.get_logger(__name__)


class RedisJournal:
    """`port.Journal` on Redis or Valkey. Make it with `open`. With `replicas`, a commit also waits for their AOFs."""

    def __init__(self, link: RedisLink, partitions: int, *, replicas: int = 0, replica_timeout_s: float = 2.0) -> None:
        self.partitions = partitions
        self._link = link
        self._replicas = replicas
        self._replica_timeout_s = replica_timeout_s
        self._tags = [f"{{rc:{p}}}" for p in range(partitions)]
        self._refreshed: dict[str, float] = {}
        self._ahead: dict[int, list[Entry]] = {}

    @classmethod
    async def open(cls, url: str, *, partitions: int, replicas: int = 0, timeout_s: float = 10.0) -> RedisJournal:
        """Connect; at the very first start lay down the partition count, later go by the one laid down.

        Raises JournalUnavailable while the server does not answer, ConfigurationError for a newer release's data.
        """
        link = RedisLink(url, timeout_s=timeout_s, scripts=(_COMMIT, _CLAIM))
        try:
            *_, stored = await link.call(
                ("HSETNX", "rc:meta", "format", FORMAT),
                ("HSETNX", "rc:meta", "partitions", partitions),
                ("HMGET", "rc:meta", "format", "partitions"),
            )
        except BaseException:
            await link.aclose()
            raise
        written, count = int(stored[0]), int(stored[1])
        if written > FORMAT:
            await link.aclose()
            raise ConfigurationError(
                f"The journal has format {written}, this release knows {FORMAT}: start the newer release again."
            )
        if count != partitions:
            _log.warning("journal_partitions_fixed", in_use=count, asked=partitions)
        return cls(link, count, replicas=replicas)

    # --- writing --------------------------------------------------------------------------------------------------

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        """See `port.Journal.commit`. Several partitions go in one MULTI, so that the server fsyncs once for all."""
        commands: list[Command] = [
            packed_commit(_COMMIT.sha, self._tags[p], incarnation, number, writes)
            for p, (number, writes) in numbered.items()
        ]
        if len(commands) > 1:
            replies = (await self._write(("MULTI",), *commands, ("EXEC",)))[-1]
        else:
            replies = await self._write(*commands)
        return {p: _committed(reply, incarnation, p) for p, reply in zip(numbered, replies, strict=True)}

    async def claim(self, charge_point: str, host: str, incarnation: str, *, over: int | None = None) -> Claim:
        tag = self._tags[partition_of(charge_point, self.partitions)]
        condition: Argument = "" if over is None else over
        (reply,) = await self._write(("EVALSHA", _CLAIM.sha, 1, tag, charge_point, host, incarnation, condition))
        won, epoch, holder, parts = reply
        held_host, held_incarnation = holder.decode().split("\n")
        if not won:
            return Claim(charge_point, held_host, held_incarnation, epoch, _parts(parts), held_host, won=False)
        return Claim(charge_point, host, incarnation, epoch, _parts(parts), held_host)

    async def reserve_numbers(self, count: int) -> range:
        """See `port.Journal`. Raises ConfigurationError when all 2^31 are used up."""
        (last,) = await self._write(("INCRBY", "rc:numbers", count))
        if last > MAX_NUMBER:
            raise ConfigurationError("All transaction numbers below 2^31 are used up: set `rc:numbers` back by hand.")
        return range(last - count + 1, last + 1)

    async def trim(self, partition: int, up_to: int) -> None:
        self._ahead.pop(partition, None)
        await self._link.call(("XTRIM", f"{self._tags[partition]}:j", "MINID", "=", f"{up_to + 1}-0"))

    async def _write(self, *commands: Command) -> list[Any]:
        """Send commands that must be durable when this returns, on replicas too where that was asked for."""
        if not self._replicas:
            return await self._link.call(*commands)
        wait = ("WAITAOF", 1, self._replicas, round(self._replica_timeout_s * 1000))
        *replies, reached = await self._link.call(*commands, wait, patience_s=self._replica_timeout_s)
        if reached[0] < 1 or reached[1] < self._replicas:
            raise JournalUnavailable(f"Only {reached[1]} of {self._replicas} replicas have the commit on disk.")
        return replies

    # --- who is where ---------------------------------------------------------------------------------------------

    async def locate(self, charge_point: str) -> Located | None:
        tag = self._tags[partition_of(charge_point, self.partitions)]
        epoch, holder = await self._link.call(("HGET", f"{tag}:e", charge_point), ("HGET", f"{tag}:h", charge_point))
        if epoch is None:
            return None
        return Located(charge_point, holder.decode().partition("\n")[0], int(epoch))

    async def held_by(self, host: str) -> list[Located]:
        commands = [command for tag in self._tags for command in (("HGETALL", f"{tag}:h"), ("HGETALL", f"{tag}:e"))]
        replies = await self._link.call(*commands)
        mark = host.encode() + b"\n"
        held = []
        for holders, epochs in zip(replies[::2], replies[1::2], strict=True):
            epoch_of = dict(_pairs(epochs))
            for charge_point, holder in _pairs(holders):
                if holder.startswith(mark):
                    held.append(Located(charge_point.decode(), host, int(epoch_of.get(charge_point, 0))))
        return held

    async def holders(self) -> set[str]:
        replies = await self._link.call(*(("HVALS", f"{tag}:h") for tag in self._tags))
        return {holder.decode().partition("\n")[0] for reply in replies for holder in reply}

    async def snapshots(self, charge_points: Sequence[str]) -> dict[str, dict[str, bytes]]:
        if not charge_points:
            return {}
        replies = await self._link.call(
            *(("HGETALL", f"{self._tags[partition_of(cp, self.partitions)]}:a:{cp}") for cp in charge_points)
        )
        return {cp: _parts(reply) for cp, reply in zip(charge_points, replies, strict=True) if reply}

    async def renew_lease(self, host: str, incarnation: str, ttl_s: float) -> None:
        """See `port.Journal`. Once an hour this also keeps the incarnation's commit numbers from expiring.

        When nobody has renewed for half a lease, the server did not answer (it hung, say): leases count anew from here.
        """
        stamp, clock = await self._link.call(("TIME",), ("GET", "rc:lease-clock"))
        micros, ttl = _micros(stamp), round(ttl_s * 1e6)
        last, back = map(int, clock.split(b"\n")) if clock else (micros, 0)
        if micros - last > ttl // 2:
            back = micros
        commands: list[Command] = [
            ("HSET", "rc:hosts", host, f"{incarnation}\n{micros}\n{ttl}"),
            ("SET", "rc:lease-clock", f"{micros}\n{back}"),
        ]
        due = time.monotonic() - self._refreshed.get(incarnation, -INCARNATION_REFRESH_S) >= INCARNATION_REFRESH_S
        if due:
            commands += [("EXPIRE", f"{tag}:i:{incarnation}", INCARNATION_RETENTION_S) for tag in self._tags]
        await self._link.call(*commands)
        if due:
            self._refreshed[incarnation] = time.monotonic()

    async def leases(self) -> dict[str, str]:
        """See `port.Journal`. A lease does not run out while the server is away: when it is back, it counts anew."""
        leases, clock, stamp, info = await self._link.call(
            ("HGETALL", "rc:hosts"), ("GET", "rc:lease-clock"), ("TIME",), ("INFO", "server")
        )
        now = _micros(stamp)
        up_since = now - int(_field(info, b"uptime_in_seconds")) * 1_000_000
        back = int(clock.split(b"\n")[1]) if clock else 0
        alive = {}
        for host, lease in _pairs(leases):
            incarnation, renewed, ttl = lease.decode().split("\n")
            if now < max(int(renewed), up_since, back) + int(ttl):
                alive[host.decode()] = incarnation
        return alive

    # --- reading --------------------------------------------------------------------------------------------------

    async def read(self, partition: int, after: int, *, count: int) -> list[Entry]:
        ahead = self._ahead.pop(partition, None)
        if ahead and ahead[0].number == after + 1:
            return ahead[:count]
        tag = self._tags[partition]
        # The counter is read first: an entry that comes in between must not look like a hole.
        head, rows = await self._link.call(
            ("GET", f"{tag}:n"), ("XRANGE", f"{tag}:j", f"{after + 1}-0", "+", "COUNT", count)
        )
        if rows:
            entries = [_entry(partition, row) for row in rows]
            if entries[0].number > after + 1:
                raise Trimmed(partition, entries[0].number)
            return entries
        if int(head or 0) > after:
            raise Trimmed(partition, int(head) + 1)
        return []

    async def heads(self) -> dict[int, int]:
        replies = await self._link.call(*(("GET", f"{tag}:n") for tag in self._tags))
        return {p: int(reply or 0) for p, reply in enumerate(replies)}

    async def wait(self, positions: Mapping[int, int], timeout_s: float) -> None:
        """See `port.Journal`. What the server sends along is kept for the next `read`: one round trip for both."""
        partitions = list(positions)
        keys = [f"{self._tags[p]}:j" for p in partitions]
        ids = [f"{positions[p]}-0" for p in partitions]
        block_ms = max(1, round(timeout_s * 1000))
        (reply,) = await self._link.call(
            ("XREAD", "COUNT", WAIT_COUNT, "BLOCK", block_ms, "STREAMS", *keys, *ids), patience_s=timeout_s
        )
        by_key = {key.encode(): p for p, key in zip(partitions, keys, strict=True)}
        for key, rows in reply or ():
            partition = by_key[key]
            self._ahead[partition] = [_entry(partition, row) for row in rows]

    async def info(self) -> JournalInfo:
        """How full and how durable the journal is, for metrics and alerts."""
        return await journal_info(self._link, self._tags)

    async def fill(self) -> float:
        """Used memory over its limit: 1.0 means that commits are being declined. 0.0 without any limit."""
        return (await self.info()).fill

    async def aclose(self) -> None:
        await self._link.aclose()


def _committed(reply: bytes, incarnation: str, partition: int) -> Committed:
    entry, dropped, *refused = reply.decode().split("\n")
    if entry == "gap":
        raise StaleEpoch(
            f"Partition {partition} knows commit {dropped} as the last of incarnation {incarnation}: start a new one."
        )
    return Committed(int(entry), frozenset(refused), int(dropped))


def _entry(partition: int, row: Any) -> Entry:
    name, fields = row
    channels = {key.decode(): value for key, value in _pairs(fields)}
    return Entry(partition, int(name.partition(b"-")[0]), int(channels.pop("v")), channels)


def _pairs(flat: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _parts(flat: Sequence[bytes]) -> dict[str, bytes]:
    return {name.decode(): value for name, value in _pairs(flat)}


def _micros(stamp: Sequence[bytes]) -> int:
    return int(stamp[0]) * 1_000_000 + int(stamp[1])


def _field(info: bytes, name: bytes) -> bytes:
    return info.partition(name + b":")[2].partition(b"\r")[0]
