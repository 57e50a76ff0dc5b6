"""The channels of a journal entry, and the shape of a record in each.

Records that go to ClickHouse by the thousand (`m`, `o`) are positional JSON arrays, written once by the host and handed
on as bytes: no consumer takes them apart. `VERSION` counts up with every change of a shape below; entries carry the
version they were written with, `upcast.py` lifts older ones.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 2

EVENTS: Final = "e"
"""Every event except StatusChanged: a JSON object, the event's fields plus "kind" and "version"."""

STATUS: Final = "c"
"""StatusChanged events: the same form."""

SESSIONS: Final = "s"
"""SessionStopped events once more, for the analytics' `sessions` table."""

METERS: Final = "m"
"""One row a meter reading: [charge_point, evse, connector, session, transaction, said, believed, received,
[[measurand, phase, location, context, format, unit, raw, value, base_unit], …]].

`said` is text or null, `believed` and `received` are microseconds, `raw` is the text as said, `value` decimal text in
`base_unit` or null."""

MESSAGES: Final = "o"
"""One row a frame, with our answer to it where it is a station's CALL: [charge_point, connection, received, direction,
type, action, message_id, raw, answer, deviations, latency].

`direction` is "in" or "out", `type` the OCPP-J message type number (0 unreadable), `answer` the text of our answer or
null, `deviations` a list of names, `latency` microseconds or null: of a station's CALL until our answer (the wait for
the commit is taken to be as long as that of the last one, for the row itself is in it), of a station's answer since our
CALL left. `raw` and `answer` are redacted (engine/ocpp/redaction.py). Version 1 had no `latency`."""

CHANNELS = (EVENTS, STATUS, SESSIONS, METERS, MESSAGES)
