"""Who asked for a command, as a line of the audit log: the journal has it from before the command left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.events import CommandAsked
from engine.projections.ledger_rows import Change, text_of

TABLE = "audit_log"


def read(event: Mapping[str, Any]) -> Change | None:
    """The line that `event` tells; None for any other. Raises KeyError, TypeError, ValueError."""
    if event["kind"] != CommandAsked.kind:
        return None
    line = dict(event["line"])
    # A line is written once: a façade that lost its host may have written this one itself.
    return Change(TABLE, (text_of(line, "id"),), {}, first={name: line[name] for name in line if name != "id"})
