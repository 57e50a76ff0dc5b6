"""Charge points in a host without Ray: answers after the commit, claims, fencing, supervision, an absent journal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import charge_point as actor_module
from actors.charge_point import CLAIMING, ENDED, LIVE, QUARANTINED
from actors.restarts import MAX_FAILURES, QUARANTINE
from engine.charging.messages import DataTransferred
from engine.charging.operations import Reset
from engine.clock import SECOND, ManualClock
from engine.errors import InvalidInput, NotFound
from tests.actors.world import BOOT, STATUS, Place, StationIn, turns, until

START = {"connectorId": 1, "idTag": "TAG", "meterStart": 100, "timestamp": "2026-01-01T00:00:00Z"}


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine breaks on a DataTransfer of the vendor Poison, after having changed its state."""
    sound = actor_module.machine.HANDLERS[DataTransferred]

    def handle(state: Any, message: Any, now: int, config: Any, effects: Any) -> None:
        if message.vendor == "Poison":
            state.connection += 1000
            raise ZeroDivisionError("poisoned")
        sound(state, message, now, config, effects)

    monkeypatch.setitem(actor_module.machine.HANDLERS, DataTransferred, handle)


POISON = {"vendorId": "Poison"}


async def test_nothing_is_acknowledged_before_its_commit(place: Place) -> None:
    station = StationIn(await place.runtime())
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    place.journal.gate.clear()
    said = station.say("StatusNotification", STATUS)
    beat = station.say("Heartbeat", {})
    await turns()
    assert station.answer_to(said) is None
    assert station.answer_to(beat), "a Heartbeat has nothing to wait for"
    assert await place.events("status") == []
    place.journal.gate.set()
    await until(lambda: station.answer_to(said), "acknowledged")
    assert [event["status"] for event in await place.events("status")] == ["Available"]


async def test_a_repeated_start_gets_the_original_answer_after_a_restart_of_the_host(place: Place) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    first = await station.call("StartTransaction", START)
    again = StationIn(await place.runtime("host-1"))
    repeat = await again.call("StartTransaction", START)
    assert repeat[2] == first[2]
    assert len(await place.events("session.started")) == 1


async def test_a_claim_by_another_host_ends_the_former_activation(place: Place) -> None:
    former = await place.runtime()
    station = StationIn(former)
    await station.call("BootNotification", BOOT)
    newer = StationIn(await place.runtime("host-1"))
    await newer.call("Heartbeat", {})
    assert place.told == [("host-0", "CP-1", 2)]
    former.release("CP-1", 1)
    assert station.actor.phase == LIVE, "an older epoch releases nothing"
    former.release("CP-1", 2)
    assert station.actor.phase == ENDED
    assert station.link.closed is not None
    assert station.link.closed[0] == 1012
    assert "CP-1" not in former.actors


async def test_a_stale_activation_acknowledges_nothing_and_ends(place: Place) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    newer = StationIn(await place.runtime("host-1"))
    await newer.call("BootNotification", BOOT)
    said = station.say("StatusNotification", STATUS)
    await until(lambda: station.actor.phase == ENDED, "ended")
    assert station.answer_to(said) is None
    assert station.link.closed is not None
    assert await place.events("status") == []
    assert (await newer.call("StatusNotification", STATUS))[0] == 3


async def test_a_reconnect_finds_out_that_another_host_has_claimed(place: Place) -> None:
    former = await place.runtime()
    station = StationIn(former)
    await station.call("Heartbeat", {})
    newer = StationIn(await place.runtime("host-1"))
    await newer.call("Heartbeat", {})
    await former.still_ours("CP-1")
    assert station.actor.phase == ENDED


async def test_the_newer_connection_counts_and_the_older_ones_frames_and_close_do_not(place: Place) -> None:
    runtime = await place.runtime()
    old = StationIn(runtime)
    await old.call("BootNotification", BOOT)
    new = StationIn(runtime)
    assert old.actor is new.actor
    assert old.link.closed is not None
    assert old.link.closed[0] == 1000
    assert (await new.call("Heartbeat", {}))[0] == 3
    handled = new.actor.handled
    old.say("StatusNotification", STATUS)
    new.actor.socket_closed(old.link, 1006, "late")
    await turns()
    assert new.actor.handled == handled
    assert (new.actor.state.link, new.actor.state.connection) == ("connected", 2)
    assert (await new.call("StatusNotification", STATUS))[0] == 3, "the late close took the newer socket away"
    assert [event["connection"] for event in await place.events("link")] == [1, 2]
    new.actor.socket_closed(new.link, 1006, "")
    assert new.actor.state.link == "reconnecting"


