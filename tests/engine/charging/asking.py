"""A station of any version that is asked something and answers: the command, the answer, and what it teaches."""

from __future__ import annotations

from itertools import count
from typing import Any

from engine.charging.effects import Effect
from engine.charging.messages import CallAnswered
from engine.ocpp.version import VERSIONS
from tests.engine.charging.world import World

_numbers = count(1)

V16, V201, V21 = "ocpp1.6", "ocpp2.0.1", "ocpp2.1"


def ask(world: World, version: str, action: str, sent: dict[str, Any], answer: dict[str, Any]) -> list[Effect]:
    """Send a command and have the station answer at once; returns what the answer caused."""
    name = f"command-{next(_numbers)}"
    words = VERSIONS[version]
    words.validate_call(action, sent)
    world.do(world.command(name, action, payload=sent, intent=words.intent(action, sent)))
    facts = words.learned(action, sent, answer)
    return world.do(CallAnswered(name, answer, words.outcome(action, answer), facts))
