"""What both journals promise (engine/journal/port.py)."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.errors import ConfigurationError, StaleEpoch
from engine.ids import partition_of
from engine.journal.memory import MemoryJournal
from engine.journal.port import Committed, Journal, Located, Record, Trimmed, Write
from engine.journal.records import VERSION

CP = "STATION-1"
P = partition_of(CP, 4)
D1, D2, D3 = b"digest-1", b"digest-2", b"digest-3"


def row(data: bytes, *, channel: str = "m") -> Record:
    return Record(channel, data)


def checked(data: bytes, digest: bytes, stream: str = "s") -> Record:
    return Record("m", data, stream, digest, True)


async def claimed(journal: Journal, charge_point: str = CP) -> int:
    return (await journal.claim(charge_point, "host-1", "inc-1")).epoch


async def commit(journal: Journal, number: int, *writes: Write) -> Committed:
    return (await journal.commit("inc-1", {P: (number, writes)}))[P]


async def rows(journal: Journal, channel: str = "m") -> list[bytes]:
    return [e.channels[channel] for e in await journal.read(P, 0, count=1000) if channel in e.channels]


async def test_a_commit_is_one_entry_with_a_json_array_for_each_channel(journal: Journal) -> None:
    epoch = await claimed(journal)
    done = await commit(journal, 1, Write(CP, epoch, [row(b"[1]"), row(b'{"a":2}', channel="e"), row(b"[3]")]))
    assert done == Committed(1, frozenset(), 0)
    (entry,) = await journal.read(P, 0, count=10)
    assert (entry.partition, entry.number, entry.version) == (P, 1, VERSION)
    assert dict(entry.channels) == {"m": b"[[1],[3]]", "e": b'[{"a":2}]'}


async def test_bytes_of_any_kind_come_back_as_they_were(journal: Journal) -> None:
    data = bytes(range(256)) + "…\n,\r\n".encode()
    await commit(journal, 1, Write(CP, await claimed(journal), [row(data)], {"state": data}))
    assert await rows(journal) == [b"[" + data + b"]"]
    assert (await journal.snapshots([CP]))[CP] == {"state": data}


async def test_several_partitions_are_committed_together(journal: Journal) -> None:
    names = {partition_of(f"CP-{i}", 4): f"CP-{i}" for i in range(40)}
    writes = {p: (1, [Write(cp, await claimed(journal, cp), [row(b"1")])]) for p, cp in names.items()}
    assert await journal.commit("inc-1", writes) == dict.fromkeys(names, Committed(1, frozenset(), 0))
    assert await journal.heads() == {0: 1, 1: 1, 2: 1, 3: 1}


async def test_the_same_number_again_gets_the_first_result_and_writes_nothing(journal: Journal) -> None:
    epoch = await claimed(journal)
    write = Write(CP, epoch, [checked(b"1", D1), checked(b"2", D1)])
    first = await commit(journal, 1, write, Write("nobody", 1))
    assert first == Committed(1, frozenset({"nobody"}), 1)
    assert await commit(journal, 1, write, Write("nobody", 1)) == first
    assert await rows(journal) == [b"[1]"]


async def test_a_gap_in_the_numbers_is_refused(journal: Journal) -> None:
    epoch = await claimed(journal)
    with pytest.raises(StaleEpoch):
        await commit(journal, 2, Write(CP, epoch, [row(b"1")]))
    await commit(journal, 1, Write(CP, epoch, [row(b"1")]))
    with pytest.raises(StaleEpoch):
        await commit(journal, 3, Write(CP, epoch, [row(b"3")]))
    assert await rows(journal) == [b"[1]"]


async def test_a_stale_epoch_is_left_out_whole_and_the_others_are_not(journal: Journal) -> None:
    other = next(f"CP-{i}" for i in range(40) if partition_of(f"CP-{i}", 4) == P)
    old, here = await claimed(journal), await claimed(journal, other)
    new = (await journal.claim(CP, "host-2", "inc-2")).epoch
    assert new == old + 1
    stale = Write(
        CP, old, [row(b"1"), checked(b"2", D1), Record("m", b"3", "t", D2)], {"a": b"stale", "b": None}, ["t"]
    )
    done = await commit(journal, 1, stale, Write(other, here, [checked(b"4", D1)]))
    assert done == Committed(1, frozenset({CP}), 0)
    assert await rows(journal) == [b"[4]"]
    assert await journal.snapshots([CP]) == {}


async def test_an_activation_that_nobody_claimed_is_refused(journal: Journal) -> None:
    assert await commit(journal, 1, Write(CP, 0, [row(b"1")])) == Committed(0, frozenset({CP}), 0)
    assert await journal.heads() == {0: 0, 1: 0, 2: 0, 3: 0}


async def test_a_commit_without_rows_makes_no_entry_but_keeps_the_snapshot(journal: Journal) -> None:
    epoch = await claimed(journal)
    assert await commit(journal, 1, Write(CP, epoch, parts={"a": b"1", "b": b"2"})) == Committed(0, frozenset(), 0)
    assert await commit(journal, 2, Write(CP, epoch, parts={"a": None, "c": b"3"})) == Committed(0, frozenset(), 0)
    assert await journal.snapshots([CP, "nobody"]) == {CP: {"b": b"2", "c": b"3"}}
    assert await journal.snapshots([]) == {}


async def test_a_checked_row_is_kept_once(journal: Journal) -> None:
    epoch = await claimed(journal)
    first = await commit(journal, 1, Write(CP, epoch, [checked(b"1", D1), checked(b"2", D2), checked(b"1", D1)]))
    again = await commit(journal, 2, Write(CP, epoch, [checked(b"2", D2), checked(b"3", D3)]))
    assert (first.dropped, again.dropped) == (1, 1)
    assert await rows(journal) == [b"[1,2]", b"[3]"]


async def test_a_commit_of_nothing_but_repeats_makes_no_entry(journal: Journal) -> None:
    epoch = await claimed(journal)
    await commit(journal, 1, Write(CP, epoch, [checked(b"1", D1)]))
    done = await commit(journal, 2, Write(CP, epoch, [checked(b"1", D1)], {"a": b"seen"}))
    assert done == Committed(0, frozenset(), 1)
    assert (await journal.snapshots([CP]))[CP] == {"a": b"seen"}


async def test_ordered_rows_are_written_unchecked_but_known_afterwards(journal: Journal) -> None:
    epoch = await claimed(journal)
    ordered = Record("m", b"1", "s", D1 + D2)
    await commit(journal, 1, Write(CP, epoch, [checked(b"0", D3), ordered, checked(b"9", D2)]))
    await commit(journal, 2, Write(CP, epoch, [checked(b"2", D1), checked(b"3", D2), checked(b"4", D3)]))
    assert await rows(journal) == [b"[0,1]"]


async def test_digests_are_compared_whole_not_across_their_borders(journal: Journal) -> None:
    epoch = await claimed(journal)
    await commit(journal, 1, Write(CP, epoch, [Record("m", b"1", "s", b"aaaabbbbccccdddd")]))
    done = await commit(journal, 2, Write(CP, epoch, [checked(b"2", b"bbbbcccc"), checked(b"3", b"ccccdddd")]))
    assert done.dropped == 1
    assert await rows(journal) == [b"[1]", b"[2]"]


async def test_streams_have_digests_of_their_own(journal: Journal) -> None:
    epoch = await claimed(journal)
    await commit(journal, 1, Write(CP, epoch, [checked(b"1", D1, "a"), checked(b"2", D1, "b")], forget=["a"]))
    done = await commit(journal, 2, Write(CP, epoch, [checked(b"1", D1, "a")]))
    assert done.dropped == 1, "a forgotten stream is still known for seven days"
    assert await rows(journal) == [b"[1,2]"]


async def test_a_commit_of_thousands_of_writes_fits_into_one_entry(journal: Journal) -> None:
    names = [n for n in (f"CP-{i}" for i in range(40_000)) if partition_of(n, 4) == P][:9000]
    done = await commit(journal, 1, *(Write(n, 1, [row(b"1")]) for n in names))
    assert done.refused == frozenset(names)
    epoch = await claimed(journal)
    await commit(journal, 2, *(Write(CP, epoch, [row(b"%d" % i)]) for i in range(9000)))
    assert await rows(journal) == [b"[" + b",".join(b"%d" % i for i in range(9000)) + b"]"]


async def test_a_claim_raises_the_epoch_and_brings_the_snapshot(journal: Journal) -> None:
    first = await journal.claim(CP, "host-1", "inc-1")
    assert (first.epoch, first.previous, first.won, dict(first.parts)) == (1, "", True, {})
    await commit(journal, 1, Write(CP, 1, parts={"state": b"S"}))
    second = await journal.claim(CP, "host-2", "inc-2")
    assert (second.epoch, second.previous, second.host, dict(second.parts)) == (2, "host-1", "host-2", {"state": b"S"})
    assert await journal.locate(CP) == Located(CP, "host-2", 2)


async def test_a_conditional_claim_wins_only_over_the_epoch_that_it_names(journal: Journal) -> None:
    assert (await journal.claim(CP, "host-1", "inc-1", over=0)).won
    lost = await journal.claim(CP, "host-2", "inc-2", over=0)
    assert (lost.won, lost.host, lost.incarnation, lost.epoch) == (False, "host-1", "inc-1", 1)
    assert (await journal.locate(CP)) == Located(CP, "host-1", 1)
    won = await journal.claim(CP, "host-2", "inc-2", over=1)
    assert (won.won, won.epoch, won.previous) == (True, 2, "host-1")


async def test_of_many_conditional_claims_exactly_one_wins(journal: Journal) -> None:
    claims = await asyncio.gather(*(journal.claim(CP, f"host-{i}", "inc", over=0) for i in range(20)))
    (winner,) = [claim for claim in claims if claim.won]
    assert {claim.host for claim in claims} == {winner.host}


async def test_the_directory_lists_what_a_host_holds(journal: Journal) -> None:
    names = [f"CP-{i}" for i in range(20)]
    for name in names:
        await journal.claim(name, "host-1" if name < "CP-15" else "host-10", "inc")
    held = await journal.held_by("host-1")
    assert {located.charge_point for located in held} == {name for name in names if name < "CP-15"}
    assert all(located.epoch == 1 and located.host == "host-1" for located in held)
    assert await journal.held_by("nobody") == []
    assert await journal.locate("nobody") is None


async def test_transaction_numbers_are_never_handed_out_twice(journal: Journal) -> None:
    ranges = await asyncio.gather(*(journal.reserve_numbers(100) for _ in range(10)))
    numbers = [n for some in ranges for n in some]
    assert len(set(numbers)) == 1000
    assert min(numbers) > 0


async def test_used_up_transaction_numbers_are_told(journal: Journal) -> None:
    assert (await journal.reserve_numbers(2**31 - 1))[-1] == 2**31 - 1
    with pytest.raises(ConfigurationError):
        await journal.reserve_numbers(1)


async def test_a_lease_that_is_not_renewed_runs_out(journal: Journal) -> None:
    await journal.renew_lease("host-1", "inc-1", 60)
    await journal.renew_lease("host-2", "inc-2", 60)
    await journal.renew_lease("host-2", "inc-3", 60)
    assert await journal.leases() == {"host-1": "inc-1", "host-2": "inc-3"}


async def test_entries_are_read_in_order_after_a_position(journal: Journal) -> None:
    epoch = await claimed(journal)
    for n in range(1, 8):
        await commit(journal, n, Write(CP, epoch, [row(b"%d" % n)]))
    assert [e.number for e in await journal.read(P, 2, count=3)] == [3, 4, 5]
    assert [e.number for e in await journal.read(P, 5, count=100)] == [6, 7]
    assert await journal.read(P, 7, count=100) == []
    assert (await journal.heads())[P] == 7


async def test_trimmed_entries_are_told_with_the_first_that_is_left(journal: Journal) -> None:
    epoch = await claimed(journal)
    for n in range(1, 8):
        await commit(journal, n, Write(CP, epoch, [row(b"%d" % n)]))
    await journal.trim(P, 4)
    with pytest.raises(Trimmed) as trimmed:
        await journal.read(P, 2, count=3)
    assert trimmed.value.first == 5
    assert [e.number for e in await journal.read(P, 4, count=3)] == [5, 6, 7]
    await journal.trim(P, 7)
    with pytest.raises(Trimmed) as trimmed:
        await journal.read(P, 6, count=3)
    assert trimmed.value.first == 8
    assert await journal.read(P, 7, count=3) == []
    await commit(journal, 8, Write(CP, epoch, [row(b"8")]))
    assert [e.number for e in await journal.read(P, 7, count=3)] == [8]


async def test_waiting_ends_within_milliseconds_of_a_new_entry(journal: Journal) -> None:
    epoch = await claimed(journal)
    waiting = asyncio.ensure_future(journal.wait({0: 0, 1: 0, 2: 0, 3: 0}, 30))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await commit(journal, 1, Write(CP, epoch, [row(b"1")]))
    started = time.perf_counter()
    await waiting
    assert time.perf_counter() - started < 1
    assert [e.number for e in await journal.read(P, 0, count=5)] == [1]


async def test_waiting_returns_at_once_when_there_is_news_and_after_the_timeout_when_there_is_none(
    journal: Journal,
) -> None:
    epoch = await claimed(journal)
    await commit(journal, 1, Write(CP, epoch, [row(b"1")]))
    await commit(journal, 2, Write(CP, epoch, [row(b"2")]))
    await journal.wait({P: 1}, 30)
    started = time.perf_counter()
    await journal.wait({P: 2}, 0.05)
    assert 0.04 < time.perf_counter() - started < 5
    assert [e.number for e in await journal.read(P, 0, count=5)] == [1, 2], "what waiting brought along hides nothing"


async def test_the_memory_journal_can_be_away() -> None:
    journal = MemoryJournal(1)
    journal.away = "for a test"
    with pytest.raises(Exception, match="for a test"):
        await journal.heads()
