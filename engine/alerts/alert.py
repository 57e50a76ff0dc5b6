"""An alert as it is kept: one row from its opening to its end, and the history beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.alerts.conditions import Subject
from engine.clock import to_iso
from engine.stores.changes import LiveChange
from engine.stores.sql.engine import announce_after
from engine.stores.sql.tables.alerts import alert_events, alerts

OPEN, ACKNOWLEDGED, RESOLVED = "open", "acknowledged", "resolved"
STATES = (OPEN, ACKNOWLEDGED, RESOLVED)
BY_PERSON, BY_CONDITION, BY_RULE = "person", "condition", "rule"
NOBODY_S_CHARGE_POINT = "/"
"""On the live feed instead of a charge point: no charge point can have this id, so it is within the whole only."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Times in microseconds. `due` is when somebody is told again; `told` are the accounts that know that it opened.

    `resolution`: person, condition, or rule (which was turned off). `previous` is the subject's alert before.
    """

    id: str
    key: str
    rule: str
    severity: str
    network: str | None
    station: str
    charge_point: str
    evse: int | None
    connector: int | None
    name: str
    title: str
    says: Mapping[str, Any]
    state: str
    opened: int
    last: int
    updated: int
    count: int = 1
    assignee: str = ""
    acknowledged_by: str = ""
    acknowledged: int | None = None
    resolution: str = ""
    resolved_by: str = ""
    resolved: int | None = None
    previous: str = ""
    job: str = ""
    told: tuple[str, ...] = ()
    step: int = 0
    due: int | None = None
    version: int = 1

    @property
    def subject(self) -> Subject:
        return Subject(self.charge_point, self.evse, self.connector, self.name)


COLUMNS = [alerts.c[each.name] for each in fields(Alert)]


def alert_of(row: Any) -> Alert:
    """Of a row of `COLUMNS`."""
    found = Alert(*row)
    return Alert(**asdict(found) | {"told": tuple(found.told)})


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """A line of an alert's history."""

    id: str
    alert: str
    at: int
    kind: str
    actor_kind: str
    actor: str
    actor_label: str
    note: str
    says: Mapping[str, Any] | None


EVENT_COLUMNS = [alert_events.c[each.name] for each in fields(AlertEvent)]


async def append(
    connection: AsyncConnection,
    alert: Alert,
    at: int,
    kind: str,
    *,
    note: str = "",
    says: Mapping[str, Any] | None = None,
) -> None:
    """A line of history, by whoever acts. `alert` is as it is afterwards: lines of one time follow its versions."""
    who = acting()
    about = {"actor_kind": who.kind, "actor": who.id, "actor_label": who.label, "note": note}
    row = {"id": f"{alert.id}.{alert.version:09d}", "alert": alert.id, "at": at, "kind": kind}
    await connection.execute(insert(alert_events), row | about | {"says": None if says is None else dict(says)})


async def held(connection: AsyncConnection, key: str) -> Alert | None:
    """The subject's alert that is not resolved, kept from others until the end of the transaction."""
    row = (await connection.execute(select(*COLUMNS).where(alerts.c.holds == key).with_for_update())).one_or_none()
    return None if row is None else alert_of(row)


def announce(connection: AsyncConnection, alert: Alert, at: int) -> None:
    """Have those who watch told of it once the transaction is committed."""
    data = {
        **{name: getattr(alert, name) for name in ("rule", "severity", "state", "title", "network", "station")},
        **{name: getattr(alert, name) for name in ("evse", "connector", "assignee", "count", "job", "resolution")},
        "alert": alert.id,
        "opened_at": to_iso(alert.opened),
        "last_at": to_iso(alert.last),
    }
    place = alert.charge_point or NOBODY_S_CHARGE_POINT
    announce_after(connection, [LiveChange("alert", alert.id, place, at, data)])
