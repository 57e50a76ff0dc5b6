"""The simulated charge point in 2.0.1 and 2.1: what it says of its sessions, whatever the line does meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ocpp.schemas import SchemaSet, first_flaw
from loadtest.station import Traits, quirks
from loadtest.v2.speech import Speech2
from tests.loadtest.scripted_csms import World, said_at
from tests.loadtest.test_station import BREAKING, LIVING, play

V2 = ("ocpp2.0.1", "ocpp2.1")
SCHEMAS = {"ocpp2.0.1": SchemaSet("v201", suffix="Request"), "ocpp2.1": SchemaSet("v21", suffix="Request")}


def of(version: str = "ocpp2.0.1", *names: str, seed: int = 1, **traits: Any) -> World:
    world = World(Traits(version=version, quirks=quirks(names), **traits), seed=seed)
    world.run(1)
    return world


def events(world: World) -> list[dict[str, Any]]:
    return world.csms.payloads("TransactionEvent")


def told(event: dict[str, Any]) -> tuple[str, str, str]:
    return event["eventType"], event["triggerReason"], event["transactionInfo"].get("chargingState", "")


def speech(world: World) -> Speech2:
    assert isinstance(world.station.speech, Speech2)
    return world.station.speech


def register(event: dict[str, Any]) -> float:
    sampled: dict[str, Any] = event["meterValue"][0]["sampledValue"][0]
    assert sampled["measurand"] == "Energy.Active.Import.Register"
    return float(sampled["value"])


def flaws(world: World) -> list[str]:
    """What the specification's schemas say against what the station has said."""
    schemas = SCHEMAS[world.station.traits.version]
    found = [
        (action, first_flaw(schemas.request(action).checked, payload)) for _, action, payload in world.csms.received
    ]
    return [f"{action}: {flaw.field} {flaw.text}" for action, flaw in found if flaw is not None]


@pytest.mark.parametrize("version", V2)
def test_a_whole_session_is_told_in_order(version: str) -> None:
    world = of(version)
    world.charge(310)
    world.leave()
    assert [action for action in world.csms.actions() if action != "Heartbeat"] == [
        "BootNotification", "StatusNotification", "StatusNotification", "Authorize",
        *["TransactionEvent"] * 7, "StatusNotification",
    ]  # fmt: skip
    assert [p["connectorStatus"] for p in world.csms.payloads("StatusNotification")] == [
        "Available",
        "Occupied",
        "Available",
    ]
    assert [told(event) for event in events(world)] == [
        ("Started", "Authorized", "Charging"),
        *[("Updated", "MeterValuePeriodic", "")] * 5,
        ("Ended", "EVCommunicationLost", "Idle"),
    ]
    first, last = events(world)[0], events(world)[-1]
    assert first["evse"] == {"id": 1, "connectorId": 1}
    assert first["idToken"]["idToken"] == "TAG"
    assert last["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert register(last) > register(first)
    assert [event["seqNo"] for event in events(world)] == list(range(7))
    assert not any("offline" in event for event in events(world))
    assert not flaws(world)


def test_with_ev_connected_the_cable_is_the_transaction() -> None:
    world = of(start_at="EVConnected")
    world.charge(130)
    world.station.present(1, "TAG", world.now)
    world.act()
    world.run(60)
    world.leave()
    assert [told(event) for event in events(world)] == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Updated", "Authorized", "Charging"),
        ("Updated", "MeterValuePeriodic", ""),
        ("Updated", "MeterValuePeriodic", ""),
        ("Updated", "StopAuthorized", "EVConnected"),
        ("Ended", "EVCommunicationLost", "Idle"),
    ]
    assert "idToken" not in events(world)[0]
    assert events(world)[-1]["transactionInfo"]["stoppedReason"] == "Local"
    assert not flaws(world)