async def test_a_failing_step_restarts_one_actor_from_its_snapshot(place: Place, poison: None) -> None:
    runtime = await place.runtime()
    station, other = StationIn(runtime), StationIn(runtime, "CP-2")
    for each in (station, other):
        await each.call("BootNotification", BOOT)
    number = (await station.call("StartTransaction", START))[2]["transactionId"]
    poisoned = station.say("DataTransfer", POISON)
    meters = {"connectorId": 1, "transactionId": number, "meterValue": []}
    assert (await station.call("MeterValues", meters))[0] in (3, 4), "the connection is stuck"
    assert station.answer_to(poisoned) is None, "our trouble became an answer"
    assert station.link.closed is None
    assert station.actor.phase == LIVE
    assert station.actor.state.connection == 2, "the state is not the snapshot's"
    assert (await station.call("StartTransaction", START))[2]["transactionId"] == number
    assert (other.actor.activation.epoch, other.actor.state.connection) == (1, 1)
    await runtime.committer.flush()
    ((failed),) = await place.events("actor")
    assert (failed["charge_point"], failed["state"]) == ("CP-1", "restarted")
    assert "poisoned" in failed["error"]


async def test_a_failure_does_not_leave_answers_waiting_behind_what_was_dropped(place: Place, poison: None) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    place.journal.gate.clear()
    station.say("StatusNotification", STATUS, "flying")
    await turns()
    station.say("StatusNotification", STATUS, "dropped")
    station.say("DataTransfer", POISON)
    place.journal.gate.set()
    await until(lambda: station.actor.phase == LIVE and station.actor.activation.epoch == 2, "restarted")
    assert (await station.call("StatusNotification", STATUS))[0] == 3, "answers wait behind one that never comes"
    assert station.answer_to("dropped") is None
    assert station.actor.conversation is not None
    assert station.actor.conversation.waiting == 0


async def test_a_command_under_way_does_not_keep_a_restarted_actor_from_commanding(place: Place, poison: None) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    first = asyncio.create_task(runtime.command("CP-1", "c1", "ClearCache", {}, 5.0, False, "me"))
    await station.next_call()
    station.say("DataTransfer", POISON)
    assert (await first).outcome == "TimedOut"
    second = asyncio.create_task(runtime.command("CP-1", "c2", "ClearCache", {}, 5.0, False, "me"))
    station.reply((await station.next_call())[1], {"status": "Accepted"})
    assert (await second).outcome == "Accepted"
    assert runtime.actor_failures == 1


async def test_too_many_failures_put_an_actor_into_quarantine_and_out_again(place: Place, poison: None) -> None:
    clock = ManualClock()
    runtime = await place.runtime(clock=clock)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    for failure in range(MAX_FAILURES + 1):
        await until(lambda: station.actor.phase == LIVE, "live again")
        assert station.link.closed is None, failure
        station.say("DataTransfer", POISON)
    assert station.actor.phase == QUARANTINED
    assert station.link.closed == (1013, "try again later")
    assert runtime.quarantines == 1
    later = StationIn(runtime)
    assert later.link.closed == (1013, "try again later")
    await runtime.committer.flush()
    assert (await place.events("actor"))[-1]["state"] == "quarantined"
    clock.advance(QUARANTINE / SECOND + 1)
    station.actor.timer_fired("quarantine")
    await until(lambda: station.actor.phase == LIVE, "released")
    assert (await StationIn(runtime).call("Heartbeat", {}))[0] == 3


