"""Restart intensity: how often an actor may fail before it is put into quarantine instead of a crash loop."""

from __future__ import annotations

from engine.clock import SECOND

MAX_FAILURES = 5
WITHIN = 60 * SECOND
QUARANTINE = 300 * SECOND


class RestartIntensity:
    """Remembers the failures of the last minute. Times in microseconds."""

    __slots__ = ("_failures", "until")

    def __init__(self) -> None:
        self._failures: list[int] = []
        self.until = 0

    def failed(self, now: int) -> bool:
        """Note a failure; True if the actor is to be quarantined (until `until`)."""
        self._failures = [at for at in self._failures if now - at < WITHIN]
        self._failures.append(now)
        if len(self._failures) <= MAX_FAILURES:
            return False
        self._failures.clear()
        self.until = now + QUARANTINE
        return True
