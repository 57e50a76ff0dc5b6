"""What only the real journal has: a server that restarts, forgets its scripts, fills up or is set up wrongly."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from pathlib import Path

import pytest

from engine.errors import ConfigurationError, JournalUnavailable
from engine.ids import partition_of
from engine.journal.port import Committed, Record, Write
from engine.journal.records import CHANNELS
from engine.journal.redis_info import check_durability
from engine.journal.redis_streams import RedisJournal
from tests.engine.journal.valkey import Valkey, until

CP = "STATION-1"
P = partition_of(CP, 4)


async def _no_leases(journal: RedisJournal) -> bool:
    return not await journal.leases()


def test_channels_are_single_letters_that_the_script_does_not_use_itself() -> None:
    assert all(len(channel) == 1 and channel not in "v+?-~=" for channel in CHANNELS)


async def test_the_partition_count_of_the_first_start_holds_for_ever(valkey: Valkey) -> None:
    first = await RedisJournal.open(valkey.url, partitions=3)
    again = await RedisJournal.open(valkey.url, partitions=8)
    assert (first.partitions, again.partitions) == (3, 3)
    await first.aclose()
    await again.aclose()


async def test_a_newer_releases_journal_is_refused(valkey: Valkey) -> None:
    await valkey.call(("HSET", "rc:meta", "format", 99, "partitions", 4))
    with pytest.raises(ConfigurationError, match="newer release"):
        await RedisJournal.open(valkey.url, partitions=4)


async def test_a_forgotten_script_is_loaded_again(redis_journal: RedisJournal, valkey: Valkey) -> None:
    epoch = (await redis_journal.claim(CP, "host-1", "inc-1")).epoch
    await valkey.call(("SCRIPT", "FLUSH"))
    one = {P: (1, [Write(CP, epoch, [Record("m", b"1")])])}
    assert (await redis_journal.commit("inc-1", one))[P].entry == 1
    await valkey.call(("SCRIPT", "FLUSH"))
    both = {P: (2, [Write(CP, epoch, [Record("m", b"2")])]), (P + 1) % 4: (1, [Write(CP, epoch)])}
    assert (await redis_journal.commit("inc-1", both))[P].entry == 2


async def test_forgotten_digests_and_incarnations_expire_in_seven_days(
    redis_journal: RedisJournal, valkey: Valkey
) -> None:
    epoch = (await redis_journal.claim(CP, "host-1", "inc-1")).epoch
    rows = [Record("m", b"1", "kept", b"8 bytes."), Record("m", b"1", "gone", b"8 bytes.")]
    await redis_journal.commit("inc-1", {P: (1, [Write(CP, epoch, rows, forget=["gone"])])})
    kept, gone, incarnation = await valkey.call(
        ("TTL", f"{{rc:{P}}}:d:kept"), ("TTL", f"{{rc:{P}}}:d:gone"), ("TTL", f"{{rc:{P}}}:i:inc-1")
    )
    week = range(7 * 86_400 - 100, 7 * 86_400 + 1)
    assert kept == -1
    assert gone in week
    assert incarnation in week


async def test_a_renewed_lease_keeps_an_idle_incarnation_from_expiring(
    redis_journal: RedisJournal, valkey: Valkey
) -> None:
    await redis_journal.commit("inc-1", {P: (1, [])})
    await valkey.call(("EXPIRE", f"{{rc:{P}}}:i:inc-1", 100))
    await redis_journal.renew_lease("host-1", "inc-1", 5)
    (left,) = await valkey.call(("TTL", f"{{rc:{P}}}:i:inc-1"))
    assert isinstance(left, int)
    assert left > 1000


async def test_a_short_lease_ends(redis_journal: RedisJournal) -> None:
    await redis_journal.renew_lease("host-1", "inc-1", 0.05)
    await until(lambda: _no_leases(redis_journal))


@pytest.mark.parametrize(
    ("silent_s", "alive"), [(60, {"host-1": "inc-1", "host-2": "inc-2"}), (1, {"host-1": "inc-1"})]
)
async def test_a_host_is_not_taken_for_dead_because_the_server_hung(
    valkey: Valkey, redis_journal: RedisJournal, silent_s: int, alive: dict[str, str]
) -> None:
    """Both were silent for a minute: if everybody was, the server was away, and the second will renew in a moment."""
    ((seconds, _),) = await valkey.call(("TIME",))
    for number in (1, 2):
        lease = f"inc-{number}\n{(int(seconds) - 60) * 10**6}\n{2 * 10**6}"
        await valkey.call(("HSET", "rc:hosts", f"host-{number}", lease))
    await until(lambda: _no_leases(redis_journal))
    ((seconds, _),) = await valkey.call(("TIME",))
    await valkey.call(("SET", "rc:lease-clock", f"{(int(seconds) - silent_s) * 10**6}\n0"))
    await redis_journal.renew_lease("host-1", "inc-1", 4)
    assert await redis_journal.leases() == alive


async def test_leases_do_not_run_out_while_the_server_is_down(own_valkey: Valkey) -> None:
    journal = await RedisJournal.open(own_valkey.url, partitions=1)
    await journal.renew_lease("host-1", "inc-1", 30)
    # As if the server had been away for years.
    await own_valkey.call(("HSET", "rc:hosts", "host-1", f"inc-1\n0\n{30 * 10**6}"))
    own_valkey.kill()
    await own_valkey.start()
    assert await journal.leases() == {"host-1": "inc-1"}
    await own_valkey.call(("HSET", "rc:hosts", "host-1", f"inc-1\n0\n{10**5}"))
    await until(lambda: _no_leases(journal))
    await journal.aclose()


async def test_an_unreachable_server_is_unavailable(own_valkey: Valkey) -> None:
    journal = await RedisJournal.open(own_valkey.url, partitions=4, timeout_s=1)
    own_valkey.kill()
    for call in (journal.heads(), journal.claim(CP, "h", "i"), journal.wait({0: 0}, 5), journal.leases()):
        with pytest.raises(JournalUnavailable):
            await call
    await own_valkey.start()
    assert await journal.heads() == {0: 0, 1: 0, 2: 0, 3: 0}
    await journal.aclose()


async def test_a_full_journal_declines_is_announced_and_can_be_trimmed(own_valkey: Valkey) -> None:
    journal = await RedisJournal.open(own_valkey.url, partitions=4)
    epoch = (await journal.claim(CP, "host-1", "inc-1")).epoch
    await journal.commit("inc-1", {P: (1, [Write(CP, epoch, [Record("m", b"x" * 500_000)])])})
    assert 0 < await journal.fill() < 1
    await own_valkey.call(("CONFIG", "SET", "maxmemory", 1_000_000))
    assert await journal.fill() > 1
    again = {P: (2, [Write(CP, epoch, [Record("m", b"y")])])}
    with pytest.raises(JournalUnavailable, match="OOM"):
        await journal.commit("inc-1", again)
    await journal.trim(P, 1)
    await own_valkey.call(("CONFIG", "SET", "maxmemory", 512_000_000))
    assert (await journal.commit("inc-1", again))[P] == Committed(2, frozenset(), 0)
    info = await journal.info()
    assert (info.partitions[P].length, info.partitions[P].first, info.partitions[P].head) == (1, 2, 2)
    assert (info.aof_enabled, info.fsync, info.replicas) == (True, "always", 0)
    await journal.aclose()


async def test_somebody_elses_keys_are_a_configuration_error(redis_journal: RedisJournal, valkey: Valkey) -> None:
    await valkey.call(("SET", f"{{rc:{P}}}:e", "not ours"))
    with pytest.raises(ConfigurationError, match="for Raycharge alone"):
        await redis_journal.claim(CP, "host-1", "inc-1")


async def test_a_missing_replica_holds_the_answer_back(valkey: Valkey) -> None:
    journal = await RedisJournal.open(valkey.url, partitions=4, replicas=1)
    journal._replica_timeout_s = 0.05
    with pytest.raises(JournalUnavailable, match="0 of 1 replicas"):
        await journal.claim(CP, "host-1", "inc-1")
    await journal.aclose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_commit_and_its_repeat_wait_for_the_replicas_disk() -> None:
    port = str(_free_port())
    with tempfile.TemporaryDirectory(prefix="rcj") as one, tempfile.TemporaryDirectory(prefix="rcj") as two:
        primary = Valkey(Path(one), "--port", port, "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0")
        replica = Valkey(Path(two), "--replicaof", "127.0.0.1", port)
        await primary.start()
        await replica.start()
        try:
            await _commit_with_a_stopped_replica(primary, replica)
        finally:
            replica.kill()
            primary.kill()


async def _commit_with_a_stopped_replica(primary: Valkey, replica: Valkey) -> None:
    journal = await RedisJournal.open(primary.url, partitions=4, replicas=1)

    async def claimed() -> bool:
        try:
            return (await journal.claim(CP, "host-1", "inc-1")).won
        except JournalUnavailable:
            return False

    await until(claimed)
    located = await journal.locate(CP)
    assert located is not None
    assert [finding.name for finding in await check_durability(primary.url)] == ["replicas"]
    assert await check_durability(primary.url, replicas=1) == []
    assert [finding.name for finding in await check_durability(replica.url)] == ["role"]
    await primary.call(("SCRIPT", "FLUSH"))
    both = {P: (1, [Write(CP, located.epoch, [Record("m", b"1")])]), (P + 1) % 4: (1, [])}
    journal._replica_timeout_s = 0.2
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            with pytest.raises(JournalUnavailable, match="0 of 1 replicas"):
                await journal.commit("inc-1", both)
            await journal._link._forget_idle()
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    journal._replica_timeout_s = 10
    assert (await journal.commit("inc-1", both))[P] == Committed(1, frozenset(), 0)
    replica.kill()
    await journal.aclose()


async def test_a_cancelled_wait_leaves_no_answer_for_the_next_command(redis_journal: RedisJournal) -> None:
    waiting = asyncio.ensure_future(redis_journal.wait({0: 0}, 30))
    await asyncio.sleep(0.02)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await redis_journal.heads() == {0: 0, 1: 0, 2: 0, 3: 0}


async def test_a_silent_server_times_out(own_valkey: Valkey) -> None:
    journal = await RedisJournal.open(own_valkey.url, partitions=1, timeout_s=0.1)
    os.kill(own_valkey.pid, signal.SIGSTOP)
    try:
        with pytest.raises(JournalUnavailable, match=r"within 0\.1 s"):
            await journal.heads()
    finally:
        os.kill(own_valkey.pid, signal.SIGCONT)
    patient = await RedisJournal.open(own_valkey.url, partitions=1)
    assert await patient.heads() == {0: 0}
    await journal.aclose()
    await patient.aclose()


async def test_a_durable_server_has_no_findings(valkey: Valkey) -> None:
    assert await check_durability(valkey.url) == []


@pytest.mark.parametrize(
    ("setting", "value", "good"),
    [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ("maxmemory", "0", "512mb"),
    ],
)
async def test_what_is_not_durable_is_found(valkey: Valkey, setting: str, value: str, good: str) -> None:
    await valkey.call(("CONFIG", "SET", setting, value))
    try:
        (finding,) = await check_durability(valkey.url)
        assert (finding.name, finding.level) == (setting, "warning" if setting == "maxmemory" else "error")
        assert finding.remedy
    finally:
        await valkey.call(("CONFIG", "SET", setting, good))


async def test_too_few_replicas_are_found(valkey: Valkey) -> None:
    (finding,) = await check_durability(valkey.url, replicas=2)
    assert (finding.name, finding.level) == ("replicas", "error")
