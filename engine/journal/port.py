"""The journal's port: what hosts write, what consumers read, and who may write.

A journal has a fixed number of partitions; a charge point's partition is `ids.partition_of`. Within a partition entries
are numbered 1, 2, 3, … without gaps. One entry is one commit: many records of many actors, grouped by channel.
The directory (who is activated where, under which epoch) and the actors' snapshots live in the same partition, so that
one atomic commit covers them all. `redis_streams.py` is the real one, `memory.py` the in-memory twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from engine.errors import RaychargeError


class Trimmed(RaychargeError):
    """These entries are gone from the journal (read the archive); `first` is the oldest number that it still has."""

    def __init__(self, partition: int, first: int) -> None:
        super().__init__(f"Partition {partition} of the journal starts at entry {first}.")
        self.partition, self.first = partition, first


class Record(NamedTuple):
    """One row for one channel.

    `data` is one JSON value in UTF-8 (see records.py for the shape in each channel). `digests` are n times 8 bytes
    that are appended to the digest set `stream`; with `checked` there is exactly one, and the record is dropped if the
    set holds it already. Unchecked digests are trusted to be new (the machine knows that they are).
    """

    channel: str
    data: bytes
    stream: str = ""
    digests: bytes = b""
    checked: bool = False


class Write:
    """What one activation adds to a commit. `epoch` fences it: a stale one is left out whole.

    `parts` are snapshot parts to set (None deletes one). `forget` are digest sets that expire 7 days from now.
    """

    __slots__ = ("charge_point", "epoch", "forget", "parts", "records")

    # Written out: there is one for nearly every message, and what dataclasses generate is not compiled.
    def __init__(
        self,
        charge_point: str,
        epoch: int,
        records: list[Record] | None = None,
        parts: dict[str, bytes | None] | None = None,
        forget: list[str] | None = None,
    ) -> None:
        self.charge_point = charge_point
        self.epoch = epoch
        self.records: list[Record] = [] if records is None else records
        self.parts: dict[str, bytes | None] = {} if parts is None else parts
        self.forget: list[str] = [] if forget is None else forget


@dataclass(frozen=True, slots=True)
class Committed:
    """The outcome of one partition's commit. `entry` is its number (0 if nothing was left to append).

    `refused`: charge points whose epoch was stale. `dropped`: how many checked records were repeats.
    """

    entry: int
    refused: frozenset[str]
    dropped: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The activation that is in force after a claim. `parts` are the snapshot parts as they stand.

    `previous` is the host that held it before ("" if none); `won` is False only for a conditional claim that lost.
    """

    charge_point: str
    host: str
    incarnation: str
    epoch: int
    parts: Mapping[str, bytes]
    previous: str
    won: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit as consumers see it. `channels` maps a channel to its records as a JSON array in UTF-8 bytes."""

    partition: int
    number: int
    version: int
    channels: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Located:
    """Where an activation is, by the directory."""

    charge_point: str
    host: str
    epoch: int


class Journal(Protocol):
    """All methods raise JournalUnavailable when the store does not answer, is full, or does not fsync."""

    partitions: int

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        """Commit to several partitions in one round trip, each atomically; return when all are on disk.

        `numbered` maps a partition to (commit number, writes). Numbers of one incarnation count 1, 2, 3, … per
        partition. The same number again gets the stored result of the first time; a gap raises StaleEpoch (the
        incarnation is unknown to this journal, for instance after a restore from backup).
        """
        ...

    async def claim(self, charge_point: str, host: str, incarnation: str, *, over: int | None = None) -> Claim:
        """Take the activation: raise the epoch by one, name the holder and read the snapshot, in one atomic step.

        With `over`, only if the present epoch is `over`; otherwise the claim that is in force comes back, `won` False.
        """
        ...

    async def locate(self, charge_point: str) -> Located | None: ...

    async def held_by(self, host: str) -> list[Located]:
        """All activations that the directory gives to this host, in all partitions."""
        ...

    async def holders(self) -> set[str]:
        """The hosts to which the directory gives anything, alive or not."""
        ...

    async def snapshots(self, charge_points: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """The snapshot parts of many charge points, for reading; those that have none are left out."""
        ...

    async def reserve_numbers(self, count: int) -> range:
        """Reserve transaction numbers that were never handed out before: positive, below 2^31."""
        ...

    async def renew_lease(self, host: str, incarnation: str, ttl_s: float) -> None:
        """Say that this host is alive."""
        ...

    async def leases(self) -> dict[str, str]:
        """The hosts that are alive: name → incarnation."""
        ...

    async def read(self, partition: int, after: int, *, count: int) -> list[Entry]:
        """Entries with a number above `after`, in order, at most `count`. Raises Trimmed if they are gone here."""
        ...

    async def heads(self) -> dict[int, int]:
        """The newest entry number of each partition."""
        ...

    async def wait(self, positions: Mapping[int, int], timeout_s: float) -> None:
        """Return when some partition has an entry above its position, or after the timeout."""
        ...

    async def trim(self, partition: int, up_to: int) -> None:
        """Drop entries up to and including this number. Only the archive and the ledger decide what may go."""
        ...

    async def aclose(self) -> None: ...
