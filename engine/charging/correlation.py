"""Which command led to what follows: a RemoteStartTransaction to a Start, a Reset to a Boot."""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.messages import Json
from engine.charging.state import ChargePointState, Expectation

MAX_EXPECTED = 16


def expect(state: ChargePointState, command: str, action: str, payload: Mapping[str, Json], until: int) -> None:
    """A command leaves: note what it should cause until then. Some stations act before they answer."""
    if action == "RemoteStartTransaction":
        connector = payload.get("connectorId")
        evse = connector if isinstance(connector, int) else 0
        id_token = str(payload.get("idTag", "")).lower()
        state.expected_starts.append(Expectation(command, until, id_token, evse))
        del state.expected_starts[:-MAX_EXPECTED]
    elif action == "Reset":
        state.expected_boot = Expectation(command, until)


def expect_no_more(state: ChargePointState, command: str) -> None:
    """The station refused the command."""
    state.expected_starts = [e for e in state.expected_starts if e.command != command]
    if state.expected_boot is not None and state.expected_boot.command == command:
        state.expected_boot = None


def take_expected_start(state: ChargePointState, id_token: str, evse: int, now: int) -> str:
    """The command that this Start answers to, "" if none; each is taken once."""
    state.expected_starts = [e for e in state.expected_starts if now <= e.until]
    for expectation in state.expected_starts:
        if expectation.id_token == id_token.lower() and expectation.evse in (0, evse):
            state.expected_starts.remove(expectation)
            return expectation.command
    return ""
