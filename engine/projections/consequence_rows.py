"""What commands led to, as rows: the session that a remote start opened, the boot after a reset, a job's progress, a
report, a reservation. The machine has found out which command it was; here it only becomes SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.events import BootReported, SessionIdentified, SessionStarted
from engine.charging.kept.notice_events import JobChanged, ReportAssembled, ReservationChanged
from engine.projections.ledger_rows import Change, integer_of, text_of

TABLE = "command_consequences"

_TOLD: Mapping[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    SessionStarted.kind: ("session", "session", ()),
    SessionIdentified.kind: ("session", "session", ()),
    BootReported.kind: ("boot", "", (("status", "status"), ("info", "reason"))),
    JobChanged.kind: ("job", "job", (("status", "status"), ("state", "state"), ("info", "info"))),
    ReportAssembled.kind: ("report", "report", ()),
    ReservationChanged.kind: ("reservation", "", (("state", "state"), ("info", "session"))),
}
"""Event → kind of consequence, the field that names it ("" where a command has one at most), column ← field."""


def read(event: Mapping[str, Any]) -> Change | None:
    """The consequence that `event` tells, None if no command led to it. Raises KeyError, TypeError, ValueError."""
    told = _TOLD.get(event["kind"])
    if told is None or not event.get("command"):
        return None
    kind, subject, fields = told
    received = integer_of(event, "received")
    columns: dict[str, Any] = {column: text_of(event, field) for column, field in fields}
    columns |= {"charge_point": text_of(event, "charge_point"), "updated": received}
    key = (text_of(event, "command"), kind, text_of(event, subject) if subject else "")
    return Change(TABLE, key, columns, first={"began": received})
