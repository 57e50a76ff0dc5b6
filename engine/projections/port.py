"""What a projection is: a sink that holds its own position, fed by `runner.py`.

The runner reads entries after the sink's positions and hands them over in order; the sink makes rows and position one
durable thing. A kill at any line therefore neither loses nor doubles a row (design, "The sink holds the position").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.journal.port import Entry


class Projection(Protocol):
    """A sink. `name` is its stored name; `channels` are the journal channels that it wants (others may be empty)."""

    name: str
    channels: frozenset[str]

    async def open(self, partitions: int) -> dict[int, int]:
        """Connect, finish what an earlier run left uncertain, and return the position of every partition (0: none).

        Called at start and again after every error; raises StoreUnavailable while the store does not answer.
        """
        ...

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Write the rows of these entries (several partitions, each in order) and the new positions, durably.

        Raises StoreUnavailable when the store does not answer: the runner backs off, calls `open` and goes on from
        the positions that it returns. A row that the store refuses for its content goes to the dead letters.
        """
        ...

    async def aclose(self) -> None: ...
