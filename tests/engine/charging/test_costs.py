"""A priced session's cost: exact, rounded once, frozen at the start, told while it charges and at its end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.charging import snapshots
from engine.charging.effects import CommandEnded, Effect, Reply, SendCall
from engine.charging.events import SessionSettled, SessionStopped
from engine.charging.messages import Booted, CallRefused, MeterReading, TransactionReported
from engine.tariffs.flat import price_per_kwh
from engine.tariffs.held import NO_TARIFFS, HeldTariffs
from tests.engine.charging.world import ACCEPTED, World, energy, of, reading

PRICE = HeldTariffs(fallback=price_per_kwh(Decimal("0.385"), "EUR"))


class Charging:
    """A 2.x station that charges in a world, register by register."""

    def __init__(self, **settings: Any) -> None:
        self.world = World(**{"tariffs": PRICE, **settings})
        self.world.connect()
        self.world.do(Booted("V", "M"))
        self.seq = -1

    def say(self, event: str, wh: int | str | None = None, *, seq: int | None = None, **fields: Any) -> list[Effect]:
        self.seq = self.seq + 1 if seq is None else seq
        readings: tuple[MeterReading, ...] = ()
        if wh is not None:
            context = "Transaction.Begin" if event == "Started" else "Sample.Periodic"
            readings = (reading(self.world.at(), energy(wh, context=context)),)
        evse = 1 if event == "Started" else 0
        first = ("CARD", ACCEPTED) if event == "Started" else (None, None)
        reason = "Local" if event == "Ended" else ""
        at, state = self.world.at(), fields.pop("charging_state", "Charging")
        said = (event, "T-1", self.seq, at, "MeterValuePeriodic", False, state, reason, evse, evse, *first, readings)
        return self.world.do(TransactionReported(*said)._replace(**fields))

    def started(self) -> Charging:
        self.say("Started", 1000)
        return self


def costs(effects: list[Effect]) -> list[dict[str, Any]]:
    return [dict(call.payload) for call in of(SendCall, effects) if call.action == "CostUpdated"]


def total(effects: list[Effect]) -> Decimal | None:
    found: Decimal | None = of(Reply, effects)[-1].answer.total_cost
    return found


def test_the_ended_is_answered_with_what_the_registers_cost() -> None:
    station = Charging().started()
    assert total(station.say("Ended", 11_000)) == Decimal("3.85")
    (settled,) = station.world.told(SessionSettled)
    assert (settled.total, settled.currency) == ("3.85", "EUR")


def test_while_it_charges_the_station_is_told_at_most_once_a_minute_and_only_what_is_new() -> None:
    station = Charging().started()
    told = [costs(station.say("Updated", 3000))]
    (command,) = station.world.state.commands
    assert command.requested_by == ""
    for wh, seconds in ((4000, 10), (5000, 60), (5000, 60), (6000, 60)):
        for waiting in list(station.world.state.commands):
            station.world.commands[waiting.command] = "CostUpdated", {}
            station.world.do(station.world.answered(waiting.command, {}))
        station.world.pass_time(seconds)
        told.append(costs(station.say("Updated", wh)))
    assert told == [
        [{"totalCost": 0.77, "transactionId": "T-1"}],
        [],
        [{"totalCost": 1.54, "transactionId": "T-1"}],
        [],
        [{"totalCost": 1.93, "transactionId": "T-1"}],
    ]


def test_a_cost_that_waits_is_superseded_by_the_next_and_by_the_end() -> None:
    station = Charging().started()
    station.world.do(station.world.command("slow", "GetConfiguration", payload={}))
    waited = []
    for wh in (2000, 3000):
        station.say("Updated", wh)
        waited.append([c.command for c in station.world.state.commands if c.action == "CostUpdated"])
        station.world.pass_time(20)
        station.world.config = station.world.config.__class__(tariffs=PRICE, cost_interval_s=10)
    (first,), (second,) = waited
    assert first != second
    ended = station.say("Ended", 4000)
    assert station.world.outcomes() == {first: ["Superseded"], second: ["Superseded"]}
    assert [e.command for e in of(CommandEnded, ended)] == [second]
    assert total(ended) == Decimal("1.16")


@pytest.mark.parametrize(("code", "again"), [("NotSupported", []), ("NotImplemented", []), ("InternalError", [1.54])])
def test_a_station_that_cannot_show_a_cost_is_not_asked_again_until_it_boots(code: str, again: list[float]) -> None:
    station = Charging().started()
    station.say("Updated", 3000)
    (command,) = station.world.state.commands
    station.world.do(CallRefused(command.command, code, ""))
    station.world.pass_time(60)
    assert [cost["totalCost"] for cost in costs(station.say("Updated", 5000))] == again
    for waiting in list(station.world.state.commands):
        station.world.do(CallRefused(waiting.command, code, ""))
    station.world.do(Booted("V", "M"))
    station.world.pass_time(60)
    assert [cost["totalCost"] for cost in costs(station.say("Updated", 6000))] == [1.93]
    assert total(station.say("Ended", 11_000)) == Decimal("3.85")


def test_a_repeated_ended_gets_the_original_cost_even_after_the_session_is_final_and_its_host_died() -> None:
    station = Charging().started()
    first = station.say("Ended", 11_000)
    assert total(station.say("Ended", 11_000, seq=station.seq)) == total(first) == Decimal("3.85")
    station.world.pass_time(3600)
    assert station.world.sessions == {}
    station.world.host_dies()
    assert total(station.say("Ended", 11_000, seq=station.seq)) == Decimal("3.85")


def test_the_price_is_frozen_at_the_sessions_start_over_a_restart() -> None:
    station = Charging().started()
    station.say("Updated", 2000)
    station.world.host_dies()
    assert snapshots.restore_sessions("CP-1", station.world.parts) == station.world.sessions
    station.world.config = station.world.config.__class__(
        tariffs=HeldTariffs(fallback=price_per_kwh(Decimal(99), "EUR"))
    )
    assert total(station.say("Ended", 11_000)) == Decimal("3.85")


def test_without_a_price_nothing_is_told() -> None:
    station = Charging(tariffs=NO_TARIFFS).started()
    assert costs(station.say("Updated", 2000)) == []
    ended = station.say("Ended", 3000)
    assert total(ended) is None
    assert len(of(Reply, ended)) == 1


def test_a_station_that_meters_nothing_owes_nothing_but_a_gap_in_its_events_leaves_it_open() -> None:
    station = Charging()
    station.say("Started")
    assert total(station.say("Ended")) == Decimal("0.00")
    gap = Charging()
    gap.say("Started")
    assert total(gap.say("Ended", seq=5)) is None


def test_a_doubtful_register_is_told_no_cost() -> None:
    station = Charging().started()
    station.say("Updated", 3000)
    station.world.pass_time(60)
    assert costs(station.say("Updated", 500)) == []
    assert total(station.say("Ended", 400)) is None


def test_an_end_that_is_rounded_to_the_wh_has_its_cost() -> None:
    station = Charging().started()
    station.say("Updated", "11000.9")
    assert total(station.say("Ended", 11_000)) == Decimal("3.85")
    (stopped,) = station.world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.doubts) == ("10000", ())


def test_what_was_queued_offline_shows_no_running_cost() -> None:
    station = Charging().started()
    assert costs(station.say("Updated", 3000, offline=True)) == []
    assert total(station.say("Ended", 11_000, offline=True)) == Decimal("3.85")
