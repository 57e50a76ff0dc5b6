"""What is known about a station beside its charging: one snapshot part for each concern, kept as that part's bytes.

It is large (a device model has a thousand variables) and hardly ever looked at, so a host with tens of thousands of
stations holds it packed; only a change or a question unpacks it. Each part has a version of its own, older ones are
lifted when they are read. Bounds are named where a concern is handled (`station_configuration.py`, `reports.py` …).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from engine.charging.state import CONF, ChargePointState

LOCAL_LIST = "list"
CERTIFICATES = "certs"
PROFILES = "profiles"
RESERVATIONS = "reservations"
JOBS = "jobs"
MONITORS = "monitors"
DISPLAYS = "displays"
LIMITS = "limits"
NEEDS = "needs"
REPORTS = "reports"
TOLD = "told"
NAMES = frozenset(
    {CONF, LOCAL_LIST, CERTIFICATES, PROFILES, RESERVATIONS, JOBS, MONITORS, DISPLAYS, LIMITS, NEEDS, REPORTS, TOLD}
)

PIECE = "p:"
"""What the part of one report message begins with: request and number follow (`reports.py`)."""

WHOLE = "r:"
"""What the part of an assembled report begins with: the request follows."""

VERSIONS: Mapping[str, int] = {CONF: 2}
"""The present version of each part; those that are not named are in their first."""

MAX_BYTES = 128 * 1024
"""Of one part, packed: nine times what a device model of 1,500 variables takes."""

Content = dict[str, Any]

_PACK_ABOVE = 400
"""Bytes above which packing pays."""


def _settings_of_first_conf(content: Content) -> Content:
    """Version 1 had 1.6's keys alone, without the time at which they were read."""
    rows = [
        [*("", "", None, None, key, "", "Actual"), value, "ReadOnly" if readonly else "ReadWrite", 0]
        for key, (value, readonly) in content["keys"].items()
    ]
    return {"v": 2, "settings": rows}


UPCASTERS: dict[tuple[str, int], Callable[[Content], Content]] = {(CONF, 1): _settings_of_first_conf}
"""(part, version) → what makes the next version of it."""


def is_kept(part: str) -> bool:
    """Whether a snapshot part is one of these."""
    return part in NAMES or part.startswith((PIECE, WHOLE))


def load(state: ChargePointState, part: str) -> Content:
    """A part's content, {} if there is none. Change it and `store` it."""
    return read(part, state.kept.get(part))


def store(state: ChargePointState, part: str, content: Content, most: int = MAX_BYTES) -> None:
    """Keep a part's content; it goes into the snapshot with this step's commit.

    Counts are bounded where a concern is handled; what is still too long loses the oldest of its longest list.
    """
    content = {**content, "v": VERSIONS.get(part, 1)}
    data = packed(content)
    while len(data) > most:
        lists = [name for name, value in content.items() if isinstance(value, list) and value]
        if not lists:
            break
        longest = max(lists, key=lambda name: len(orjson.dumps(content[name])))
        content[longest] = content[longest][len(content[longest]) // 4 + 1 :]
        data = packed(content)
    state.kept[part] = data
    state.dirty.add(part)


def drop(state: ChargePointState, part: str) -> None:
    """Forget a part, in the snapshot as well."""
    if state.kept.pop(part, None) is not None:
        state.dirty.add(part)


def packed(content: Content) -> bytes:
    """A part's bytes: JSON, or where that is long zlib's stream of it (which cannot begin with a brace)."""
    data = orjson.dumps(content)
    return data if len(data) <= _PACK_ABOVE else zlib.compress(data, 3)


def read(part: str, data: bytes | None) -> Content:
    """The content of a part's bytes in today's version, {} for none. Raises ValueError for a newer release's."""
    if not data:
        return {}
    content: Content = orjson.loads(data if data.startswith(b"{") else zlib.decompress(data))
    version = content["v"]
    present = VERSIONS.get(part, 1)
    while version < present:
        content = UPCASTERS[part, version](content)
        version += 1
    if version > present:
        raise ValueError(f"snapshot part {part!r} has version {version}, this release knows up to {present}")
    return content