def test_a_pause_is_a_change_of_the_charging_state() -> None:
    world = of()
    world.charge(30)
    world.station.suspend(1, world.now, by_car=True)
    world.station.resume(1, world.now)
    world.act()
    assert [told(event)[1:] for event in events(world)][1:] == [
        ("ChargingStateChanged", "SuspendedEV"),
        ("ChargingStateChanged", "Charging"),
    ]
    world.station.fault(1, "GroundFailure", world.now)
    world.act()
    assert told(events(world)[-1])[:2] == ("Ended", "AbnormalCondition")
    assert world.csms.payloads("StatusNotification")[-1]["connectorStatus"] == "Faulted"


def test_what_happens_offline_says_so_and_leaves_later_with_its_first_times() -> None:
    world = of()
    world.charge(70)
    world.reachable = False
    world.cut()
    world.run(120)
    world.station.stop(1, world.now, "Local")
    world.heal()
    offline = [bool(event.get("offline")) for event in events(world)]
    assert offline == [False, False, True, True, True]
    stamps = [event["timestamp"] for event in events(world)]
    assert stamps == sorted(stamps)
    assert world.csms.actions().count("BootNotification") == 1, "a reconnect is no reboot"
    assert world.csms.actions()[-1] != "BootNotification"
    assert not flaws(world)


def test_a_refused_token_ends_the_session() -> None:
    world = of()
    world.station.plug_in(1, world.now)
    world.csms.id_tag_status = "Blocked"
    world.station.begin(1, "STOLEN", world.now)
    world.act()
    assert told(events(world)[-1])[:2] == ("Ended", "Deauthorized")
    assert events(world)[-1]["transactionInfo"]["stoppedReason"] == "DeAuthorized"


def test_quirks_show_on_the_line() -> None:
    world = of("ocpp2.0.1", "out_of_order_meters", "numbers_as_values")
    world.charge(1800)
    world.leave()
    numbers = [event["seqNo"] for event in events(world)]
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(len(numbers)))
    assert isinstance(events(world)[0]["meterValue"][0]["sampledValue"][0]["value"], str)
    twice = of("ocpp2.0.1", "duplicates")
    twice.charge(1800)
    numbers = [event["seqNo"] for event in events(twice)]
    assert len(numbers) > len(set(numbers))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(BREAKING + LIVING), st.floats(0, 200)), min_size=3, max_size=30),
    st.sampled_from(["PowerPathClosed", "EVConnected"]),
    st.sampled_from([(), ("same_id_on_retry",), ("duplicates",)]),
)
def test_whatever_breaks_every_event_arrives_in_order(
    steps: list[tuple[str, float]], start_at: str, names: tuple[str, ...]
) -> None:
    world = of("ocpp2.0.1", *names, start_at=start_at)
    world.station.configuration.assign("TransactionMessageAttempts", "99")
    world.charge(65)
    for step, seconds in steps:
        play(world, "cut" if step == "reset" and not world.line else step)
        world.run(seconds)
    world.heal()
    stamps = [stamp for _, stamp in world.csms.durable_in_order_of_arrival()]
    assert stamps == sorted(stamps)
    by_transaction: dict[str, dict[int, str]] = {}
    for event in events(world):
        seen = by_transaction.setdefault(event["transactionInfo"]["transactionId"], {})
        assert seen.setdefault(event["seqNo"], str(event)) == str(event), "a repeat has the words of the first time"
    open_now = {transaction.identity for transaction in speech(world).open.values()}
    for name, seen in by_transaction.items():
        assert list(seen) == list(range(len(seen)))
        kinds = [said_kind(text) for text in seen.values()]
        assert kinds[0] == "Started"
        assert kinds.count("Ended") == (name not in open_now)
    assert not flaws(world)


def said_kind(text: str) -> str:
    return next(kind for kind in ("Started", "Updated", "Ended") if f"'eventType': '{kind}'" in text)


def test_readings_outside_of_a_transaction_are_meter_values() -> None:
    world = of()
    world.station.report_meters(1, world.now)
    world.act()
    (payload,) = world.csms.payloads("MeterValues")
    assert payload["evseId"] == 1
    assert said_at("MeterValues", payload)
    assert not flaws(world)
