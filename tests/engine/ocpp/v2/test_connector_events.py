"""A 2.x station may tell a connector's state by NotifyEvent alone: it counts as a StatusNotification does."""

from __future__ import annotations

from typing import Any

import pytest

from engine.charging.kept.notices import MonitorsTriggered
from engine.charging.messages import Booted
from engine.ocpp.version import VERSIONS
from tests.engine.charging.world import World, reply
from tests.engine.ocpp.stations import NOW, circumstances

AT = "2026-01-01T00:00:00.000Z"
PLACE = {"evse": {"id": 1, "connectorId": 1}}


def told(*events: dict[str, Any], at: str = AT) -> MonitorsTriggered:
    data = [
        {"eventId": number, "timestamp": at, "trigger": "Delta", "eventNotificationType": "HardWiredNotification"}
        | each
        for number, each in enumerate(events, 1)
    ]
    payload = {"generatedAt": at, "seqNo": 0, "eventData": data}
    message = VERSIONS["ocpp2.0.1"].understand("NotifyEvent", payload, circumstances())
    assert isinstance(message, MonitorsTriggered)
    return message


def event(component: str, variable: str, value: str, **place: Any) -> dict[str, Any]:
    return {"component": {"name": component, **place}, "variable": {"name": variable}, "actualValue": value}


@pytest.fixture
def world() -> World:
    world = World()
    world.now = NOW
    world.connect()
    world.do(Booted("V", "M"))
    return world


def shown(world: World) -> dict[tuple[int, int], tuple[str, str]]:
    return {place: (connector.status, connector.error) for place, connector in world.state.connectors.items()}


def test_an_availability_state_is_the_connectors_status(world: World) -> None:
    message = told(event("Connector", "AvailabilityState", "Available", **PLACE))
    reply(world.do(message))
    assert shown(world) == {(1, 1): ("Available", "NoError")}
    faulted = told(event("Connector", "AvailabilityState", "Faulted", **PLACE), at="2026-01-01T00:00:09.000Z")
    world.do(faulted)
    assert shown(world) == {(1, 1): ("Faulted", "OtherError")}
    world.do(message)
    assert shown(world) == {(1, 1): ("Faulted", "OtherError")}, "what was queued before is no news"


def test_a_lock_that_fails_is_the_connectors_error_until_it_does_not(world: World) -> None:
    world.do(told(event("Connector", "AvailabilityState", "Occupied", **PLACE)))
    world.do(told(event("ConnectorPlugRetentionLock", "Problem", "true", **PLACE), at="2026-01-01T00:00:01.000Z"))
    assert shown(world) == {(1, 1): ("Preparing", "ConnectorLockFailure")}
    world.do(told(event("ConnectorPlugRetentionLock", "Problem", "false", **PLACE), at="2026-01-01T00:00:02.000Z"))
    assert shown(world) == {(1, 1): ("Preparing", "NoError")}


@pytest.mark.parametrize(
    "other",
    [
        event("Connector", "AvailabilityState", "Available"),
        event("Connector", "AvailabilityState", "Available", evse={"id": 1}),
        event("Connector", "AvailabilityState", "Available", evse={"id": 99_999, "connectorId": 1}),
        event("Connector", "AvailabilityState", "Upside down", **PLACE),
        event("EVSE", "AvailabilityState", "Available", **PLACE),
        event("ConnectorPlugRetentionLock", "Problem", "true", **PLACE),
    ],
)
def test_what_is_not_said_of_a_known_connector_changes_none(world: World, other: dict[str, Any]) -> None:
    reply(world.do(told(other)))
    assert shown(world) == {}
