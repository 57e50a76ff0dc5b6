"""What people do with alerts: look, acknowledge, take over, comment, resolve. All of it is in history and audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.alerts import tracking
from engine.alerts.alert import (
    ACKNOWLEDGED,
    BY_PERSON,
    COLUMNS,
    EVENT_COLUMNS,
    OPEN,
    RESOLVED,
    Alert,
    AlertEvent,
    alert_of,
    append,
)
from engine.alerts.machine import dismiss
from engine.alerts.opening import resolve, write
from engine.alerts.rule_book import rule_in
from engine.alerts.rules import SEVERITIES
from engine.alerts.telling import tell_subscribers
from engine.clock import Clock
from engine.errors import Changed, Conflict, NotFound
from engine.stores.audit import note as audited
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.alerts import alert_events, alerts
from engine.stores.sql.tables.people import grants, users

_LISTING = Listing(
    {
        "opened": (alerts.c.opened, int),
        "last": (alerts.c.last, int),
        "rule": (alerts.c.rule, str),
        "state": (alerts.c.state, str),
    },
    alerts.c.id,
    "-opened",
)
_HISTORY = Listing({"at": (alert_events.c.at, int)}, alert_events.c.id, "at")
UNRESOLVED = "unresolved"
"""As a state to filter by: open or acknowledged."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which are wanted, "" and None: any. `since` ≤ opened < `until`, microseconds. `assignee` "-" is nobody."""

    state: str = ""
    severity: str = ""
    rule: str = ""
    network: str = ""
    station: str = ""
    charge_point: str = ""
    assignee: str = ""
    since: int | None = None
    until: int | None = None


class Alerts:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(self, wanted: AlertFilter, scope: Scope, page: Wanted) -> Page[Alert]:
        """The newest first, unless `page` says otherwise."""
        query = _filtered(select(*COLUMNS).where(scope.where(alerts.c.network)), wanted)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, page, alert_of)

    async def get(self, id: str, scope: Scope) -> Alert:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, id, scope)

    async def history(self, id: str, scope: Scope, page: Wanted) -> Page[AlertEvent]:
        """What became of it, the oldest first. Raises NotFound."""
        async with self._database.read() as connection:
            await _one(connection, id, scope)
            query = select(*EVENT_COLUMNS).where(alert_events.c.alert == id)
            return await _HISTORY.page(connection, query, page, lambda row: AlertEvent(*row))

    async def counts(self, scope: Scope) -> Mapping[str, Mapping[str, int]]:
        """How many of each severity are open and how many acknowledged."""
        query = select(alerts.c.severity, alerts.c.state, func.count()).where(
            scope.where(alerts.c.network), alerts.c.state.in_((OPEN, ACKNOWLEDGED))
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query.group_by(alerts.c.severity, alerts.c.state))).all()
        found = {(severity, state): count for severity, state, count in rows}
        return {
            state: {severity: found.get((severity, state), 0) for severity in SEVERITIES}
            for state in (OPEN, ACKNOWLEDGED)
        }

    async def labels(self, accounts: Collection[str]) -> Mapping[str, str]:
        """The e-mail addresses of accounts."""
        if not accounts:
            return {}
        async with self._database.read() as connection:
            rows = await connection.execute(select(users.c.id, users.c.email).where(users.c.id.in_(sorted(accounts))))
            return {row.id: row.email for row in rows}

    # what people do --------------------------------------------------------------------------------------------------

    async def acknowledge(self, id: str, scope: Scope, *, note: str = "", version: int | None = None) -> Alert:
        """Somebody has taken notice: nobody else is told any more. Again it changes nothing. Raises NotFound, Changed,
        Conflict for one that is resolved."""
        now = self._clock.now()
        async with self._database.write() as connection:
            alert = await _unresolved(connection, id, scope, version)
            if alert.state == ACKNOWLEDGED:
                return alert
            who = acting()
            after = replace(alert, state=ACKNOWLEDGED, acknowledged=now, acknowledged_by=who.id, due=None)
            after = await write(connection, alert, after, now)
            await append(connection, after, now, "acknowledged", note=note)
            await tell_subscribers(connection, now, after, "acknowledged")
            await _audited(connection, now, "acknowledged", alert, after)
        return after

    async def assign(self, id: str, account: str, scope: Scope, *, version: int | None = None) -> Alert:
        """Give it to somebody who has a role there; "" to nobody. Raises NotFound, Changed, Conflict, InvalidInput."""
        now = self._clock.now()
        async with self._database.write() as connection:
            alert = await _unresolved(connection, id, scope, version)
            if account:
                await _need_somebody(connection, account, alert.network)
            if account == alert.assignee:
                return alert
            after = await write(connection, alert, replace(alert, assignee=account), now)
            await append(connection, after, now, "assigned", says={"assignee": account})
            await _audited(connection, now, "assigned", alert, after)
        return after

    async def comment(self, id: str, text: str, scope: Scope) -> Alert:
        """Write a line into the history, also of one that is resolved. Raises NotFound."""
        now = self._clock.now()
        async with self._database.write() as connection:
            alert = await _one(connection, id, scope, lock=True)
            after = await write(connection, alert, alert, now)
            await append(connection, after, now, "commented", note=text)
            await audited(connection, now, "commented", "alert", id, network=alert.network)
        return after

    async def resolve(self, id: str, scope: Scope, *, note: str = "", version: int | None = None) -> Alert:
        """Somebody says that it is over. While its condition lasts no other is opened. Raises NotFound, Changed,
        Conflict."""
        now = self._clock.now()
        seen = await self.get(id, scope)
        async with self._database.write() as connection:
            # The condition first, as everybody does who holds both.
            track = await tracking.held_track(connection, seen.key)
            alert = await _unresolved(connection, id, scope, version)
            rule = await rule_in(connection, alert.network, alert.rule)
            after = await resolve(connection, alert, now, rule, BY_PERSON, by=acting().id, note=note)
            if track is not None:
                await tracking.keep_track(connection, seen.key, dismiss(track, now), now)
            await _audited(connection, now, "resolved", alert, after)
        return after

    async def acknowledge_all(self, ids: Sequence[str], scope: Scope, *, note: str = "") -> Mapping[str, str]:
        """Each by itself. Returns what became of each: acknowledged, resolved (it was already) or unknown."""
        found: dict[str, str] = {}
        for id in dict.fromkeys(ids):
            try:
                found[id] = (await self.acknowledge(id, scope, note=note)).state
            except NotFound:
                found[id] = "unknown"
            except Conflict:
                found[id] = RESOLVED
        return found


