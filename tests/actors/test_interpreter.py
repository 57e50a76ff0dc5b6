"""Effects become what they say, in order, and what is durable only after the commit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

from actors.interpreter import _PERFORM, Batch, perform
from engine.charging.effects import (
    AppendMeters,
    CancelTimer,
    CloseConnection,
    CommandEnded,
    Effect,
    ForgetSession,
    OpenSession,
    RefuseCall,
    Reply,
    SendCall,
    SetTimer,
    TellSession,
)
from engine.charging.messages import Instant, MeterReading, Sample
from tests.actors.world import BOOT, Place, StationIn, turns, until

SAMPLE = Sample("Energy.Active.Import.Register", "", "", "", "", "Wh", "5", Decimal(5), "Wh")


def test_every_effect_has_a_performer() -> None:
    in_line = {AppendMeters, TellSession, Reply}
    assert set(_PERFORM) | in_line == set(get_args(Effect))
    assert not set(_PERFORM) & in_line


async def test_calls_closes_and_outcomes_wait_for_the_commit(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    told: list[Any] = []
    runtime.commands.ended = told.append  # type: ignore[method-assign]
    place.journal.gate.clear()
    batch = Batch(runtime.clock.now())
    deadline = batch.now + 10_000_000
    effects = [
        SendCall("c1", "ClearCache", {}, deadline),
        CommandEnded("c0", "Accepted"),
        CloseConnection(1000, "enough"),
    ]
    perform(station.actor, effects, batch)
    station.actor.commit(batch)
    await turns()
    assert not any(frame[0] == 2 for frame in station.link.sent)
    assert told == []
    assert station.link.closed is None
    place.journal.gate.set()
    await until(lambda: station.link.closed, "closed")
    assert [frame[2] for frame in station.link.sent if frame[0] == 2] == ["ClearCache"]
    assert told == [effects[1]]
    assert station.link.closed == (1000, "enough")


async def test_timers_and_sessions_live_in_the_actor(place: Place) -> None:
    runtime = await place.runtime()
    actor = StationIn(runtime).actor
    await until(lambda: actor.phase == "live", "live")
    batch = Batch(runtime.clock.now())
    later = batch.now + 60_000_000
    perform(actor, [SetTimer("a", later), SetTimer("b", later), CancelTimer("a"), OpenSession("s1")], batch)
    assert "b" in (actor.deadlines or {})
    assert "a" not in (actor.deadlines or {})
    assert list(actor.sessions) == ["s1"]
    perform(actor, [ForgetSession("s1")], batch)
    assert actor.sessions == {}
    actor.commit(batch)
    await runtime.committer.flush()
    assert "s:s1" not in (await place.journal.snapshots(["CP-1"]))["CP-1"]


async def test_meter_values_that_may_be_repeats_are_stored_once(place: Place) -> None:
    runtime = await place.runtime()
    actor = StationIn(runtime).actor
    await until(lambda: actor.phase == "live", "live")
    now = runtime.clock.now()
    reading = MeterReading(Instant("2026-01-01T00:00:00Z", now, now), (SAMPLE,))
    for _ in range(3):
        batch = Batch(now)
        perform(actor, [AppendMeters("s1", "s1", 1, 1, "7", (reading,), ordered=False)], batch)
        actor.commit(batch)
        await runtime.committer.flush()
    stored = b"".join(
        [
            entry.channels.get("m", b"")
            for partition, head in (await place.journal.heads()).items()
            for entry in await place.journal.read(partition, 0, count=head)
        ]
    )
    assert stored.count(b"Energy.Active.Import.Register") == 1
    assert runtime.committer.metrics.repeats_dropped == 2


async def test_a_refusal_is_spelt_for_the_version_and_does_not_wait(place: Place) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    batch = Batch(1)
    perform(station.actor, [RefuseCall("OccurrenceConstraintViolation", "a member is missing")], batch)
    assert batch.refusal == ("OccurrenceConstraintViolation", "a member is missing")
    place.journal.gate.clear()
    answer = await station.call("StatusNotification", {})
    assert (answer[0], answer[2]) == (4, "OccurenceConstraintViolation")
