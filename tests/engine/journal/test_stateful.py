"""Whatever is done in whatever order: the journal on Valkey and the one in memory answer the same."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RaychargeError
from engine.ids import partition_of
from engine.journal.memory import MemoryJournal
from engine.journal.port import Journal, Record, Write
from engine.journal.redis_streams import RedisJournal
from tests.engine.journal.valkey import Valkey

PARTITIONS = 2
CHARGE_POINTS = ["A", "B", "C", "D"]
STREAMS = ["s", "t"]
INCARNATIONS = ["inc-1", "inc-2"]

digest = st.sampled_from([b"aaaaaaaa", b"aaaabbbb", b"bbbbaaaa", b"bbbbbbbb", b"\0\n\r\xff\0\0\0\0"])
record = st.one_of(
    st.builds(lambda channel, data: Record(channel, data), st.sampled_from("emo"), st.binary(max_size=20)),
    st.builds(
        lambda data, stream, many: Record("m", data, stream, b"".join(many)),
        st.binary(max_size=20),
        st.sampled_from(STREAMS),
        st.lists(digest, max_size=3),
    ),
    st.builds(
        lambda channel, data, stream, one: Record(channel, data, stream, one, True),
        st.sampled_from("mo"),
        st.binary(max_size=20),
        st.sampled_from(STREAMS),
        digest,
    ),
)
parts = st.dictionaries(st.sampled_from(["cp", "session/1", "é"]), st.none() | st.binary(max_size=100), max_size=3)
write = st.tuples(
    st.sampled_from(CHARGE_POINTS),
    st.sampled_from([0, 0, 0, -1, 1]),
    st.lists(record, max_size=4),
    parts,
    st.lists(st.sampled_from(STREAMS), max_size=1),
)
step = st.one_of(
    st.tuples(st.just("commit"), st.sampled_from(INCARNATIONS), st.sampled_from([1, 1, 1, 0, 2]), st.lists(write)),
    st.tuples(st.just("claim"), st.sampled_from(CHARGE_POINTS), st.sampled_from(["h1", "h2"]), st.booleans()),
    st.tuples(st.just("over"), st.sampled_from(CHARGE_POINTS), st.integers(0, 3)),
    st.tuples(st.just("read"), st.integers(0, PARTITIONS - 1), st.integers(0, 8), st.integers(1, 5)),
    st.tuples(st.just("trim"), st.integers(0, PARTITIONS - 1), st.integers(0, 6)),
    st.tuples(st.just("wait"), st.integers(0, 4)),
    st.tuples(st.just("reserve"), st.integers(1, 5)),
    st.tuples(st.just("look")),
)


class Player:
    """Does the same steps to one journal and notes what came back, errors by their type."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._numbers: dict[tuple[str, int], int] = {}
        self._epochs: dict[str, int] = {}

    async def play(self, move: tuple[Any, ...]) -> object:
        name, *arguments = move
        try:
            return await getattr(self, name)(*arguments)
        except RaychargeError as error:
            return type(error), getattr(error, "first", None)

    async def commit(self, incarnation: str, ahead: int, drawn: list[tuple[Any, ...]]) -> object:
        by_partition: dict[int, list[Write]] = {}
        for charge_point, off, records, parts, forget in drawn:
            partition = partition_of(charge_point, PARTITIONS)
            epoch = self._epochs.get(charge_point, 0) + off
            one = Write(charge_point, epoch, list(records), dict(parts), list(forget))
            by_partition.setdefault(partition, []).append(one)
        results = []
        for partition, writes in by_partition.items():
            # One partition a time: a gap in one raises, and hides what the others answered.
            number = self._numbers.get((incarnation, partition), 0) + ahead
            try:
                results.append((await self.journal.commit(incarnation, {partition: (number, writes)}))[partition])
                self._numbers[incarnation, partition] = number
            except RaychargeError as error:
                results.append(type(error))
        return results

    async def claim(self, charge_point: str, host: str, conditional: bool) -> object:
        over = self._epochs.get(charge_point, 0) if conditional else None
        claim = await self.journal.claim(charge_point, host, "inc-1", over=over)
        self._epochs[charge_point] = claim.epoch
        return claim

    async def over(self, charge_point: str, epoch: int) -> object:
        claim = await self.journal.claim(charge_point, "h3", "inc-3", over=epoch)
        self._epochs[charge_point] = claim.epoch
        return claim

    async def read(self, partition: int, after: int, count: int) -> object:
        """All that is to be had: one read may tell less than there is (what `wait` brought along), never nothing."""
        found: list[Any] = []
        while len(found) < count:
            more = await self.journal.read(partition, after + len(found), count=count - len(found))
            if not more:
                break
            found += more
        return found

    async def trim(self, partition: int, up_to: int) -> object:
        return await self.journal.trim(partition, min(up_to, (await self.journal.heads())[partition]))

    async def wait(self, behind: int) -> object:
        heads = await self.journal.heads()
        return await self.journal.wait({p: max(0, head - behind) for p, head in heads.items()}, 0.001)

    async def reserve(self, count: int) -> object:
        return await self.journal.reserve_numbers(count)

    async def look(self) -> object:
        held = [sorted(await self.journal.held_by(host), key=str) for host in ("h1", "h2", "h3")]
        located = [await self.journal.locate(charge_point) for charge_point in CHARGE_POINTS]
        return held, located, await self.journal.snapshots(CHARGE_POINTS), await self.journal.heads()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(step, min_size=5, max_size=25))
async def test_both_journals_answer_the_same(valkey: Valkey, moves: list[tuple[Any, ...]]) -> None:
    await valkey.call(("FLUSHALL",))
    real = Player(await RedisJournal.open(valkey.url, partitions=PARTITIONS))
    twin = Player(MemoryJournal(PARTITIONS))
    try:
        for move in [*moves, ("look",), ("read", 0, 0, 100), ("read", 1, 0, 100)]:
            answers = await asyncio.gather(real.play(move), twin.play(move))
            assert answers[0] == answers[1], move
    finally:
        await real.journal.aclose()
