"""Which command led to what follows: a remote start to a Start, a reset to a Boot."""

from __future__ import annotations

from engine.charging.intents import RESET, START, Intent
from engine.charging.state import ChargePointState, Expectation

MAX_EXPECTED = 16


def expect(state: ChargePointState, command: str, intent: Intent, until: int) -> None:
    """A command leaves: note what it should cause until then. Some stations act before they answer."""
    if intent.kind == START:
        expected = Expectation(command, until, intent.id_token, intent.evse, intent.request)
        state.expected_starts.append(expected)
        del state.expected_starts[:-MAX_EXPECTED]
    elif intent.kind == RESET:
        state.expected_boot = Expectation(command, until)


def expect_no_more(state: ChargePointState, command: str) -> None:
    """The station refused the command."""
    state.expected_starts = [e for e in state.expected_starts if e.command != command]
    if state.expected_boot is not None and state.expected_boot.command == command:
        state.expected_boot = None


def take_expected_start(
    state: ChargePointState, id_token: str, evse: int, now: int, request: int | None = None
) -> Expectation | None:
    """The expectation, with its command, that this Start answers to; each is taken once.

    A Start that names the `request` it answers to is believed; else token and EVSE decide.
    """
    state.expected_starts = [e for e in state.expected_starts if now <= e.until]
    for expectation in state.expected_starts:
        named = request is not None and expectation.request is not None
        fits = expectation.id_token.lower() == id_token.lower() and expectation.evse in (0, evse)
        if (expectation.request == request) if named else fits:
            state.expected_starts.remove(expectation)
            return expectation
    return None


_OTHER_REASONS = frozenset({"FirmwareUpdate", "LocalReset", "Triggered", "Watchdog"})
"""Boots that no reset of ours has led to. PowerUp is not among them: some stations say it after a remote reset, too."""


def take_expected_boot(state: ChargePointState, reason: str, now: int) -> str:
    """The reset that this boot answers to, "" if none."""
    expected = state.expected_boot
    if expected is None or reason in _OTHER_REASONS:
        return ""
    state.expected_boot = None
    return expected.command if now <= expected.until else ""
