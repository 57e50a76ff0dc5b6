"""Where the time comes from: a port with the system's clock and a clock that tests turn by hand.

All times inside Raycharge are integers: microseconds since 1970-01-01T00:00:00Z. The machines get theirs as an
argument; only the actor layer and the projections hold a `Clock`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol

SECOND: Final = 1_000_000
MILLISECOND: Final = 1_000
_time_ns: Final = time.time_ns


class Clock(Protocol):
    """Tells the wall time in microseconds since the Unix epoch, UTC."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return _time_ns() // 1000


class ManualClock:
    """The in-memory twin: stands still until a test moves it."""

    def __init__(self, start: int = 1_767_225_600 * SECOND) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance(self, seconds: float) -> int:
        """Move on by `seconds` and return the new time in microseconds."""
        self._now += round(seconds * SECOND)
        return self._now


def to_iso(micros: int) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds, as OCPP 1.6 (section 3.13) and 2.x ask for."""
    at = datetime.fromtimestamp(micros // 1_000_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{micros // 1000 % 1000:03d}Z"
