"""What events say about conditions, without a store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.alerts.conditions import Look, Telling
from engine.alerts.machine import Awaits, Counts, Ended, Holds
from engine.alerts.rules import RULES, checked, read, stored
from engine.charging.events import Event
from engine.charging.kept.notice_events import JobChanged, SecurityEventSeen
from engine.clock import SECOND
from tests.engine.projections.events import T0, changed, linked, started, status, stopped


def said(look: Look, event: Event) -> dict[str, Telling]:
    """What an event says, by kind."""
    return {telling.kind: telling for telling in look.at(as_event(event))}


def as_event(event: Event) -> dict[str, Any]:
    return asdict(event) | {"kind": event.kind}


def signal(telling: Telling) -> Any:
    return telling.signal(RULES[telling.kind])


def security(kind: str) -> SecurityEventSeen:
    return SecurityEventSeen("CP-1", kind, "", None, T0, T0)


def job(state: str, status_: str) -> JobChanged:
    return JobChanged("CP-1", T0, "firmware", 1, "c1", status_, state, "")


def test_every_rule_out_of_the_box_can_be_used_and_is_read_as_it_was_stored() -> None:
    for kind, rule in RULES.items():
        assert checked(rule) == read(kind, stored(rule)) == rule


def test_a_fault_carries_error_and_vendor_code_and_any_other_status_ends_it() -> None:
    look = Look()
    fault = said(look, status("Faulted", error="GroundFailure", vendor_error="E42"))["faulted"]
    assert (signal(fault), fault.says) == (Holds(T0, 0), {"error": "GroundFailure", "vendor_error": "E42"})
    for other in ("Available", "Unavailable", "Charging"):
        assert signal(said(look, status(other))["faulted"]) == Ended(T0)


def test_a_link_that_is_told_again_is_not_counted_again() -> None:
    look = Look()
    assert set(said(look, linked())) == {"offline"}, "a single one is no trouble"
    assert set(said(look, linked(link="reconnecting"))) == {"offline"}
    assert set(said(look, linked())) == {"offline", "flapping"}


def test_a_single_connection_is_told_of_with_the_next_one_and_forgotten_with_the_process() -> None:
    look = Look()
    assert not [each for each in look.at(as_event(linked())) if each.kind == "flapping"]
    assert len([each for each in look.at(as_event(linked())) if each.kind == "flapping"]) == 2
    assert len([each for each in look.at(as_event(linked())) if each.kind == "flapping"]) == 1
    look.forget()
    assert not [each for each in look.at(as_event(linked())) if each.kind == "flapping"]


def test_a_session_s_deadline_moves_on_once_a_quarter_of_it_is_over() -> None:
    look = Look()
    assert signal(said(look, started("s"))["no_energy"]) == Awaits(T0 + 1, T0 + 1 + 1125 * SECOND)
    moved = []
    for minute in range(1, 10):
        at = T0 + minute * 60 * SECOND
        told = said(look, changed("s", energy_wh=str(minute), received=at, believed=at))
        moved.append("no_energy" in told and signal(told["no_energy"]) is not None)
    assert moved == [False, False, False, True, False, False, False, True, False]


def test_no_energy_ends_with_the_charging_and_energy_that_stands_still_moves_nothing() -> None:
    look = Look()
    said(look, started("s"))
    said(look, changed("s", energy_wh="5"))
    assert said(look, changed("s", energy_wh="5")) == {}
    suspended = said(look, changed("s", energy_wh="5", state="suspended_ev"))
    assert isinstance(signal(suspended["no_energy"]), Ended)
    assert isinstance(signal(said(look, changed("s", energy_wh="5"))["no_energy"]), Awaits)
    assert {kind for kind, each in said(look, stopped("s", doubts=())).items() if each.over} == {
        "session_stuck",
        "no_energy",
    }


def test_a_register_that_falls_or_jumps_is_an_anomaly_and_one_that_was_queued_is_none() -> None:
    look = Look()
    said(look, started("s"))
    hour = T0 + 3600 * SECOND
    # Two hours' values that come within a second: by the station's times it is an ordinary power.
    queued = said(look, changed("s", energy_wh="20000", believed=hour, received=T0 + 2))
    assert signal(queued["meter_anomaly"]) is None
    jump = said(look, changed("s", energy_wh="9000000", believed=hour + 60 * SECOND))["meter_anomaly"]
    assert (type(signal(jump)), jump.says["doubt"]) == (Counts, "meter_jump")
    back = said(look, changed("s", energy_wh="10", believed=hour + 120 * SECOND))["meter_anomaly"]
    assert (type(signal(back)), back.says["doubt"]) == (Counts, "meter_backwards")


def test_doubts_of_the_meter_count_and_those_of_every_day_do_not() -> None:
    assert signal(said(Look(), stopped("s", doubts=("meter_backwards",)))["meter_anomaly"]) is not None
    assert signal(said(Look(), stopped("s", doubts=("late_stop",)))["meter_anomaly"]) is None


def test_a_clock_is_wrong_until_something_comes_at_once() -> None:
    look, hour = Look(), 3600 * SECOND
    late = said(look, status("Available", said="x", believed=T0 - hour))["clock_drift"]
    assert (signal(late), late.says) == (Holds(T0, hour), {"drift_s": -3600.0})
    assert said(look, status("Available", said="x", believed=T0))["clock_drift"].over
    assert "clock_drift" not in said(look, status("Available", said="x", believed=T0))
    look.forget()
    assert "clock_drift" in said(look, status("Available", said="x", believed=T0))


def test_critical_security_events_count_but_for_those_of_every_boot() -> None:
    assert signal(said(Look(), security("TamperDetectionActivated"))["security_event"]) is not None
    assert signal(said(Look(), security("StartupOfTheDevice"))["security_event"]) is None
    assert set(said(Look(), security("FailedToAuthenticateAtCsms"))) == {"failed_authentication"}
    assert said(Look(), security("ReconfigurationOfSecurityParameters")) == {}


def test_refused_tokens_are_counted() -> None:
    refused = said(Look(), started("s", authorisation="Invalid"))["failed_authentication"]
    assert signal(refused) == Counts(T0 + 1, 5, 600 * SECOND)
    assert "failed_authentication" not in said(Look(), started("s", authorisation="ConcurrentTx"))


def test_a_job_that_failed_is_over_once_one_is_done() -> None:
    failed = said(Look(), job("failed", "InstallationFailed"))["job_failed"]
    assert (type(signal(failed)), failed.says["status"]) == (Counts, "InstallationFailed")
    assert said(Look(), job("done", "Installed"))["job_failed"].over
    assert said(Look(), job("done", "Idle")) == {}
    assert said(Look(), job("running", "Downloading")) == {}
