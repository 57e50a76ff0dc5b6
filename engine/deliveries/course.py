"""What follows from a try, pure: whether and when a message is tried again, and how long its channel is left alone.

A message has ten tries in some two days. A channel that fails again and again is asked by one message at a time, with
growing pauses, so that a dead receiver costs a call now and then and not one for each message.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.clock import SECOND
from engine.deliveries.senders.port import APPRISE, EMAIL, WEBHOOK, Outcome

RETRY_S = (5, 30, 120, 600, 1800, 2 * 3600, 5 * 3600, 12 * 3600, 24 * 3600)
"""The pause after each failed try; after the last of them a message is dead."""
JITTER = 0.2
"""A pause is longer or shorter by up to this part of it, so that what failed together does not come again together."""
GIVE_UP_US = 2 * 86_400 * SECOND
"""What has waited so long for a receiver that has been failing as long is dead with it."""
TOLERATED = 3
"""Failures in a row after which a channel is paused."""
PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
WAITED_FOR = 4
"""Failures of one message for which the others of its stream wait; in the longer pauses after them they pass it."""
AWAY_US = 60 * SECOND
"""Whoever has failed for less than that was not away: a message that fails alone would be tried too often otherwise."""
AT_ONCE = {WEBHOOK: 4, EMAIL: 2, APPRISE: 1}
"""Messages that one channel has in hand at the same time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry_at` (µs) None: it is not tried again. `paused_until` (µs) None: the channel may be asked at any time."""

    retry_at: int | None
    paused_until: int | None


def after_failure(outcome: Outcome, attempts: int, failures: int, now: int, luck: float) -> Verdict:
    """`attempts` this message has had, `failures` the channel has had in a row, this one included; `luck` in [0, 1)."""
    spread = 1 + JITTER * (2 * luck - 1)
    asked = round(outcome.retry_after_s * SECOND)
    paused = None
    # What is wrong with one message is no sign against its receiver.
    if failures >= TOLERATED and not outcome.final:
        pause = min(PAUSE_S * 2 ** min(failures - TOLERATED, 20), LONGEST_PAUSE_S)
        paused = now + round(pause * spread * SECOND)
    if asked:
        paused = max(paused or 0, now + asked)
    if outcome.final or attempts > len(RETRY_S):
        return Verdict(None, paused)
    pause = RETRY_S[attempts - 1] * spread
    return Verdict(now + max(round(pause * SECOND), asked), paused)


def room(kind: str, failures: int, in_hand: int) -> int:
    """How many more messages a channel may take in hand."""
    most = 1 if failures >= TOLERATED else AT_ONCE.get(kind, 1)
    return max(most - in_hand, 0)


def was_away(failures: int, failing_since: int | None, now: int) -> bool:
    """Whether a channel that has just succeeded had been away, so that what failed may be tried again at once."""
    return failures >= TOLERATED and failing_since is not None and failing_since <= now - AWAY_US
