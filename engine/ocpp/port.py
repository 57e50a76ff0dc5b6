"""What the rest of the system sees of one OCPP version: a subprotocol's payloads as neutral messages, and back.

`engine/ocpp/version.py` has the table of versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.charging.intents import Intent
from engine.charging.kept.facts import Fact
from engine.charging.messages import Answer, Deviated, Json, StationMessage, TokenStanding
from engine.charging.operations import Operation
from engine.ocpp.forms import Form


@dataclass(slots=True)
class Circumstances:
    """What a version needs to understand a CALL and only the actor knows. `received` in microseconds.

    `standing`, `fresh_transaction` and `fresh_session` are called only by messages that carry such a thing. `durable`
    is False while the journal is away. Deviations are added to `notes`. `proven` says afterwards that the payload held
    nothing but what is known.
    """

    received: int
    standing: Callable[[str], TokenStanding]
    fresh_transaction: Callable[[], int]
    fresh_session: Callable[[], str]
    durable: bool = True
    notes: list[Deviated] = field(default_factory=list)
    proven: bool = False


class OcppVersion(Protocol):
    """One version of OCPP, stateless, shared by all connections of the process."""

    @property
    def subprotocol(self) -> str:
        """The WebSocket subprotocol's name, for example "ocpp1.6"."""

    @property
    def answers_unreadable(self) -> bool:
        """Whether a CALL whose message id cannot be read is answered with a CALLERROR of id "-1" (2.x)."""

    @property
    def refuses_before_acceptance(self) -> bool:
        """Whether what a station says unasked before its boot was accepted is refused (2.x, B02.FR.09, B03.FR.07)."""

    def understand(self, action: str, payload: Json, circumstances: Circumstances) -> StationMessage:
        """The station's CALL as a message. Raises ProtocolError with the code to answer with."""

    def form_of(self, action: str, text: str, payload: Json, message: StationMessage) -> Form | None:
        """The form of a CALL's text that was understood as something proven, to know the next one by."""

    def answer(self, answer: Answer) -> bytes:
        """The CALLRESULT's payload, encoded."""

    def may_answer(self, action: str, payload: Mapping[str, Json]) -> bool:
        """Whether this CALLRESULT's payload, which somebody else made, is one of this version."""

    def error_code(self, neutral: str) -> str:
        """This version's spelling of a neutral error code."""

    def validate_call(self, action: str, payload: Json) -> dict[str, Json]:
        """The payload of a CALL to the station, if it may be sent. Raises InvalidInput with field and remedy."""

    def read_answer(self, action: str, payload: Json, notes: list[Deviated]) -> dict[str, Json]:
        """The station's CALLRESULT to `action`, repaired as far as it can be. Never raises."""

    def outcome(self, action: str, payload: Mapping[str, Json]) -> str:
        """How a command with this answer ended: one of events.CommandOutcome (Accepted, Rejected, Failed)."""

    def learned(self, action: str, sent: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[Fact, ...]:
        """What the answer to a CALL of ours (`sent` is its payload) teaches about the station. Never raises."""

    def compose(self, operation: Operation) -> tuple[str, dict[str, Json]]:
        """The action and payload of an operation. Raises InvalidInput where this version has no words for it."""

    def intent(self, action: str, payload: Mapping[str, Json]) -> Intent:
        """What a CALL to the station is about."""

    def timeout_s(self, action: str) -> float | None:
        """How long a station may take to answer, where that differs from the setting."""
