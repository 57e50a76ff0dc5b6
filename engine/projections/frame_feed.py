"""The live message log: every frame of a charge point as it is committed, for those who watch that charge point.

Each watcher listens to the Redis channel `rc:frames:CHARGE_POINT`. Rows of the message log are taken apart only for
charge points that somebody watches; one message on the channel is one frame:

    {"direction": "in", "type": 2, "at": 1767225600000000, "action": "Heartbeat", "message_id": "7",
     "frame": "[2,…]", "latency_us": null, "deviations": []}

`at` is in microseconds. Our answer to a station's CALL is a frame of its own, with the latency that the row has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import orjson

from engine.journal.port import Entry
from engine.journal.records import MESSAGES
from engine.ocpp.frames import CALL, CALL_ERROR, CALL_RESULT, CALL_RESULT_ERROR

PREFIX = "rc:frames:"
_FIELDS = 11
_ANSWERS = {"[4,": CALL_ERROR, "[5,": CALL_RESULT_ERROR}


def channel_of(charge_point: str) -> str:
    """Where a charge point's frames are published."""
    return PREFIX + charge_point


def frames_of(entry: Entry, watched: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(channel, message) of each frame of the watched channels, in order. Rows that are none of ours are left out."""
    rows = entry.channels.get(MESSAGES)
    if not rows:
        return
    # A row begins with its charge point: most entries hold none of the few that are watched, and are not parsed.
    wanted = {name for name in (channel[len(PREFIX) :] for channel in watched) if b"[" + orjson.dumps(name) in rows}
    if not wanted:
        return
    try:
        parsed = orjson.loads(rows)
    except ValueError:
        return
    for row in parsed if isinstance(parsed, list) else ():
        if isinstance(row, list) and len(row) == _FIELDS and row[0] in wanted:
            channel = channel_of(row[0])
            for frame in _frames(row):
                yield channel, orjson.dumps(frame)


def _frames(row: list[Any]) -> Iterator[dict[str, Any]]:
    """The row's own frame, and the answer that it got at once."""
    _, _, at, direction, kind, action, message_id, raw, answer, deviations, latency = row
    yield {
        "direction": direction,
        "type": kind,
        "at": at,
        "action": action,
        "message_id": message_id,
        "frame": raw,
        "latency_us": None if kind == CALL else latency,
        "deviations": deviations,
    }
    if answer is not None:
        yield {
            "direction": "out",
            "type": _ANSWERS.get(answer[:3], CALL_RESULT),
            # Ours to a station's CALL comes with its own latency; a complaint about its answer leaves at once.
            "at": at + (latency or 0) if kind == CALL else at,
            "action": action,
            "message_id": message_id,
            "frame": answer,
            "latency_us": latency if kind == CALL else None,
            "deviations": [],
        }