def _filtered(query: Select[Any], wanted: AlertFilter) -> Select[Any]:
    table = alerts.c
    if wanted.state == UNRESOLVED:
        query = query.where(table.state.in_((OPEN, ACKNOWLEDGED)))
    elif wanted.state:
        query = query.where(table.state == wanted.state)
    for name in ("severity", "rule", "network", "station"):
        if value := getattr(wanted, name):
            query = query.where(table[name] == value)
    if wanted.charge_point:
        query = query.where(func.lower(table.charge_point) == wanted.charge_point.lower())
    if wanted.assignee:
        query = query.where(table.assignee == ("" if wanted.assignee == "-" else wanted.assignee))
    if wanted.since is not None:
        query = query.where(table.opened >= wanted.since)
    return query if wanted.until is None else query.where(table.opened < wanted.until)


async def _one(connection: AsyncConnection, id: str, scope: Scope, *, lock: bool = False) -> Alert:
    query = select(*COLUMNS).where(alerts.c.id == id, scope.where(alerts.c.network))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such alert.", field="id", remedy="List what there is for you.")
    return alert_of(row)


async def _unresolved(connection: AsyncConnection, id: str, scope: Scope, version: int | None) -> Alert:
    alert = await _one(connection, id, scope, lock=True)
    if version is not None and version != alert.version:
        raise Changed
    if alert.state == RESOLVED:
        raise Conflict("This alert is resolved.", field="state", remedy="See whether there is a newer one.")
    return alert


async def _need_somebody(connection: AsyncConnection, account: str, network: str | None) -> None:
    """Somebody can only be given what they can see."""
    here = (
        grants.c.network.is_(None) if network is None else (grants.c.network.is_(None) | (grants.c.network == network))
    )
    query = select(users.c.id).join(grants, and_(grants.c.account == users.c.id, here))
    query = query.where(users.c.id == account, users.c.kind == "staff", users.c.disabled.is_(False))
    if (await connection.execute(query.limit(1))).first() is None:
        raise NotFound("Nobody of this id has a role there.", field="assignee", remedy="Give an account's id.")


async def _audited(connection: AsyncConnection, now: int, verb: str, before: Alert, after: Alert) -> None:
    names = ("state", "assignee", "acknowledged_by", "resolution")
    states = [{name: getattr(each, name) for name in names} for each in (before, after)]
    await audited(connection, now, verb, "alert", before.id, network=before.network, before=states[0], after=states[1])
