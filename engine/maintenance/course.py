"""What becomes of a maintenance job: pure. The table says which state may follow which."""

from __future__ import annotations

from engine.charging.transitions import Table
from engine.errors import Conflict, InvalidInput

NEW, ASSIGNED, IN_PROGRESS, WAITING_FOR_PARTS, DONE, CANCELLED = STATES = (
    "new",
    "assigned",
    "in_progress",
    "waiting_for_parts",
    "done",
    "cancelled",
)
CLOSED = frozenset({DONE, CANCELLED})
OPEN = tuple(state for state in STATES if state not in CLOSED)
PRIORITIES = ("low", "normal", "high", "urgent")

_AT_WORK = {"work begun": IN_PROGRESS, "parts missing": WAITING_FOR_PARTS, "finished": DONE, "called off": CANCELLED}

MAINTENANCE = Table(
    "maintenance",
    "A maintenance job. One that a fault has opened and nobody has touched is finished by the end of the fault.",
    NEW,
    {
        NEW: {"assigned": ASSIGNED, **_AT_WORK},
        ASSIGNED: {"given back": NEW, **_AT_WORK},
        IN_PROGRESS: {"given back": NEW, "parts missing": WAITING_FOR_PARTS, "finished": DONE, "called off": CANCELLED},
        WAITING_FOR_PARTS: {"given back": NEW, "work begun": IN_PROGRESS, "finished": DONE, "called off": CANCELLED},
        DONE: {"opened again": NEW},
        CANCELLED: {"opened again": NEW},
    },
)


def check_step(state: str, wanted: str) -> None:
    """Raise InvalidInput for what is no state, Conflict where no arrow leads from `state` to `wanted`."""
    if wanted not in STATES:
        raise InvalidInput(f"A job cannot be {wanted!r}.", field="state", remedy=f"Use one of: {', '.join(STATES)}.")
    reached = set(MAINTENANCE.arrows[state].values())
    if wanted not in reached | {state}:
        raise Conflict(
            f"A job that is {state} cannot become {wanted}.",
            field="state",
            remedy=f"From here it can become: {', '.join(sorted(reached))}.",
        )


def after_assignment(state: str, assignee: str) -> str:
    """The state once it has this assignee ("": nobody): a new one is assigned, one only assigned is new again."""
    if assignee and state == NEW:
        return ASSIGNED
    if not assignee and state == ASSIGNED:
        return NEW
    return state
