"""What the façade needs of the message log: its rows, what they are searched by, and the port that finds them.

`api/sources/messages.py` reads them from ClickHouse, `MemoryMessages` here is the in-memory twin. Times are
microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from api.ports.facade import Live

TYPES = {
    0: "unreadable",
    2: "call",
    3: "call_result",
    4: "call_error",
    5: "call_result_error",
    6: "send",
}
"""OCPP-J's message type numbers as words."""

Place = tuple[int, int, int]
"""Which row it is: journal partition, entry and index. With the time of receipt it orders the log."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A frame as it went over the wire (secrets hidden), and our answer to it where it is a station's CALL.

    `latency_us`: of a station's CALL until our answer, of a station's answer since our CALL left. `error` is the code
    of the CALLERROR that the frame is or was answered with.
    """

    charge_point: str
    connection: int
    received: int
    direction: str
    type: int
    action: str
    message_id: str
    raw: str
    answer: str | None
    deviations: Sequence[str]
    latency_us: int | None
    error: str
    place: Place = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are wanted; None: any. `since` ≤ received < `until`.

    `charge_points` are those whose messages may be seen.
    """

    charge_point: str | None = None
    action: str | None = None
    direction: str | None = None
    message_id: str | None = None
    since: int | None = None
    until: int | None = None
    deviating: bool = False
    errors: bool = False
    charge_points: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DeviationSum:
    """How frequent a deviation is in the message log."""

    name: str
    messages: int
    charge_points: int


Position = tuple[int, Place]
"""Where a page ended: time of receipt and place of its last row."""


class MessageLog(Protocol):
    """The message log, newest first. Both methods raise StoreUnavailable."""

    async def messages(self, wanted: MessageFilter, *, after: Position | None, limit: int) -> Sequence[MessageRow]: ...

    async def deviations(self, since: int, charge_points: frozenset[str] | None = None) -> Sequence[DeviationSum]:
        """Of these charge points (None: of all), the most frequent first."""
        ...


Frames = Callable[[str], Live]
"""The live feed of a charge point's frames."""


@dataclass
class MemoryMessages:
    """Rows that are put in by hand."""

    rows: list[MessageRow] = field(default_factory=list)

    async def messages(self, wanted: MessageFilter, *, after: Position | None, limit: int) -> Sequence[MessageRow]:
        found = [row for row in self.rows if _wanted(row, wanted)]
        found.sort(key=lambda row: (row.received, row.place), reverse=True)
        return [row for row in found if after is None or (row.received, row.place) < after][:limit]

    async def deviations(self, since: int, charge_points: frozenset[str] | None = None) -> Sequence[DeviationSum]:
        sums: dict[str, tuple[int, set[str]]] = {}
        for row in self.rows:
            seen = charge_points is None or row.charge_point in charge_points
            for name in row.deviations if seen and row.received >= since else ():
                count, who = sums.get(name, (0, set()))
                sums[name] = count + 1, who | {row.charge_point}
        found = [DeviationSum(name, count, len(who)) for name, (count, who) in sums.items()]
        return sorted(found, key=lambda each: (-each.messages, each.name))


def _wanted(row: MessageRow, wanted: MessageFilter) -> bool:
    named = {
        "charge_point": row.charge_point,
        "action": row.action,
        "direction": row.direction,
        "message_id": row.message_id,
    }
    return (
        all(getattr(wanted, name) in (None, value) for name, value in named.items())
        and (wanted.charge_points is None or row.charge_point in wanted.charge_points)
        and (wanted.since is None or row.received >= wanted.since)
        and (wanted.until is None or row.received < wanted.until)
        and (not wanted.deviating or bool(row.deviations))
        and (not wanted.errors or bool(row.error) or row.type == 0)
    )
