"""Taking the events out of journal entries for a projection that writes to SQL, and burying what is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from engine.clock import Clock
from engine.journal.port import Entry
from engine.projections.dead_letters import DeadLetter, reason

CONTENT_ERRORS = (KeyError, TypeError, ValueError, ArithmeticError)
"""What a record that cannot be used gives rise to."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stands in the journal, and the record itself."""

    partition: int
    entry: int
    channel: str
    index: int
    record: Any

    @property
    def place(self) -> str:
        """The same for ever: entries are numbered once."""
        return f"{self.partition}/{self.entry}/{self.channel}/{self.index}"


class EventReader:
    """Reads for the projection `name`, which its dead letters bear."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock = name, clock

    def records(self, entry: Entry, channel: str, letters: list[DeadLetter]) -> list[Origin]:
        """The records of one channel; a channel that holds no list is a letter as a whole."""
        data = entry.channels.get(channel)
        if not data:
            return []
        try:
            records = orjson.loads(data)
            if type(records) is not list:
                raise ValueError("a channel holds a list")
        except ValueError as error:
            whole = Origin(entry.partition, entry.number, channel, -1, data.decode(errors="backslashreplace"))
            letters.append(self.letter(whole, error))
            return []
        return [Origin(entry.partition, entry.number, channel, index, record) for index, record in enumerate(records)]

    def letter(self, origin: Origin, error: BaseException) -> DeadLetter:
        """A record that cannot be written, with the reason."""
        row = origin.record if isinstance(origin.record, str) else orjson.dumps(origin.record).decode()
        place = origin.partition, origin.entry, origin.channel, origin.index
        return DeadLetter(self._name, *place, row, reason(error), self._clock.now())
