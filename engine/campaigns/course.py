"""The course of a campaign, without clock or store: how many may be asked now, when to look again, when to end.

    running ──► done            all targets have ended
       │  ▲
       │  ├── paused            by an operator
       │  └── stopped           by the campaign itself: too many failures; an operator may resume it all the same
       └────► cancelled         by an operator, from any of the three

Times are microseconds since the Unix epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.charging.events import CommandOutcome
from engine.clock import SECOND
from engine.errors import Conflict

RUNNING, PAUSED, STOPPED, CANCELLED, DONE = "running", "paused", "stopped", "cancelled", "done"

_ARROWS = {
    "pause": {RUNNING: PAUSED, PAUSED: PAUSED},
    "resume": {PAUSED: RUNNING, STOPPED: RUNNING, RUNNING: RUNNING},
    "cancel": {RUNNING: CANCELLED, PAUSED: CANCELLED, STOPPED: CANCELLED, CANCELLED: CANCELLED},
}

WAITING, ASKED, ENDED, SKIPPED = TARGET_STATES = ("waiting", "asked", "ended", "skipped")
"""A target waits, was asked (its command has an id in the store before it is sent), has ended, or was left out."""

REFUSED = "Refused"
"""The outcome where the station's version cannot do the operation: nothing was sent."""

SUCCESSES = frozenset({CommandOutcome.ACCEPTED})
UNREACHED = frozenset({CommandOutcome.NOT_CONNECTED, CommandOutcome.EXPIRED})
"""Outcomes that say nothing about the operation: the station was not there. They are no failures."""

ENOUGH_FOR_A_SHARE = 10
"""Of fewer ended targets a share says nothing."""


def after(state: str, wish: str) -> str:
    """The state that an operator's wish (pause, resume, cancel) leads to. Raises Conflict."""
    reached = _ARROWS[wish].get(state)
    if reached is None:
        raise Conflict(f"The campaign is {state}.", field="id", remedy=f"Only {_able(wish)} campaigns can {wish}.")
    return reached


def _able(wish: str) -> str:
    return " or ".join(sorted(_ARROWS[wish]))


@dataclass(frozen=True, slots=True)
class Plan:
    """`per_minute` targets are asked, at most `at_once` of them without an answer yet.

    The campaign stops itself at `stop_failures`, or when more than `stop_share` of those that ended have failed.
    Until `deadline` a station that is offline is waited for; None: it is left out at once.
    """

    per_minute: float = 60.0
    at_once: int = 10
    stop_failures: int | None = None
    stop_share: float | None = None
    deadline: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many targets are in which state. `failed` counts jobs that failed later, too; `forgiven` those of them that
    an operator has seen and resumed after. `last_asked` is when one was last asked, 0 if none was."""

    waiting: int = 0
    asked: int = 0
    succeeded: int = 0
    failed: int = 0
    unreached: int = 0
    skipped: int = 0
    forgiven: int = 0
    last_asked: int = 0

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.unreached


@dataclass(frozen=True, slots=True)
class Ask:
    """So many targets may be asked now."""

    count: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Too much has failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """The deadline is over: who still waits is not asked any more."""


@dataclass(frozen=True, slots=True)
class Finish:
    """All targets have ended."""


Step = Ask | Wait | Stop | Expire | Finish
LOOK_AGAIN = SECOND


def next_step(plan: Plan, tally: Tally, now: int) -> Step:
    """What a running campaign does now."""
    reason = too_much_failed(plan, tally)
    if reason:
        return Stop(reason)
    if not tally.waiting:
        return Wait(now + LOOK_AGAIN) if tally.asked else Finish()
    if plan.deadline is not None and now >= plan.deadline:
        return Expire()
    room = plan.at_once - tally.asked
    if room <= 0:
        return Wait(now + LOOK_AGAIN)
    interval = max(1, int(60 * SECOND / plan.per_minute))
    due_at = tally.last_asked + interval
    if now < due_at:
        return Wait(due_at)
    # What a slow look has missed is made up for, but never more than a second's worth in one go.
    missed = 1 if tally.last_asked == 0 else (now - tally.last_asked) // interval
    return Ask(min(room, tally.waiting, missed, max(1, SECOND // interval)))


def too_much_failed(plan: Plan, tally: Tally) -> str:
    """Why the campaign has to stop, "" if it may go on."""
    failed = tally.failed - tally.forgiven
    if plan.stop_failures is not None and failed >= plan.stop_failures:
        return f"{failed} failures"
    told = tally.succeeded + failed
    if plan.stop_share is not None and told >= ENOUGH_FOR_A_SHARE and failed > plan.stop_share * told:
        return f"{failed} of {told} failed"
    return ""
