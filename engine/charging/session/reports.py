"""What a session tells its charge point's machine, in the same step and the same commit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CostKnown:
    """A session tells what its transaction has cost so far or, with `final`, in all."""

    session: str
    transaction: str
    cost: Decimal
    final: bool


@dataclass(frozen=True, slots=True)
class ReleaseAwaited:
    """A stopped session, whose idle time may cost something, waits for its connector to be free."""

    session: str
    evse: int
    connector: int
    stopped: int


SessionReport = CostKnown | ReleaseAwaited
