"""The journal in memory: the same promises as `redis_streams.py` except that nothing outlives the process.

For tests of everything that needs a journal, and for trying machines out. The contract tests run against both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.clock import SECOND, Clock, SystemClock
from engine.errors import ConfigurationError, JournalUnavailable, StaleEpoch
from engine.ids import partition_of
from engine.journal.port import Claim, Committed, Entry, Located, Trimmed, Write
from engine.journal.records import VERSION

RETENTION = 7 * 86_400 * SECOND
MAX_NUMBER = 2**31 - 1


@dataclass(slots=True)
class _Partition:
    entries: dict[int, Entry] = field(default_factory=dict)
    head: int = 0
    epochs: dict[str, int] = field(default_factory=dict)
    holders: dict[str, tuple[str, str]] = field(default_factory=dict)
    parts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    digests: dict[str, set[bytes]] = field(default_factory=dict)
    expiries: dict[str, int] = field(default_factory=dict)
    last: dict[str, tuple[int, Committed]] = field(default_factory=dict)


class MemoryJournal:
    """`port.Journal` without a store. `away` set to a reason makes every method raise JournalUnavailable."""

    def __init__(self, partitions: int = 4, *, clock: Clock | None = None) -> None:
        self.partitions = partitions
        self.away = ""
        self._clock = clock or SystemClock()
        self._all = [_Partition() for _ in range(partitions)]
        self._numbers = 0
        self._leases: dict[str, tuple[str, int]] = {}
        self._news = asyncio.Condition()

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        self._check()
        done = {}
        for p, (number, writes) in numbered.items():
            last_number, result = self._all[p].last.get(incarnation, (0, None))
            if result is None or number != last_number:
                if number != last_number + 1:
                    raise StaleEpoch(f"Partition {p} knows commit {last_number} as the last of {incarnation}.")
                result = self._apply(p, writes)
                self._all[p].last[incarnation] = (number, result)
            done[p] = result
        async with self._news:
            self._news.notify_all()
        return done

    def _apply(self, p: int, writes: Sequence[Write]) -> Committed:
        partition = self._all[p]
        rows: dict[str, list[bytes]] = {}
        refused, dropped = [], 0
        for write in writes:
            if partition.epochs.get(write.charge_point) != write.epoch:
                refused.append(write.charge_point)
                continue
            dropped += self._add_records(partition, write, rows)
            for stream in write.forget:
                if stream in partition.digests:
                    partition.expiries[stream] = self._clock.now() + RETENTION
            parts = partition.parts.setdefault(write.charge_point, {})
            for name, value in write.parts.items():
                if value is None:
                    parts.pop(name, None)
                else:
                    parts[name] = value
        if not rows:
            return Committed(0, frozenset(refused), dropped)
        partition.head += 1
        channels = {channel: b"[" + b",".join(some) + b"]" for channel, some in rows.items()}
        partition.entries[partition.head] = Entry(p, partition.head, VERSION, channels)
        return Committed(partition.head, frozenset(refused), dropped)

    def _add_records(self, partition: _Partition, write: Write, rows: dict[str, list[bytes]]) -> int:
        dropped = 0
        for record in write.records:
            if record.digests:
                known = self._known(partition, record.stream)
                if record.checked and record.digests in known:
                    dropped += 1
                    continue
                known.update(record.digests[i : i + 8] for i in range(0, len(record.digests), 8))
            rows.setdefault(record.channel, []).append(record.data)
        return dropped

    def _known(self, partition: _Partition, stream: str) -> set[bytes]:
        if stream in partition.expiries and partition.expiries[stream] <= self._clock.now():
            del partition.expiries[stream], partition.digests[stream]
        return partition.digests.setdefault(stream, set())

    async def claim(self, charge_point: str, host: str, incarnation: str, *, over: int | None = None) -> Claim:
        self._check()
        partition = self._of(charge_point)
        epoch = partition.epochs.get(charge_point, 0)
        held_host, held_incarnation = partition.holders.get(charge_point, ("", ""))
        parts = dict(partition.parts.get(charge_point, {}))
        if over is not None and over != epoch:
            return Claim(charge_point, held_host, held_incarnation, epoch, parts, held_host, won=False)
        partition.epochs[charge_point] = epoch + 1
        partition.holders[charge_point] = (host, incarnation)
        return Claim(charge_point, host, incarnation, epoch + 1, parts, held_host)

    async def locate(self, charge_point: str) -> Located | None:
        self._check()
        partition = self._of(charge_point)
        if charge_point not in partition.epochs:
            return None
        return Located(charge_point, partition.holders[charge_point][0], partition.epochs[charge_point])

    async def held_by(self, host: str) -> list[Located]:
        self._check()
        return [
            Located(charge_point, host, partition.epochs[charge_point])
            for partition in self._all
            for charge_point, (holder, _) in partition.holders.items()
            if holder == host
        ]

    async def holders(self) -> set[str]:
        self._check()
        return {holder for partition in self._all for holder, _ in partition.holders.values()}

    async def snapshots(self, charge_points: Sequence[str]) -> dict[str, dict[str, bytes]]:
        self._check()
        found = {cp: dict(self._of(cp).parts.get(cp, {})) for cp in charge_points}
        return {cp: parts for cp, parts in found.items() if parts}

    async def reserve_numbers(self, count: int) -> range:
        self._check()
        self._numbers += count
        if self._numbers > MAX_NUMBER:
            raise ConfigurationError("All transaction numbers below 2^31 are used up.")
        return range(self._numbers - count + 1, self._numbers + 1)

    async def renew_lease(self, host: str, incarnation: str, ttl_s: float) -> None:
        self._check()
        self._leases[host] = (incarnation, self._clock.now() + round(ttl_s * SECOND))

    async def leases(self) -> dict[str, str]:
        self._check()
        now = self._clock.now()
        return {host: incarnation for host, (incarnation, until) in self._leases.items() if now < until}

    async def read(self, partition: int, after: int, *, count: int) -> list[Entry]:
        self._check()
        there = self._all[partition]
        first = next(iter(there.entries), there.head + 1)
        if first > after + 1:
            raise Trimmed(partition, first)
        return [there.entries[n] for n in range(after + 1, min(there.head, after + count) + 1)]

    async def heads(self) -> dict[int, int]:
        self._check()
        return {p: partition.head for p, partition in enumerate(self._all)}

    async def wait(self, positions: Mapping[int, int], timeout_s: float) -> None:
        self._check()
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: any(self._all[p].head > at for p, at in positions.items()))
        except TimeoutError:
            return

    async def trim(self, partition: int, up_to: int) -> None:
        self._check()
        entries = self._all[partition].entries
        for number in [n for n in entries if n <= up_to]:
            del entries[number]

    async def aclose(self) -> None:
        return None

    def _of(self, charge_point: str) -> _Partition:
        return self._all[partition_of(charge_point, self.partitions)]

    def _check(self) -> None:
        if self.away:
            raise JournalUnavailable(self.away)
