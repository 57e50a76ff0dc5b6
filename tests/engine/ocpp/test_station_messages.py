"""Every message that a station of any version sends is understood, taken by the machine and answered by its schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.charging.effects import Append, Reply
from engine.charging.kept.notice_events import StationNotified
from engine.charging.kept.notices import Enquiry, Noticed
from engine.charging.messages import Booted
from engine.ocpp.directions import DIRECTIONS
from engine.ocpp.v2.registry import SCHEMAS_21, SCHEMAS_201
from engine.ocpp.v16.registry import SCHEMAS as SCHEMAS_16
from engine.ocpp.version import VERSIONS
from tests.engine.charging.world import World, of
from tests.engine.ocpp.examples import example
from tests.engine.ocpp.stations import NOW, circumstances

SCHEMAS = {"ocpp1.6": SCHEMAS_16, "ocpp2.0.1": SCHEMAS_201, "ocpp2.1": SCHEMAS_21}
FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
MESSAGES = [
    (version, action) for version, folder in FOLDERS.items() for action in sorted(DIRECTIONS[folder].from_station)
]


@pytest.mark.parametrize("full", [False, True], ids=["least", "full"])
@pytest.mark.parametrize(("version", "action"), MESSAGES)
def test_it_is_understood_and_answered_after_the_commit(version: str, action: str, full: bool) -> None:
    schemas = SCHEMAS[version]
    payload = example(schemas.request(action).schema, full=full)
    assert schemas.request(action).strict.is_valid(payload), "the example itself"
    around = circumstances()
    message = VERSIONS[version].understand(action, payload, around)
    assert around.notes == []
    world = World(strict=False)
    world.now = NOW
    world.do(Booted("V", "M"))
    effects = world.do(message)
    (reply,) = of(Reply, effects)
    if action not in DIRECTIONS[FOLDERS[version]].unconfirmed:
        answer = orjson.loads(VERSIONS[version].answer(reply.answer))
        assert schemas.response(action).checked.is_valid(answer), answer
    assert reply.durable or action in ("Heartbeat", "Authorize")
    world.host_dies()


def full_payload(version: str, action: str) -> Any:
    return example(SCHEMAS[version].request(action).schema, full=True)


def message_of(version: str, action: str) -> Any:
    return VERSIONS[version].understand(action, full_payload(version, action), circumstances())


NOTED = [
    (version, action) for version, action in MESSAGES if isinstance(message_of(version, action), Noticed | Enquiry)
]


@pytest.mark.parametrize(("version", "action"), NOTED)
def test_what_no_machine_looks_at_is_on_record_as_it_was_said(version: str, action: str) -> None:
    payload, message = full_payload(version, action), message_of(version, action)
    (event,) = [effect.event for effect in of(Append, World().do(message))]
    assert isinstance(event, StationNotified)
    assert event.action == action
    if isinstance(message, Noticed):
        assert (event.content, event.answer) == (payload, dict(message.answer))
    else:
        assert (event.content, event.answer["provided"]) == (None, False)
        answered = replace(message, answer={"status": "Accepted"}, answered=True)
        (reply,) = of(Reply, World().do(answered))
        assert orjson.loads(VERSIONS[version].answer(reply.answer)) == {"status": "Accepted"}


def test_these_messages_of_2_1_are_only_noted_or_asked_of_a_provider() -> None:
    """Authorize is, when it comes with a contract's certificate."""
    assert {action for version, action in NOTED if version == "ocpp2.1"} == {
        "Authorize", "BatterySwap", "ClosePeriodicEventStream", "Get15118EVCertificate", "GetCertificateChainStatus",
        "GetCertificateStatus", "NotifyDERAlarm", "NotifyDERStartStop", "NotifyPeriodicEventStream",
        "NotifyPriorityCharging", "NotifySettlement", "OpenPeriodicEventStream", "PullDynamicScheduleUpdate",
        "VatNumberValidation",
    }  # fmt: skip
