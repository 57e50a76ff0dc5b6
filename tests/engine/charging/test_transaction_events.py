"""2.x transactions: bit by bit, in any order, again and again, and the books come out as if all had come in order."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging.effects import AppendMeters
from engine.charging.events import SessionAmended, SessionChanged, SessionStarted, SessionStopped, StatusChanged
from engine.charging.messages import Instant, StatusReported, TokenStanding, TransactionReported
from engine.charging.transactions import memory
from engine.ocpp.version import VERSIONS
from engine.projections import ledger_rows
from tests.engine.charging.world import ACCEPTED, BEGIN, SECOND, World, energy, of, power, reading, reply

BLOCKED = TokenStanding("Blocked")


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def event(kind: str, seq: int, *, after_s: int = 0, register: int | None = None, **fields: Any) -> TransactionReported:
    """An event that happened `after_s` seconds into the transaction, received at once."""
    happened = BEGIN + after_s * SECOND
    at = Instant(f"t{happened}", happened, fields.pop("received", happened + 1))
    context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
    readings = () if register is None else (reading(at, energy(register, context=context), power(7400)),)
    given = {
        "trigger": "MeterValuePeriodic", "offline": False, "charging_state": "",
        "reason": "Local" if kind == "Ended" else "", "evse": 0, "connector": 0, "id_token": None, "standing": None,
        **fields,
    }  # fmt: skip
    return TransactionReported(kind, "tx-1", seq, at, readings=readings, **given)


def ledger_row(world: World) -> dict[str, Any]:
    """The session's row as the SQL projection folds it from the events."""
    records = [asdict(event) | {"kind": event.kind} for event in world.events]
    for record in records:
        record.update({name: list(value) for name, value in record.items() if type(value) is tuple})
    rows = ledger_rows.fold(change for record in records if (change := ledger_rows.read(record)) is not None)
    ((_, row),) = rows["sessions"].items()
    return row.first | row.running | row.columns


def whole_transaction() -> list[TransactionReported]:
    return [
        event("Started", 0, register=1000, evse=2, connector=1, charging_state="EVConnected"),
        event("Updated", 1, after_s=5, id_token="CARD", standing=ACCEPTED, trigger="Authorized"),
        event("Updated", 2, after_s=10, charging_state="Charging", trigger="ChargingStateChanged"),
        event("Updated", 3, after_s=70, register=1200),
        event("Updated", 4, after_s=130, register=1400),
        event("Updated", 5, after_s=190, charging_state="SuspendedEV", trigger="ChargingStateChanged"),
        event("Ended", 6, after_s=200, register=1450, reason="EVDisconnected", id_token="CARD", standing=ACCEPTED),
    ]


def told(world: World, events: list[TransactionReported]) -> dict[str, Any]:
    for one in events:
        world.now = max(world.now, one.at.believed + 1)
        world.do(one)
    return ledger_row(world)


EXPECTED = {
    "charge_point": "CP-1", "evse": 2, "connector": 1, "transaction_id": "tx-1", "id_token": "CARD", "command": "",
    "authorisation": "Accepted", "started": BEGIN, "stopped": BEGIN + 200 * SECOND, "state": "stopped",
    "meter_start_wh": Decimal(1000), "meter_stop_wh": Decimal(1450), "energy_wh": Decimal(450), "duration_s": 200,
    "reason": "EVDisconnected", "stop_id_token": "CARD", "doubts": [],
}  # fmt: skip


def without_receipt(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in EXPECTED}


def test_a_transaction_told_bit_by_bit_is_one_session(world: World) -> None:
    assert without_receipt(told(world, whole_transaction())) == EXPECTED
    assert len(world.told(SessionStarted)) == 1
    assert [change.state for change in world.told(SessionChanged)] == ["metered", "metered", "metered", "suspended_ev"]
    assert world.told(SessionAmended) == []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_neither_order_nor_repeats_nor_a_dying_host_change_the_books(data: st.DataObject) -> None:
    world = World()
    world.connect()
    events = whole_transaction()
    order = data.draw(st.permutations(range(len(events))))
    repeats = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=4))
    received = BEGIN + 400 * SECOND
    world.now = received
    said: set[int] = set()
    for index in (*order, *repeats):
        if data.draw(st.integers(0, 5)) == 0:
            world.host_dies()
        late = events[index]._replace(at=events[index].at._replace(received=received), offline=True)
        before = len(world.events)
        world.do(late)
        if index in said:
            assert world.events[before:] == [], "a repeat was news"
        said.add(index)
    assert without_receipt(ledger_row(world)) == EXPECTED
    ((_, rows),) = world.rows.items()
    assert sorted(row[3][0].raw for row in rows) == ["1000", "1200", "1400", "1450"]


def test_each_repeat_gets_the_original_answer(world: World) -> None:
    start = event("Started", 0, id_token="CARD", standing=BLOCKED, evse=1, connector=1)
    first = reply(world.do(start))
    assert first.standing == BLOCKED
    assert reply(world.do(start._replace(standing=ACCEPTED))) == first
    stop = event("Ended", 1, after_s=9, id_token="OTHER", standing=ACCEPTED)
    answer = reply(world.do(stop))
    assert reply(world.do(stop._replace(standing=BLOCKED))) == answer


