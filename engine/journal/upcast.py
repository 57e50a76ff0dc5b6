"""Lifts stored entries and events of older versions to the present one, a step at a time.

When a shape changes: raise its version (`records.VERSION`, or the event's `version`) and add one function here that
turns the version before into it. Nothing else in the system ever sees an old version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import orjson

from engine.charging.events import Event, SessionChanged, SessionIdentified, SessionStarted
from engine.errors import ConfigurationError
from engine.journal.port import Entry
from engine.journal.records import MESSAGES, VERSION

EntryStep = Callable[[Entry], Entry]
EventFields = dict[str, Any]
EventStep = Callable[[EventFields], EventFields]

EVENT_VERSIONS: Mapping[str, int] = {event.kind: event.version for event in get_args(Event)}
"""The present version of every kind of event."""


@dataclass(frozen=True, slots=True)
class Upcasters:
    """Two tables of steps: from an entry's version to the next, and from (kind, version) of an event to the next.

    A step for an event gets the stored object with its `kind` and `version` and returns its successor's; it may rename
    the kind. The step itself sets neither version: that is done here.
    """

    entry_version: int
    event_versions: Mapping[str, int]
    entry_steps: Mapping[int, EntryStep] = field(default_factory=dict)
    event_steps: Mapping[tuple[str, int], EventStep] = field(default_factory=dict)

    def lift_entry(self, entry: Entry) -> Entry:
        """The entry in today's shape. Raises ConfigurationError for one of a newer release."""
        while entry.version != self.entry_version:
            step = self.entry_steps.get(entry.version)
            if step is None:
                raise _unknown(f"entry {entry.number} of partition {entry.partition}", entry.version)
            lifted = step(entry)
            entry = Entry(entry.partition, entry.number, entry.version + 1, lifted.channels)
        return entry

    def lift_event(self, event: EventFields) -> EventFields:
        """The event in today's shape. Raises ConfigurationError for one of a newer release."""
        kind, version = event["kind"], event["version"]
        while version != self.event_versions.get(kind):
            step = self.event_steps.get((kind, version))
            if step is None:
                raise _unknown(f'an event "{kind}"', version)
            event = step(dict(event))
            kind, version = event["kind"], version + 1
            event["version"] = version
        return event


def _unknown(what: str, version: int) -> ConfigurationError:
    return ConfigurationError(
        f"The journal holds {what} in version {version}, which this release cannot read: start the newer release again."
    )


def _messages_have_a_latency(entry: Entry) -> Entry:
    """1 → 2: rows of the message log end in the latency, which nobody had measured."""
    stored = entry.channels.get(MESSAGES)
    if stored is None:
        return entry
    try:
        rows = orjson.loads(stored)
        lifted = orjson.dumps([[*row, None] for row in rows])
    except (ValueError, TypeError):
        return entry  # no rows of ours: the consumer buries them with their reason
    return Entry(entry.partition, entry.number, entry.version, {**entry.channels, MESSAGES: lifted})


def _unpriced(event: EventFields) -> EventFields:
    """1 → 2: sessions have a network, a tariff, a currency and a running cost, of which nobody had heard."""
    told: EventFields = {"currency": ""}
    if event["kind"] == SessionChanged.kind:
        return event | told | {"cost": None}
    told |= {"tariff": "", "tariff_version": 0}
    return event | told | ({"network": ""} if event["kind"] == SessionStarted.kind else {})


PRESENT = Upcasters(
    entry_version=VERSION,
    event_versions=EVENT_VERSIONS,
    entry_steps={1: _messages_have_a_latency},
    event_steps={(event.kind, 1): _unpriced for event in (SessionStarted, SessionIdentified, SessionChanged)},
)
"""The steps of this release."""
