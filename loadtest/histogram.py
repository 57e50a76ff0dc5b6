"""Latencies by the million in a few kilobytes: a log-linear histogram with at most 1.6 % error a value."""

from __future__ import annotations

_SUB_BITS = 6
_SUB = 1 << _SUB_BITS


class Histogram:
    """Counts integer values (microseconds here). Values below 128 are exact; negative ones count as 0."""

    __slots__ = ("_counts", "count", "highest", "total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.total = 0
        self.highest = 0

    def add(self, value: int) -> None:
        if value < 0:
            value = 0
        shift = max(0, value.bit_length() - _SUB_BITS - 1)
        bucket = (shift << _SUB_BITS) + (value >> shift)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self.total += value
        if value > self.highest:
            self.highest = value

    def merge(self, other: Histogram) -> None:
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += other.count
        self.total += other.total
        self.highest = max(self.highest, other.highest)

    def percentile(self, share: float) -> int:
        """The smallest value (up to the histogram's resolution) that at least `share` (0 to 1) of all do not exceed.

        0 when nothing was counted.
        """
        wanted = share * self.count
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_highest_of(bucket), self.highest)
        return self.highest

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0


def _highest_of(bucket: int) -> int:
    """The largest value that falls into a bucket."""
    if bucket < 2 * _SUB:
        return bucket
    shift = (bucket >> _SUB_BITS) - 1
    return ((bucket - (shift << _SUB_BITS) + 1) << shift) - 1