def test_a_refused_token_still_has_its_session(world: World) -> None:
    world.do(event("Started", 0, id_token="CARD", standing=BLOCKED, evse=1, connector=1))
    (started,) = world.told(SessionStarted)
    assert (started.id_token, started.authorisation) == ("CARD", "Blocked")


def test_a_session_whose_started_is_lost_says_so_until_it_comes(world: World) -> None:
    started, *_, ended = whole_transaction()
    told(world, [whole_transaction()[1], ended])
    assert world.told(SessionStopped)[0].doubts == ("missing_start",)
    world.pass_time(3600)
    row = told(world, [started])
    assert row["doubts"] == ["missing_events"]
    assert (row["energy_wh"], row["started"]) == (Decimal(450), BEGIN)


def test_a_session_with_all_its_events_is_final_soon_one_with_a_gap_waits_for_a_day(world: World) -> None:
    told(world, whole_transaction())
    world.pass_time(61)
    assert world.sessions == {}
    gap = [one._replace(transaction="tx-2") for one in whole_transaction() if one.seq != 3]
    for one in gap:
        world.do(one._replace(at=one.at._replace(believed=one.at.believed + 500 * SECOND)))
    world.pass_time(3600)
    assert len(world.sessions) == 1
    world.pass_time(86_400)
    assert world.sessions == {}


def test_values_that_come_when_the_session_is_final_are_stored_all_the_same(world: World) -> None:
    told(world, whole_transaction())
    world.pass_time(61)
    effects = world.do(event("Updated", 4, after_s=130, register=1400))
    (meters,) = of(AppendMeters, effects)
    assert not meters.ordered
    assert len(world.rows[meters.stream]) == 4


def test_an_old_charging_state_does_not_overtake_a_younger_one(world: World) -> None:
    events = whole_transaction()
    told(world, [events[0], events[5], events[2]])
    assert [change.state for change in world.told(SessionChanged)] == ["suspended_ev"]


def test_the_next_transaction_on_an_evse_closes_one_whose_ended_was_lost(world: World) -> None:
    told(world, whole_transaction()[:5])
    later = replace_transaction(event("Started", 0, after_s=300, register=1500, evse=2, connector=1), "tx-2")
    world.do(later)
    (stopped,) = world.told(SessionStopped)
    assert stopped.doubts == ("no_stop",)
    world.do(whole_transaction()[6])
    (amended,) = world.told(SessionAmended)
    assert (amended.energy_wh, amended.reason) == ("450", "EVDisconnected")
    assert amended.doubts == ("late_stop", "missing_events")


def replace_transaction(one: TransactionReported, name: str) -> TransactionReported:
    return one._replace(transaction=name)


def remote_start(world: World) -> None:
    payload = {"idToken": {"idToken": "Card", "type": "Central"}, "remoteStartId": 77, "evseId": 1}
    intent = VERSIONS["ocpp2.0.1"].intent("RequestStartTransaction", payload)
    world.do(world.command("remote", "RequestStartTransaction", payload=payload, intent=intent, patience_s=None))


def test_a_remote_start_that_comes_to_a_cable_that_is_in_is_the_sessions(world: World) -> None:
    """Its transaction runs, and an Updated names the request (F01); the start's own words stay in the books."""
    world.do(event("Started", 0, evse=1, connector=1, charging_state="EVConnected"))
    remote_start(world)
    for seq in (1, 2):
        world.do(event("Updated", seq, after_s=seq, remote_start=77))
    row = ledger_row(world)
    assert (row["command"], row["started_said"], row["id_token"]) == ("remote", f"t{BEGIN}", "Card")


@pytest.mark.parametrize("token", ["CARD", "Another"])
def test_whom_a_remote_start_was_for_counts_until_the_station_says_who_charges(world: World, token: str) -> None:
    remote_start(world)
    world.do(event("Started", 0, evse=1, connector=1, remote_start=77))
    row = ledger_row(world)
    assert (row["command"], row["id_token"], row["authorisation"]) == ("remote", "Card", "")
    world.host_dies()
    world.do(event("Updated", 1, after_s=5, id_token=token, standing=ACCEPTED, trigger="Authorized"))
    row = ledger_row(world)
    assert (row["id_token"], row["authorisation"]) == (token, "Accepted")
    assert world.state.open["tx-1"].id_token == token


def test_a_remote_start_is_known_by_its_number(world: World) -> None:
    payload = {"idToken": {"idToken": "CARD", "type": "Central"}, "remoteStartId": 77}
    request = replace(world.command("remote", payload=payload), action="RequestStartTransaction")
    world.do(replace(request, intent=VERSIONS["ocpp2.0.1"].intent(request.action, payload)))
    world.do(event("Started", 0, evse=1, connector=1, remote_start=77))
    assert world.told(SessionStarted)[0].command == "remote"


