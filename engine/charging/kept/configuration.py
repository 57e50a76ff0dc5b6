"""The station's settings as we last read them: what it told when asked or in a report, and what it accepted.

1.6's configuration keys and 2.x's variables are one list; each has the time at which it was read.
"""

from __future__ import annotations

from typing import Any

from engine.charging.kept import parts as kept
from engine.charging.kept.facts import ConfigurationLearned
from engine.charging.secrecy import shown
from engine.charging.state import CONF, ChargePointState

MAX_SETTINGS = 4000
"""More attributes of variables than any station has; those that come later are left out."""

MAX_VALUE = 2500
"""The longest value that the device model allows (ReportingValueSize)."""

FIELDS = ("component", "component_instance", "evse", "connector", "key", "instance", "attribute")
"""What tells two settings apart: the first items of a stored row; value, mutability and time follow."""


def learn(state: ChargePointState, fact: ConfigurationLearned, command: str, now: int) -> None:
    """Take over what was told. Secrets' values are hidden; a mutability that was not told again stays known."""
    rows: dict[tuple[Any, ...], list[Any]] = {tuple(row[:7]): row for row in kept.load(state, CONF).get("settings", ())}
    for setting in fact.settings:
        place = tuple(getattr(setting, name) for name in FIELDS)
        known = rows.get(place)
        if known is None and len(rows) >= MAX_SETTINGS:
            continue
        mutability = setting.mutability or (known[8] if known is not None else "")
        value = shown(setting.key, setting.value, mutability)
        rows[place] = [*place, None if value is None else value[:MAX_VALUE], mutability, now]
    kept.store(state, CONF, {"settings": list(rows.values())})


def view(content: kept.Content) -> list[dict[str, Any]]:
    """The settings for people. `read_at` is None for what a former release read without noting when."""
    return [
        {
            **dict(zip(FIELDS, row, strict=False)),
            "value": row[7],
            "mutability": row[8],
            "readonly": row[8] == "ReadOnly",
            "read_at": row[9] or None,
        }
        for row in content.get("settings", ())
    ]
