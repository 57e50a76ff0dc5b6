"""Which calls may be sent to a station, by the schemas of its OCPP version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.ocpp.version import DEFAULT_SUBPROTOCOL, VERSIONS


def check_call(subprotocol: str, action: str, payload: Mapping[str, Any]) -> None:
    """A CallCheck. A station that has not told its version is taken for a 1.6 one. Raises InvalidInput."""
    VERSIONS.get(subprotocol, VERSIONS[DEFAULT_SUBPROTOCOL]).validate_call(action, dict(payload))
