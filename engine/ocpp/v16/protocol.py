"""OCPP 1.6 behind the port that all versions share."""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.intents import Intent
from engine.charging.kept.facts import Fact
from engine.charging.messages import Deviated, Json
from engine.charging.operations import Operation
from engine.ocpp.errors import V16_SPELLING
from engine.ocpp.v16 import answers, calls, operations, registry


class Ocpp16:
    """Implements engine/ocpp/port.py's OcppVersion."""

    subprotocol = "ocpp1.6"
    answers_unreadable = False
    refuses_before_acceptance = False

    # The hot path: static methods save two calls a frame.
    understand = staticmethod(registry.understand)
    form_of = staticmethod(registry.form_of)
    answer = staticmethod(answers.encode)

    def may_answer(self, action: str, payload: Mapping[str, Json]) -> bool:
        return calls.CALLS.may_answer(action, payload)

    def error_code(self, neutral: str) -> str:
        return V16_SPELLING.get(neutral, "GenericError")

    def validate_call(self, action: str, payload: Json) -> dict[str, Json]:
        return calls.CALLS.validate(action, payload)

    def read_answer(self, action: str, payload: Json, notes: list[Deviated]) -> dict[str, Json]:
        return calls.CALLS.read_answer(action, payload, notes)

    def outcome(self, action: str, payload: Mapping[str, Json]) -> str:
        return calls.CALLS.outcome(action, payload)

    def learned(self, action: str, sent: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[Fact, ...]:
        return calls.learned(action, sent, answer)

    def compose(self, operation: Operation) -> tuple[str, dict[str, Json]]:
        return operations.compose(operation)

    def intent(self, action: str, payload: Mapping[str, Json]) -> Intent:
        return calls.intent(action, payload)

    def timeout_s(self, action: str) -> float | None:
        return calls.timeout_s(action)
