"""Count what a station did that was understood only by tolerance, and tell of it without flooding the journal."""

from __future__ import annotations

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect
from engine.charging.events import DeviationSeen
from engine.charging.messages import Deviated
from engine.charging.state import CORE, ChargePointState

ILLEGAL_TRANSITION = "illegal_transition"
LATE_ANSWER = "late_answer"
UNKNOWN_TRANSACTION = "unknown_transaction"
STALE_CONNECTION = "stale_connection"
TOO_MANY_CONNECTORS = "too_many_connectors"

MEANINGS = {
    ILLEGAL_TRANSITION: "A message that the state of affairs has no place for; it was taken as far as it makes sense.",
    LATE_ANSWER: "It answered a CALL of ours after the deadline.",
    UNKNOWN_TRANSACTION: "It named a transaction that was never begun here.",
    STALE_CONNECTION: "A connection that no longer counted was heard of.",
    TOO_MANY_CONNECTORS: "It named more connectors than any station has.",
}
"""Each name in one line, for people."""

MAX_NAMES = 128
"""Names come from our own lists; this bounds the memory if one of them is ever made from what a station says."""


def deviated(
    state: ChargePointState, message: Deviated, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The protocol layer tells of a deviation."""
    note(state, message.name, message.detail, now, effects)


def note(state: ChargePointState, name: str, detail: str, now: int, effects: list[Effect]) -> None:
    """Count one more; the first, tenth, hundredth … is an event that carries how many there were since the last."""
    count = state.deviations.get(name, 0) + 1
    if count == 1 and len(state.deviations) >= MAX_NAMES:
        return
    state.deviations[name] = count
    digits = str(count)
    if digits[0] != "1" or digits.strip("0") != "1":
        return
    since_last = count - count // 10
    effects.append(Append(DeviationSeen(state.charge_point, now, name, detail[:200], since_last)))
    state.dirty.add(CORE)
