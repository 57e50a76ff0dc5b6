"""What a committer counts, for whoever publishes metrics."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

LATENCY_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of the histogram of commit times; one more bucket holds the rest."""

BATCH_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Upper bounds of the batch size histogram (callbacks a flight); one more bucket holds the rest."""


@dataclass(slots=True)
class CommitMetrics:
    """Plain counters, read by whoever publishes metrics. `seconds` is the sum of the flights' times."""

    flights: int = 0
    commits: int = 0
    messages: int = 0
    records: int = 0
    repeats_dropped: int = 0
    refused: int = 0
    droppable_dropped: int = 0
    callback_errors: int = 0
    retries: int = 0
    seconds: float = 0.0
    last_seconds: float = 0.0
    batch_sizes: list[int] = field(default_factory=lambda: [0] * (len(BATCH_BOUNDS) + 1))
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_S) + 1))

    def count_flight(self, messages: int, seconds: float) -> None:
        self.flights += 1
        self.messages += messages
        self.seconds += seconds
        self.last_seconds = seconds
        self.batch_sizes[bisect_left(BATCH_BOUNDS, messages)] += 1
        self.latencies[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1
