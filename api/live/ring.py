"""The last events that were told, for those who come back and name the last one that they had."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from api.ports.facade import LiveEvent

MAX_BYTES = 8 * 1024 * 1024
MAX_EVENTS = 50_000
"""What is kept: of 10,000 busy charge points some ten seconds, of 1,000 some minutes."""

_OVERHEAD = 400
"""Bytes that an event takes beside its data, about."""


class Ring:
    """Events without a gap between them, in the order of their numbers."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_events: int = MAX_EVENTS) -> None:
        self._max_bytes, self._max_events = max_bytes, max_events
        self._events: deque[LiveEvent] = deque()
        self._bytes = 0
        self._incarnation, self._last = "", 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def last_id(self) -> str:
        """The id of the newest event; "" while there is none."""
        return f"{self._incarnation}-{self._last}" if self._incarnation else ""

    def clear(self) -> None:
        """There was a gap: nobody who was away before it can be told all."""
        self._events.clear()
        self._bytes, self._incarnation, self._last = 0, "", 0

    def put(self, event: LiveEvent) -> None:
        """Keep the next event; the oldest make room. One that does not follow the one before begins anew."""
        incarnation, number = _parts(event.id)
        if number is None:
            return
        if (incarnation, number) != (self._incarnation, self._last + 1):
            self.clear()
        self._incarnation, self._last = incarnation, number
        self._events.append(event)
        self._bytes += len(event.data) + _OVERHEAD
        while self._bytes > self._max_bytes or len(self._events) > self._max_events:
            self._bytes -= len(self._events.popleft().data) + _OVERHEAD

    def since(self, last_id: str) -> Sequence[LiveEvent] | None:
        """All events after the one with this id; None where they are not all here."""
        incarnation, number = _parts(last_id)
        if number is None or incarnation != self._incarnation or not self._incarnation:
            return None
        missed = self._last - number
        if not 0 <= missed <= len(self._events):
            return None
        return list(self._events)[len(self._events) - missed :]


def _parts(name: str) -> tuple[str, int | None]:
    incarnation, _, number = name.rpartition("-")
    if not incarnation or not (number.isascii() and number.isdecimal()) or len(number) > 18:
        return "", None
    return incarnation, int(number)
