"""What becomes of a support case: pure. The table says which state may follow which; `times_of`, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.charging.transitions import Table
from engine.clock import SECOND
from engine.errors import Conflict

UNCONFIRMED, NEW, ANSWERED, WAITING, CLOSED = STATES = ("unconfirmed", "new", "answered", "waiting", "closed")
CATEGORIES = ("charging", "payment", "charger", "account", "other")

CASE = Table(
    "case",
    "A support case. `new` and `waiting` are with support, `answered` is with the driver. Who has no account confirms "
    "their address first; until then nobody sees the case.",
    NEW,
    {
        UNCONFIRMED: {"confirmed": NEW},
        NEW: {"answered": ANSWERED, "driver wrote": NEW, "closed": CLOSED},
        ANSWERED: {"answered": ANSWERED, "driver wrote": WAITING, "closed": CLOSED},
        WAITING: {"answered": ANSWERED, "driver wrote": WAITING, "closed": CLOSED},
        CLOSED: {"answered": CLOSED, "driver wrote": WAITING, "opened again": WAITING},
    },
)
WITH_SUPPORT = (NEW, WAITING)


def step(state: str, cause: str) -> str:
    """The state that `cause` leads to. Raises Conflict where it cannot be."""
    reached = CASE.after(state, cause)
    if reached is None:
        raise Conflict(f"This case is {state}.", field="state", remedy="Read it again.")
    return reached


@dataclass(frozen=True, slots=True)
class Times:
    """How long drivers waited, in seconds: half of them, and nine of ten, no longer than this. None of no case."""

    cases: int
    p50_s: int | None
    p90_s: int | None


def times_of(waits: Sequence[int]) -> Times:
    """Of waiting times in microseconds."""
    ordered = sorted(waits)
    return Times(len(ordered), _rank(ordered, 50), _rank(ordered, 90))


def _rank(ordered: Sequence[int], percent: int) -> int | None:
    """The nearest rank, in seconds rounded up."""
    if not ordered:
        return None
    return -(-ordered[-(-len(ordered) * percent // 100) - 1] // SECOND)
