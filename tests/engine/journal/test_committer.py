"""What actors notice of group commit: their answers leave after the fsync, once, and never for a stale activation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import pytest

from engine.errors import JournalUnavailable, StaleEpoch
from engine.ids import partition_of
from engine.journal.activation import Activation, PartsProvider
from engine.journal.commit_metrics import BATCH_BOUNDS
from engine.journal.committer import Committer
from engine.journal.memory import MemoryJournal
from engine.journal.port import Committed, Journal, Record, Write


class Watched(MemoryJournal):
    """A memory journal whose commits can be held back, fail before or after they happened, and are noted down."""

    def __init__(self, partitions: int = 4) -> None:
        super().__init__(partitions)
        self.calls: list[dict[int, tuple[int, list[Write]]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.lose_answers = 0

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        self.calls.append({p: (number, list(writes)) for p, (number, writes) in numbered.items()})
        await self.gate.wait()
        done = await super().commit(incarnation, numbered)
        if self.lose_answers:
            self.lose_answers -= 1
            raise JournalUnavailable("the answer got lost")
        return done


async def activation(
    journal: Journal,
    charge_point: str,
    *,
    parts: PartsProvider | None = None,
    on_stale: Callable[[], None] | None = None,
) -> Activation:
    claim = await journal.claim(charge_point, "host-1", "inc-1")
    partition = partition_of(charge_point, journal.partitions)
    return Activation(charge_point, partition, claim.epoch, parts=parts, on_stale=on_stale)


def row(n: int) -> Record:
    return Record("m", b"%d" % n)


async def rows(journal: Journal, partition: int = 0) -> str:
    return ";".join(e.channels["m"].decode() for e in await journal.read(partition, 0, count=1000))


async def test_answers_leave_after_the_commit_in_order(journal: Journal) -> None:
    committer = Committer(journal, "inc-1")
    answered: list[str] = []
    actors = [await activation(journal, f"CP-{i}") for i in range(10)]
    for n in range(3):
        for actor in actors:
            committer.enqueue(actor, [row(n)], lambda a=actor, n=n: answered.append(f"{a.charge_point}:{n}"))
    assert answered == []
    await committer.flush()
    assert sorted(answered) == sorted(f"CP-{i}:{n}" for i in range(10) for n in range(3))
    for actor in actors:
        own = [one for one in answered if one.startswith(actor.charge_point + ":")]
        assert own == [f"{actor.charge_point}:{n}" for n in range(3)]
    assert sum((await journal.heads()).values()) == 4, "one entry a partition: a single flight"
    metrics = committer.metrics
    assert (metrics.flights, metrics.messages, metrics.records, metrics.commits) == (1, 30, 30, 4)
    assert (committer.backlog_bytes, sum(metrics.latencies)) == (0, 1)
    assert dict(zip((*BATCH_BOUNDS, "more"), metrics.batch_sizes, strict=True))[50] == 1


async def test_what_arrives_during_a_flight_shares_the_next_one() -> None:
    journal = Watched(1)
    committer = Committer(journal, "inc-1")
    actors = [await activation(journal, f"CP-{i}") for i in range(50)]
    journal.gate.clear()
    committer.enqueue(actors[0], [row(0)])
    await asyncio.sleep(0.01)
    for n, actor in enumerate(actors[1:]):
        committer.enqueue(actor, [row(n + 1)])
        await asyncio.sleep(0)
    journal.gate.set()
    await committer.flush()
    assert [len(call[0][1]) for call in journal.calls] == [1, 49]
    assert [call[0][0] for call in journal.calls] == [1, 2]


async def test_a_flight_is_bounded_in_messages_and_bytes() -> None:
    journal = Watched(1)
    actors = [await activation(journal, f"CP-{i}") for i in range(25)]
    committer = Committer(journal, "inc-1", flight_messages=10)
    for actor in actors:
        committer.enqueue(actor, [row(1)], lambda: None)
    await committer.flush()
    assert [len(call[0][1]) for call in journal.calls] == [10, 10, 5]
    small = Committer(journal, "inc-2", flight_bytes=3)
    for actor in actors[:7]:
        small.enqueue(actor, [row(1)], lambda: None)
    await small.flush()
    assert [len(call[0][1]) for call in journal.calls[3:]] == [3, 3, 1]


async def test_a_lost_answer_is_asked_for_again_with_the_same_number_and_nothing_is_doubled() -> None:
    journal = Watched(1)
    told: list[bool] = []
    committer = Committer(journal, "inc-1", on_available=told.append)
    actor = await activation(journal, "CP")
    answered: list[int] = []
    journal.lose_answers = 3
    committer.enqueue(actor, [row(1)], lambda: answered.append(1))
    await asyncio.sleep(0.01)
    assert (answered, committer.available) == ([], False)
    committer.enqueue(actor, [row(2)], lambda: answered.append(2))
    await committer.flush()
    assert answered == [1, 2]
    assert told == [False, True]
    assert await rows(journal) == "[1];[2]"
    first, *repeats, last = journal.calls
    assert all(repeat == first for repeat in repeats)
    assert (len(repeats), last[0][0]) == (3, 2)


async def test_snapshots_go_with_the_flight_that_they_describe(journal: Journal) -> None:
    state = {"n": 0}
    actor = await activation(journal, "CP", parts=lambda: {"state": b"%d" % state["n"]})
    committer = Committer(journal, "inc-1")
    for n in range(1, 4):
        state["n"] = n
        committer.enqueue(actor, [row(n)])
    await committer.flush()
    assert await journal.snapshots(["CP"]) == {"CP": {"state": b"3"}}


async def test_what_changes_during_a_flight_goes_with_the_next_one() -> None:
    journal = Watched(partitions=1)
    actor = await activation(journal, "CP")
    committer = Committer(journal, "inc-1")
    journal.gate.clear()
    committer.enqueue(actor, [row(1)])
    for _ in range(5):  # turns of the loop: the flight is made, leaves, and is held back
        await asyncio.sleep(0)
    actor.pending["state"] = b"2"
    committer.enqueue(actor, [row(2)])
    assert [write.parts for _, writes in journal.calls[0].values() for write in writes] == [{}]
    journal.gate.set()
    await committer.flush()
    assert await journal.snapshots(["CP"]) == {"CP": {"state": b"2"}}


async def test_parts_of_a_step_that_was_dropped_are_never_written(journal: Journal) -> None:
    actor = await activation(journal, "CP")
    committer = Committer(journal, "inc-1")
    actor.pending["state"] = b"dropped"
    committer.enqueue(actor, [row(1)])
    committer.discard(actor)
    committer.enqueue(actor, [row(2)])
    await committer.flush()
    assert await journal.snapshots(["CP"]) == {}
    assert await rows(journal, actor.partition) == "[2]"


async def test_a_stale_activation_is_never_acknowledged_and_told_once(journal: Journal) -> None:
    stale: list[str] = []
    answered: list[str] = []
    old = await activation(journal, "CP-1", on_stale=lambda: stale.append("CP-1"))
    other = await activation(journal, "CP-3")
    await journal.claim("CP-1", "host-2", "inc-2")
    committer = Committer(journal, "inc-1")
    committer.enqueue(old, [row(1)], lambda: answered.append("old"))
    committer.enqueue(other, [row(2)], lambda: answered.append("other"))
    await committer.flush()
    committer.enqueue(old, [row(3)], lambda: answered.append("old"))
    await committer.flush()
    assert (stale, answered) == (["CP-1"], ["other"])
    assert old.stale
    assert (committer.metrics.refused, committer.backlog_bytes) == (1, 0)


async def test_what_a_stale_activation_enqueued_meanwhile_is_dropped_too() -> None:
    journal = Watched(1)
    answered: list[int] = []
    old = await activation(journal, "CP")
    await journal.claim("CP", "host-2", "inc-2")
    committer = Committer(journal, "inc-1")
    journal.gate.clear()
    committer.enqueue(old, [row(1)], lambda: answered.append(1))
    await asyncio.sleep(0.01)
    committer.enqueue(old, [row(2)], lambda: answered.append(2))
    journal.gate.set()
    await committer.flush()
    assert (answered, len(journal.calls), committer.backlog_bytes) == ([], 1, 0)


async def test_discarding_drops_what_is_not_in_flight() -> None:
    journal = Watched(1)
    answered: list[int] = []
    actor = await activation(journal, "CP")
    committer = Committer(journal, "inc-1")
    journal.gate.clear()
    committer.enqueue(actor, [row(1)], lambda: answered.append(1))
    await asyncio.sleep(0.01)
    committer.enqueue(actor, [row(2)], lambda: answered.append(2), forget=["s"])
    committer.discard(actor)
    journal.gate.set()
    await committer.flush()
    committer.enqueue(actor, [row(3)], lambda: answered.append(3))
    await committer.flush()
    assert answered == [1, 3]
    assert await rows(journal) == "[1];[3]"
    assert committer.backlog_bytes == 0


async def test_a_failing_callback_or_snapshot_hurts_only_its_own_actor(journal: Journal) -> None:
    def broken() -> dict[str, bytes | None]:
        raise ValueError("cannot be encoded")

    answered: list[str] = []
    failed: list[str] = []
    bad = await activation(journal, "CP-1", parts=broken, on_stale=lambda: failed.append("CP-1"))
    rude = await activation(journal, "CP-2")
    good = await activation(journal, "CP-3")
    committer = Committer(journal, "inc-1")
    committer.enqueue(bad, [row(1)], lambda: answered.append("bad"))
    committer.enqueue(rude, [row(2)], lambda: answered.append(str(1 // 0)))
    committer.enqueue(good, [row(3)], lambda: answered.append("good"))
    await committer.flush()
    assert (answered, failed, committer.metrics.callback_errors) == (["good"], ["CP-1"], 1)
    assert committer.backlog_bytes == 0


async def test_droppable_records_go_first_when_the_backlog_grows() -> None:
    journal = Watched(1)
    committer = Committer(journal, "inc-1", backlog_limit=100)
    actor = await activation(journal, "CP")
    journal.away = "down"
    for _ in range(3):
        committer.enqueue_droppable(actor, [Record("m", b"9" * 30)])
    assert (committer.backlog_bytes, committer.overfull) == (90, False)
    committer.enqueue(actor, [Record("m", b"1" * 60)])
    assert committer.overfull
    committer.enqueue_droppable(actor, [Record("m", b"9" * 50)])
    assert (committer.metrics.droppable_dropped, committer.backlog_bytes, committer.overfull) == (4, 60, False)
    committer.enqueue_droppable(actor, [Record("m", b"7" * 10)])
    journal.away = ""
    await committer.flush()
    assert await rows(journal) == f"[{'1' * 60},{'7' * 10}]"
    assert committer.backlog_bytes == 0


async def test_an_incarnation_that_the_journal_does_not_know_is_lost_for_good() -> None:
    journal = Watched(1)
    lost: list[BaseException] = []
    committer = Committer(journal, "inc-1", on_lost=lost.append)
    actor = await activation(journal, "CP")
    committer.enqueue(actor, [row(1)])
    await committer.flush()
    journal._all[0].last.clear()
    answered: list[int] = []
    committer.enqueue(actor, [row(2)], lambda: answered.append(2))
    with pytest.raises(StaleEpoch):
        await committer.flush()
    committer.enqueue(actor, [row(3)], lambda: answered.append(3))
    with pytest.raises(StaleEpoch):
        await committer.flush()
    assert ([type(error) for error in lost], answered) == ([StaleEpoch], [])


async def test_closing_while_the_journal_is_away_acknowledges_nothing() -> None:
    journal = Watched(1)
    journal.away = "down"
    committer = Committer(journal, "inc-1")
    answered: list[int] = []
    actor = await activation_while_away(journal)
    committer.enqueue(actor, [row(1)], lambda: answered.append(1))
    await asyncio.sleep(0.01)
    await committer.aclose()
    with pytest.raises(JournalUnavailable):
        await committer.flush()
    assert answered == []


async def activation_while_away(journal: Watched) -> Activation:
    reason, journal.away = journal.away, ""
    made = await activation(journal, "CP")
    journal.away = reason
    return made


async def test_a_host_with_nothing_to_commit_hears_of_the_journal_from_others() -> None:
    told: list[bool] = []
    committer = Committer(MemoryJournal(1), "inc", on_available=told.append)
    committer.heard(True)
    committer.heard(False)
    committer.heard(False)
    assert (committer.available, told) == (False, [False])
    committer.heard(True)
    assert (committer.available, told) == (True, [False, True])
