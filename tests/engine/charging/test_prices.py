"""What a session costs, from its station's own words: idle time, quarter hours, one settlement, and hosts that die."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging import snapshots
from engine.charging.config import MachineConfig
from engine.charging.events import SessionChanged, SessionSettled, SessionStarted, SessionStopped
from engine.charging.messages import Instant, TokenStanding
from engine.charging.session.bill import cost_of
from engine.charging.session.bill import course_of as course_so_far
from engine.charging.session.marks import MOST_READINGS, MOST_STATEMENTS, freeze, passed, stated
from engine.charging.session.pricing import Pricing
from engine.charging.session.state import SessionState
from engine.tariffs.held import Assignment, InForce, hold
from engine.tariffs.model import Dimension, Element, Tariff
from engine.tariffs.pricing import price
from engine.tariffs.stored import course_of, tariff_of
from tests.engine.charging.priced import MALL, NIGHTS, Events, Station, component, held
from tests.engine.charging.world import ACCEPTED, BEGIN, SECOND, reading
from tests.engine.tariffs.places import OneSite


def test_twenty_two_units_and_two_minutes_too_long_cost_what_the_operator_says() -> None:
    station = Station().start()
    station.says("Charging")
    station.meter(12_000, 1800)
    station.says("SuspendedEV", 1800)
    station.meter(23_000, 60)
    station.stop(23_000, 60)
    station.says("Finishing", 1)
    assert station.settled is None, "the car is still there"
    station.says("Available", 299)
    settled = station.settled
    assert settled is not None
    # 22 kWh at 18; idle from SuspendedEV for 60 + 60 + 1 + 299 s, of which 300 are free.
    assert (settled.total, settled.currency) == ("402.00", "INR")
    assert (settled.ended - settled.stopped) // SECOND == 300
    assert settled.tariff is not None
    assert tariff_of(settled.tariff) == MALL
    (started,) = station.world.told(SessionStarted)
    assert (started.network, started.tariff, started.tariff_version, started.currency) == ("net", "mall", 3, "INR")


def test_while_it_idles_the_price_so_far_is_told_each_minute_and_the_last_one_is_the_total() -> None:
    station = Station().start()
    station.says("Charging")
    station.stop(3000, 600)
    station.says("Finishing", 1)
    station.world.pass_time(480)
    told = [(event.cost, event.currency) for event in station.world.told(SessionChanged)]
    assert told[-3:] == [("39.00", "INR"), ("42.00", "INR"), ("45.00", "INR")]
    costs = [Decimal(cost or 0) for cost, _ in told]
    assert costs == sorted(costs)
    assert len([event for event in station.world.told(SessionChanged) if event.state == "stopped"]) == 8
    station.says("Available")
    assert station.settled is not None
    last = station.world.told(SessionChanged)[-1]
    assert Decimal(station.settled.total or 0) - Decimal(last.cost or 0) in (0, 3)


@pytest.mark.parametrize("reason", ["Local", "EVDisconnected"])
def test_without_idleness_to_wait_for_the_receipt_comes_with_the_stop(reason: str) -> None:
    plain = replace(MALL, idle=None)
    station = Station(MALL if reason == "EVDisconnected" else plain).start()
    station.says("Charging")
    station.stop(2000, 60, reason=reason)
    assert station.settled is not None
    assert station.settled.total == "18.00"
    station.says("Finishing", 5)
    station.world.pass_time(3600)
    assert station.settled.total == "18.00"
    assert not station.world.sessions


def test_a_station_that_says_nothing_after_the_stop_is_settled_as_of_it() -> None:
    station = Station().start()
    station.says("Charging")
    station.stop(2000, 60)
    station.world.pass_time(59)
    assert station.settled is None
    station.world.pass_time(2)
    assert station.settled is not None
    assert (station.settled.ended, station.settled.total) == (station.settled.stopped, "18.00")


def test_what_the_station_holds_back_is_never_billed() -> None:
    station = Station().start()
    station.says("Charging")
    station.says("SuspendedEVSE", 600)
    station.stop(2000, 7200)
    station.says("SuspendedEVSE", 1)
    station.says("Unavailable", 3600)
    assert station.settled is not None
    assert station.settled.total == "18.00"


def test_a_car_that_waits_for_its_own_timer_before_it_charges_owes_nothing_for_that() -> None:
    station = Station().start()
    station.says("SuspendedEV", 5)
    station.says("Charging", 7200)
    station.meter(2000, 600)
    station.stop(2000, 1, reason="EVDisconnected")
    assert station.settled is not None
    assert station.settled.total == "18.00"


def test_another_host_goes_on_waiting_and_says_once_that_it_is_settled() -> None:
    station = Station().start()
    station.says("Charging")
    station.world.host_dies()
    assert snapshots.restore_sessions("CP-1", station.world.parts) == station.world.sessions
    station.stop(2000, 600)
    station.says("Finishing", 1)
    station.world.host_dies()
    station.world.pass_time(600)
    told = len(station.world.told(SessionChanged))
    assert told >= 10
    station.world.host_dies()
    station.says("Available")
    assert station.settled is not None
    assert station.settled.total == "33.00"
    station.world.pass_time(120)
    assert not station.world.sessions
    assert station.world.parts.keys() <= {"core", "tx"}


def test_a_connector_that_nobody_frees_is_settled_after_a_day_and_doubted() -> None:
    station = Station().start()
    station.says("Charging")
    station.stop(2000, 600)
    station.says("Finishing", 1)
    station.world.pass_time(3600)
    station.world.disconnect()
    station.world.pass_time(86_400)
    settled = station.settled
    assert settled is not None
    assert settled.doubts == ("no_release",)
    # Nobody knows what was while the station was away.
    assert (settled.ended - settled.stopped) // SECOND <= 3602


def test_the_next_driver_ends_the_wait() -> None:
    station = Station().start()
    station.says("Charging")
    station.stop(2000, 600)
    station.says("Finishing", 1)
    station.world.pass_time(120)
    station.world.do(station.world.start(2000, "OTHER"))
    assert station.settled is not None
    assert (station.settled.ended - station.settled.stopped) // SECOND == 121


def test_without_a_stop_it_is_settled_with_that_doubt_and_without_a_start_when_it_is_final() -> None:
    station = Station().start()
    station.meter(5000, 600)
    station.world.pass_time(600)
    station.world.do(station.world.start(6000, "OTHER"))
    assert station.settled is not None
    assert (station.settled.doubts, station.settled.total) == (("no_stop",), "72.00")
    lost = Station()
    lost.world.do(lost.world.stop("0", 5000))
    assert lost.settled is None
    lost.world.pass_time(61)
    assert lost.settled is not None
    assert (lost.settled.tariff, lost.settled.total, lost.settled.doubts) == (None, None, ("unknown_transaction",))


def test_a_start_that_comes_after_its_stop_makes_a_price_of_it() -> None:
    station = Station()
    station.world.do(station.world.stop("0", 5000))
    station.world.do(station.world.start(3000, at=station.world.at(600)))
    assert station.settled is not None
    assert (station.settled.total, station.settled.doubts) == ("36.00", ("stop_before_start",))
    station.world.pass_time(120)
    assert station.settled.started == station.settled.stopped - 600 * SECOND


def test_a_session_without_a_tariff_is_settled_at_once_and_remembers_nothing() -> None:
    station = Station(MALL, tariffs=held(MALL, charge_point="CP-2"))
    station.start()
    station.says("Charging")
    assert all(session.pricing is None for session in station.world.sessions.values())
    station.stop(2000, 60)
    assert station.settled is not None
    assert (station.settled.tariff, station.settled.course, station.settled.total) == (None, None, None)
    assert not any(name.startswith("c:") for name in station.world.parts)


def test_the_night_price_begins_to_the_quarter_hour_and_a_long_session_stays_small() -> None:
    station = Station(NIGHTS)
    station.world.now = BEGIN + 21 * 3600 * SECOND
    station.start()
    for minute in range(1, 121):
        station.meter(1000 + minute * 100, 60)
    (session,) = station.world.sessions.values()
    assert session.pricing is not None
    assert len(session.pricing.readings) < 20
    station.stop(13_000, 0, reason="EVDisconnected")
    assert station.settled is not None
    assert station.settled.total == "4.20", "6 kWh before ten at 0.50, 6 after it at 0.20"


def test_whatever_a_station_says_for_a_week_its_course_is_bounded_and_never_dearer_for_that() -> None:
    state = SessionState("CP-1", "s", evse=1, connector=1, started=BEGIN, meter_start=Decimal(0), phase="metered")
    pricing = state.pricing = Pricing()
    freeze(state, MachineConfig(tariffs=held(NIGHTS)))
    for number in range(1, 2001):
        at = BEGIN + number * 300 * SECOND
        stated(state, pricing, "SuspendedEV" if number % 2 else "Charging", at)
        before = state.register_at, state.register
        state.register_at, state.register = at + SECOND, Decimal(number)
        passed(state, pricing, *before, reading(Instant(None, at + SECOND, at)))
    assert len(pricing.statements) <= MOST_STATEMENTS
    assert len(pricing.readings) <= MOST_READINGS
    bill = price(NIGHTS, course_so_far(state, pricing))
    assert bill.energy_kwh == 2
    assert bill.idle_s <= 2000 // 2 * 300


def test_the_tariff_is_that_of_the_start_and_of_the_tokens_group() -> None:
    fleet = replace(MALL, id="fleet", version=1, elements=(Element((component(Dimension.ENERGY, "12"),)),), idle=None)
    tariffs = hold(
        OneSite("CP-1"),
        [
            Assignment("a", "mall", "net", 0, charge_point="CP-1"),
            Assignment("b", "fleet", "net", 0, token_group="Fleet"),
        ],
        [InForce(replace(MALL, idle=None), 0), InForce(fleet, 0)],
    )
    station = Station(tariffs=tariffs).start(standing=TokenStanding("Accepted", None, "FLEET"))
    station.world.config = replace(station.world.config, tariffs=held(NIGHTS))
    station.stop(2000, 60)
    assert station.settled is not None
    assert station.settled.total == "12.00"


def test_a_tariff_waits_for_evse_and_token_and_idleness_for_the_charge() -> None:
    station = Events()
    station.say("Started", "EVConnected", 1000)
    (session,) = station.world.sessions.values()
    assert session.pricing is not None
    assert session.pricing.tariff is None
    station.say("Updated", "EVConnected", None, 1200, evse=1, connector=1, id_token="CARD", standing=ACCEPTED)
    assert session.pricing.tariff == MALL
    station.say("Updated", "Charging", 1000, 1)
    station.say("Updated", "SuspendedEV", 3000, 600)
    station.say("Updated", "EVConnected", 3000, 60)
    station.say("Ended", "", 3000, 300, reason="EVDisconnected")
    assert station.settled.total == "39.00", "2 kWh, and a minute beyond the grace"
    (stopped,) = station.world.told(SessionStopped)
    assert stopped.energy_wh == "2000"


def test_an_ended_that_comes_before_others_is_settled_with_the_last_of_them() -> None:
    station = Events()
    station.say("Started", "Charging", 1000, evse=1, connector=1, id_token="CARD", standing=ACCEPTED)
    at = station.world.at()
    station.seq += 1
    station.say("Ended", "", 3000, 600)
    assert station.world.told(SessionSettled) == []
    station.seq = 0
    station.say("Updated", "SuspendedEV", 3000, 0, at=Instant("late", at.believed + 60 * SECOND, station.world.now))
    assert station.settled.total == "48.00", "idle for 540 s, of which 300 are free"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "meter", "meter", "host dies"]),
        st.integers(0, 1500),
        st.integers(0, 900),
    ),
    max_size=15,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from([MALL, NIGHTS]), st.booleans(), st.integers(0, 3000))
def test_the_running_price_at_the_end_is_the_total_is_what_the_course_costs(
    steps: list[tuple[str, int, int]], tariff: Tariff, finishes: bool, after_s: int
) -> None:
    station = Station(tariff, strict=False).start()
    register = 1000
    for what, seconds, wh in steps:
        if what == "meter":
            register += wh
            station.meter(register, seconds)
        elif what == "host dies":
            station.world.host_dies()
        else:
            station.says(what, seconds)
    station.stop(register, 10)
    if finishes:
        station.says("Finishing", 5)
    running: Decimal | None = None
    if station.settled is None:
        station.world.pass_time(after_s % 50 if not finishes else after_s)
        if station.settled is None:
            (session,) = (one for one in station.world.sessions.values())
            assert session.pricing is not None
            view = snapshots.restore_sessions("CP-1", station.world.parts)[session.session]
            assert view == session
            running = cost_of(session, session.pricing, station.world.now)
        station.says("Available")
    settled = station.settled
    assert settled is not None
    assert settled.course is not None
    assert settled.tariff is not None
    total = Decimal(settled.total or 0)
    assert price(tariff_of(settled.tariff), course_of(settled.course)).gross == total
    if running is not None:
        assert running == total
    told = [Decimal(event.cost) for event in station.world.told(SessionChanged) if event.cost]
    assert not told or max(told) <= total