async def test_while_the_journal_is_away_memory_answers_and_the_rest_waits(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    place.journal.away = "no power"
    said = station.say("StatusNotification", STATUS)
    await until(lambda: not runtime.committer.available, "noticed")
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert (await station.call("Authorize", {"idTag": "TAG"}))[2]["idTagInfo"]["status"] == "Accepted"
    assert (await station.call("Authorize", {"idTag": "OTHER"}))[2]["idTagInfo"]["status"] == "Invalid"
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Pending"
    begun = station.say("StartTransaction", START)

    newcomer = StationIn(runtime, "CP-9")
    assert newcomer.actor.phase == CLAIMING
    assert (await newcomer.call("Heartbeat", {}))[0] == 3
    assert (await newcomer.call("Authorize", {"idTag": "TAG"}))[2]["idTagInfo"]["status"] == "Accepted"
    assert (await newcomer.call("BootNotification", BOOT))[2]["status"] == "Pending"
    told = newcomer.say("StatusNotification", STATUS)
    await turns()
    assert station.answer_to(said) is station.answer_to(begun) is newcomer.answer_to(told) is None
    assert station.link.closed is newcomer.link.closed is None

    place.journal.away = ""
    await until(lambda: station.answer_to(begun) and newcomer.answer_to(told), "answered after all")
    assert (station.answer_to(said) or [])[:2] == [3, said]
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    assert sorted(event["charge_point"] for event in await place.events("status")) == ["CP-1", "CP-9"]
    assert len(await place.events("session.started")) == 1


async def test_a_station_that_says_too_much_while_there_is_no_state_is_asked_to_come_later(place: Place) -> None:
    runtime = await place.runtime()
    place.journal.away = "no power"
    station = StationIn(runtime)
    for _ in range(actor_module.MAX_MAILBOX + 1):
        station.say("StatusNotification", STATUS)
    assert station.link.closed == (1013, "try again later")


async def test_a_backlog_slows_reading_down_and_its_end_lets_it_go_on(place: Place) -> None:
    station = StationIn(await place.runtime())
    await station.call("BootNotification", BOOT)
    place.journal.gate.clear()
    said = [station.say("StatusNotification", STATUS) for _ in range(100)]
    assert station.link.waited == 100
    place.journal.gate.set()
    await until(lambda: all(station.answer_to(each) for each in said), "answered")
    assert station.link.waited <= 32, "the socket is never read again"


async def test_adoption_wakes_what_a_former_host_held_and_leaves_what_was_claimed_since(place: Place) -> None:
    former = await place.runtime()
    for name in ("CP-1", "CP-2", "CP-3"):
        await StationIn(former, name).call("BootNotification", BOOT)
    held = await place.journal.held_by("host-0")
    await StationIn(await place.runtime("host-2"), "CP-2").call("Heartbeat", {})
    heir = await place.runtime("host-1")
    assert await heir.adopt(held) == 2
    assert {name for name, actor in heir.actors.items() if actor.phase == LIVE} == {"CP-1", "CP-3"}
    assert heir.actors["CP-1"].state.link == "reconnecting"


async def test_a_command_is_refused_where_the_activation_is_not(place: Place) -> None:
    await StationIn(await place.runtime("host-0")).call("Heartbeat", {})
    elsewhere = await place.runtime("host-1")

    async def claimed_meanwhile(charge_point: str) -> None:
        return None

    elsewhere.journal.locate = claimed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        await elsewhere.command("CP-1", "c1", "ClearCache", {}, 5.0, False, "me")


async def test_a_waiting_command_goes_on_in_the_host_that_takes_over(place: Place) -> None:
    first, second = await place.runtime("host-0"), await place.runtime("host-1")
    waiting = asyncio.create_task(first.command("CP-1", "c1", "ClearCache", {}, 30.0, True, "me"))
    await until(lambda: "CP-1" in first.actors and first.actors["CP-1"].state.commands, "waiting")
    await first.committer.flush()
    station = StationIn(second)
    call = await station.next_call()
    first.release("CP-1", 2)
    with pytest.raises(NotFound):
        await waiting
    again = asyncio.create_task(second.command("CP-1", "c1", "ClearCache", {}, 30.0, True, "me"))
    await turns()
    station.reply(call[1], {"status": "Accepted"})
    assert (await again).outcome == "Accepted"
    assert not any(frame[0] == 2 for frame in station.link.sent), "it was sent twice"


async def test_a_silent_command_times_out_by_the_hosts_own_clock(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    ended = await runtime.command("CP-1", "c1", "ClearCache", {}, 0.05, False, "me")
    assert ended.outcome == "TimedOut"
    assert [event["state"] for event in await place.events("command")] == ["requested", "sent", "ended"]


async def test_who_asked_for_a_command_or_an_operation_is_journalled_with_it(place: Place) -> None:
    runtime = await place.runtime()
    lines = {"id": "line-1", "actor": "u-1"}, {"id": "line-2", "actor": "u-2"}
    await runtime.command("CP-1", "c1", "ClearCache", {}, 0.05, False, "me", lines[0])
    await runtime.operate("CP-1", "c2", Reset(), 0.05, False, "me", lines[1])
    told = await place.events("command_asked")
    assert [(event["command"], event["line"]) for event in told] == [("c1", lines[0]), ("c2", lines[1])]


async def test_a_station_that_does_not_come_back_is_offline_after_the_grace_period(place: Place) -> None:
    runtime = await place.runtime(offline_grace_s=0.05)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    station.actor.socket_closed(station.link, 1006, "")
    await until(lambda: station.actor.state.link == "offline", "offline")


async def test_actors_are_described_in_pages(place: Place) -> None:
    runtime = await place.runtime()
    for name in ("B", "A", "C"):
        await StationIn(runtime, name).call("StartTransaction", START)
    page = runtime.describe(2, "")
    assert [(actor["id"], actor["phase"], actor["link"]) for actor in page] == [
        ("A", "live", "connected"),
        ("B", "live", "connected"),
    ]
    assert [session["kind"] for session in page[0]["sessions"]] == ["Session"]
    assert [actor["id"] for actor in runtime.describe(2, "B")] == ["C"]


async def test_an_operation_is_said_in_the_words_of_the_stations_version(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    asked = asyncio.create_task(runtime.operate("CP-1", "c1", Reset(immediate=True), 5.0, False, "me"))
    _, message_id, action, payload = await station.next_call()
    assert (action, payload) == ("Reset", {"type": "Hard"})
    station.reply(message_id, {"status": "Accepted"})
    ended = await asked
    assert (ended.action, ended.outcome) == ("Reset", "Accepted")


async def test_an_operation_that_the_version_cannot_do_is_refused_and_leaves_nothing(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    with pytest.raises(InvalidInput, match=r"1\.6") as refused:
        await runtime.operate("CP-1", "c1", Reset(evse=1), 5.0, False, "me")
    assert refused.value.field == "evse"
    assert station.actor.state.commands == []
    assert len(runtime.commands) == 0
