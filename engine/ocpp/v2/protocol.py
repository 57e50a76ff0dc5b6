"""OCPP 2.0.1 and 2.1 behind the port that all versions share."""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.intents import Intent
from engine.charging.kept.facts import Fact
from engine.charging.messages import Deviated, Json
from engine.charging.operations import Operation
from engine.ocpp.calls import Calls
from engine.ocpp.errors import V2_SPELLING
from engine.ocpp.registry import Registry
from engine.ocpp.v2 import answers, calls, operations
from engine.ocpp.v2.registry import REGISTRY_21, REGISTRY_201


class Ocpp2:
    """Implements engine/ocpp/port.py's OcppVersion for one version of 2.x."""

    answers_unreadable = True
    refuses_before_acceptance = True

    def __init__(self, subprotocol: str, registry: Registry, to_station: Calls) -> None:
        self.subprotocol = subprotocol
        self._calls = to_station
        # The hot path: the bound method itself saves a call a frame.
        self.understand = registry.understand
        self.form_of = registry.form_of

    answer = staticmethod(answers.encode)

    def may_answer(self, action: str, payload: Mapping[str, Json]) -> bool:
        return self._calls.may_answer(action, payload)

    def error_code(self, neutral: str) -> str:
        return V2_SPELLING.get(neutral, "GenericError")

    def validate_call(self, action: str, payload: Json) -> dict[str, Json]:
        return self._calls.validate(action, payload)

    def read_answer(self, action: str, payload: Json, notes: list[Deviated]) -> dict[str, Json]:
        return self._calls.read_answer(action, payload, notes)

    def outcome(self, action: str, payload: Mapping[str, Json]) -> str:
        return calls.outcome(self._calls, action, payload)

    def learned(self, action: str, sent: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[Fact, ...]:
        return calls.learned(self._calls, action, sent, answer)

    def compose(self, operation: Operation) -> tuple[str, dict[str, Json]]:
        return operations.compose(operation)

    def intent(self, action: str, payload: Mapping[str, Json]) -> Intent:
        return calls.intent(action, payload)

    def timeout_s(self, action: str) -> float | None:
        return calls.timeout_s(action)


OCPP_201 = Ocpp2("ocpp2.0.1", REGISTRY_201, calls.CALLS_201)
OCPP_21 = Ocpp2("ocpp2.1", REGISTRY_21, calls.CALLS_21)