def occupied(world: World, ago: float = 0) -> StatusReported:
    return StatusReported(1, 1, "Preparing", "NoError", world.at(ago), occupied=True)


def test_an_occupied_connector_shows_what_its_transaction_does(world: World) -> None:
    world.do(occupied(world))
    world.do(event("Started", 0, evse=1, connector=1, after_s=1))
    for seq, state in enumerate(("Charging", "SuspendedEV", "Charging", "EVConnected"), 1):
        world.do(event("Updated", seq, after_s=seq, charging_state=state))
    world.pass_time(10)
    world.do(occupied(world))
    shown = [change.status for change in world.told(StatusChanged)]
    assert shown == ["Preparing", "Charging", "SuspendedEV", "Charging", "Finishing", "Finishing"]


def test_old_news_do_not_change_a_connector(world: World) -> None:
    world.do(replace(occupied(world), status="Available", occupied=False))
    world.do(event("Started", 0, evse=1, connector=1, after_s=1, charging_state="Charging"))
    world.do(occupied(world))
    world.do(event("Updated", 1, after_s=2, charging_state="Charging", offline=True))
    assert [change.status for change in world.told(StatusChanged)] == ["Available", "Preparing"]


def test_a_number_used_twice_for_something_younger_is_no_repeat(world: World) -> None:
    told(world, [event("Started", 0, register=1000, evse=1, connector=1)])
    world.do(event("Updated", 0, after_s=60, register=1100))
    ((_, rows),) = world.rows.items()
    assert len(rows) == 2


def test_a_name_that_is_used_again_after_its_end_is_another_transaction(world: World) -> None:
    told(world, whole_transaction())
    world.do(event("Started", 0, after_s=1000, register=1450, evse=2, connector=1))
    assert len(world.told(SessionStarted)) == 2
    assert len({started.session for started in world.told(SessionStarted)}) == 2


def test_energy_of_a_started_without_a_register_counts_from_the_first_one_and_is_doubted(world: World) -> None:
    events = whole_transaction()
    row = told(world, [events[0]._replace(readings=()), *events[1:]])
    assert (row["meter_start_wh"], row["energy_wh"], row["doubts"]) == (Decimal(1200), Decimal(250), ["no_begin"])


@pytest.mark.parametrize("when", ["before", "after", "too late"])
def test_the_register_of_the_beginning_may_come_after_the_start_with_the_evse(world: World, when: str) -> None:
    """Authorised first, the transaction gets its EVSE, and with it its Transaction.Begin, by an Updated (J02)."""
    begin = event("Updated", 1, after_s=5, evse=1, connector=1, charging_state="EVConnected")
    begin = begin._replace(readings=(reading(begin.at, energy(1000, context="Transaction.Begin")),))
    events = [
        event("Started", 0, id_token="CARD", standing=ACCEPTED),
        event("Updated", 2, after_s=70, register=1200),
        event("Ended", 3, after_s=100, register=1300),
    ]
    events.insert({"before": 1, "after": 2, "too late": 3}[when], begin)
    row = told(world, events)
    assert (row["meter_start_wh"], row["energy_wh"], row["doubts"]) == (Decimal(1000), Decimal(300), [])


def test_a_station_that_begins_ever_more_transactions_is_answered_and_fills_no_memory(world: World) -> None:
    begun = [
        event(kind, 0, after_s=number, register=10)._replace(transaction=f"tx-{number}", evse=number % 3)
        for number, kind in enumerate(["Started", "Updated"] * (memory.MAX_OPEN + memory.MAX_WAITING))
    ]
    for one in begun:
        world.now = one.at.received
        reply(world.do(one))
    assert len(world.state.open) <= memory.MAX_OPEN
    assert len(world.state.closed) <= memory.MAX_WAITING + world.config.closed_transactions
    assert len(world.sessions) == len([part for part in world.parts if part.startswith("s:")])
    assert len(world.sessions) <= memory.MAX_OPEN + memory.MAX_WAITING
    stopped = [told for told in world.events if isinstance(told, SessionStopped)]
    assert len(stopped) == len(begun) - len(world.state.open)
    assert all("no_stop" in told.doubts for told in stopped)
    assert world.timers["finalise"] <= world.now + int(world.config.late_events_s * SECOND)


def test_a_gap_keeps_no_later_transactions_in_memory(world: World) -> None:
    """Its session waits a day for what is missing; those that are final since go all the same."""
    world.do(event("Ended", 7)._replace(transaction="tx-gap"))
    for number in range(3 * world.config.closed_transactions):
        for kind, seq in (("Started", 0), ("Ended", 1)):
            one = event(kind, seq, after_s=100 * number + 50 * seq, register=10)._replace(transaction=f"tx-{number}")
            world.pass_time((one.at.received - world.now) / SECOND)
            world.do(one)
    assert len(world.state.closed) <= world.config.closed_transactions + 1
    assert list(world.sessions) == [session for session in world.sessions if f"s:{session}" in world.parts]
    assert memory.of_number(world.state, "tx-gap") is not None
