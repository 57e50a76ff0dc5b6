"""How far a projection is behind: in entries exactly, in seconds by when each head of the journal was first seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from engine.clock import SECOND

_SEEN = 4096
"""Heads remembered per partition; beyond it the seconds are a lower bound."""


class Lag:
    """Two gauges, `entries` and `seconds`, over all partitions; fed by the runner with what it sees."""

    def __init__(self) -> None:
        self.entries = 0
        self.seconds = 0.0
        self._heads: dict[int, deque[tuple[int, int]]] = {}

    def saw(self, heads: Mapping[int, int], now: int) -> None:
        """These are the newest entries of the partitions at `now` (microseconds)."""
        for partition, head in heads.items():
            seen = self._heads.setdefault(partition, deque(maxlen=_SEEN))
            if not seen or head > seen[-1][0]:
                seen.append((head, now))

    def measure(self, positions: Mapping[int, int], now: int) -> None:
        """Set the gauges for a projection that stands at `positions`."""
        entries, oldest = 0, now
        for partition, seen in self._heads.items():
            position = positions.get(partition, 0)
            entries += max(0, seen[-1][0] - position)
            while len(seen) > 1 and seen[0][0] <= position:
                seen.popleft()
            if seen[0][0] > position:
                oldest = min(oldest, seen[0][1])
        self.entries = entries
        self.seconds = (now - oldest) / SECOND
