"""Sessions that begin and end, for the hosts' knowledge of who charges where: the Redis channel `rc:openings`.

One message is one JSON array: [session, charge point, token as said, whether it counts as open, received], the time in
microseconds; `[]` says that messages were left out. The live feed publishes it with its own, from what is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from engine.charging.events import SessionAmended, SessionIdentified, SessionStarted, SessionStopped

CHANNEL = "rc:openings"
GAP = b"[]"

_BEGIN = frozenset({SessionStarted.kind, SessionIdentified.kind})
_END = frozenset({SessionStopped.kind, SessionAmended.kind})


def told(event: Mapping[str, Any]) -> bytes | None:
    """The message that an event of the journal makes, None if it opens and ends nothing.

    Raises KeyError for an event that is none of ours.
    """
    kind = event["kind"]
    if kind in _BEGIN:
        opens = bool(event["id_token"]) and counts(event["authorisation"])
    elif kind in _END:
        opens = False
    else:
        return None
    return orjson.dumps([event["session"], event["charge_point"], event["id_token"], opens, event["received"]])


def counts(authorisation: str) -> bool:
    """Whether a session that was begun with this standing counts for its token: a refused one is the station's own."""
    return authorisation in ("", "Accepted")
