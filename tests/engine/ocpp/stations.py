"""What the tests of the protocol core share: a moment, its circumstances, and a version to speak."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import StationMessage, TokenStanding
from engine.ocpp.port import Circumstances
from engine.ocpp.version import VERSIONS

V16 = VERSIONS["ocpp1.6"]
NOW = 1_796_000_000_000_000
"""2026-11-30T00:53:20Z."""


def circumstances(**changes: Any) -> Circumstances:
    asked: dict[str, Any] = {
        "received": NOW,
        "standing": lambda id_token: TokenStanding("Accepted", group=id_token),
        "fresh_transaction": lambda: 4711,
        "fresh_session": lambda: "session-1",
    }
    return Circumstances(**(asked | changes))


def understood(action: str, payload: Any) -> tuple[StationMessage, dict[str, str]]:
    """The message, and the deviations' names and details."""
    around = circumstances()
    message = V16.understand(action, payload, around)
    return message, {deviation.name: deviation.detail for deviation in around.notes}
