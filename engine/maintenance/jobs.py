"""Jobs in SQL: opened by a person or by a fault, changed by people, closed by the end of the fault if nobody has yet.

The two functions at the end are for whoever watches faults (engine/alerts): they write in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Changed, InvalidInput, NotFound
from engine.ids import new_id
from engine.maintenance.book import MAINTENANCE_JOB
from engine.maintenance.course import ASSIGNED, CLOSED, DONE, NEW, after_assignment, check_step
from engine.maintenance.history import write_down
from engine.maintenance.job import COLUMNS, NO_DUE, Job, NewJob, audited, check_job
from engine.maintenance.orders import give_order
from engine.stores.audit import note
from engine.stores.changes import Change
from engine.stores.people.colleagues import need_colleague
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database, announce_after
from engine.stores.sql.tables.maintenance import maintenance_jobs
from engine.stores.sql.tables.places import charge_points, stations

_J = maintenance_jobs.c
CHANGEABLE = frozenset({"title", "description", "priority", "state", "assignee", "due", "blocking", "resolution"})


class Jobs:
    """What people do to jobs. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def open(self, new: NewJob, scope: Scope = EVERYWHERE) -> Job:
        """Open one. Raises InvalidInput, NotFound (charge point or assignee), also for what is out of the scope."""
        check_job(new.title, new.description, new.priority, new.evse, new.connector)
        now, id = self._clock.now(), new_id()
        async with self._database.write() as connection:
            charge_point, station, network = await _place(connection, new.charge_point, scope)
            await need_colleague(connection, new.assignee, network)
            row = _row(new, id, now, network, station, charge_point)
            row |= {"assignee": new.assignee, "state": ASSIGNED if new.assignee else NEW, "touched": True}
            await connection.execute(insert(maintenance_jobs), row)
            await write_down(connection, now, id, "opened", new.title)
            if new.out_of_operation:
                await give_order(connection, now, id, charge_point, new.evse, new.connector, False)
            job = await one(connection, id, EVERYWHERE)
            await note(connection, now, "created", "maintenance_job", id, network=network, after=audited(job))
            announce_after(connection, [Change(MAINTENANCE_JOB, id)])
        return job

    async def change(
        self, id: str, changes: Mapping[str, Any], scope: Scope = EVERYWHERE, version: int | None = None
    ) -> Job:
        """Change any of `CHANGEABLE`. Raises NotFound, InvalidInput, Changed, Conflict for a step that cannot be."""
        if unknown := changes.keys() - CHANGEABLE:
            raise InvalidInput(f"A job's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await one(connection, id, scope, locked=True)
            if version is not None and version != before.version:
                raise Changed
            after = _after(before, changes, now)
            if after.assignee != before.assignee:
                await need_colleague(connection, after.assignee, after.network)
            await _store(connection, after)
            await _tell(connection, now, before, after)
        return after


def _after(before: Job, changes: Mapping[str, Any], now: int) -> Job:
    """The job with `changes`, checked."""
    values = dict(changes)
    if "due" in values:
        values["due"] = NO_DUE if values["due"] is None else values["due"]
    if "state" in values:
        check_step(before.state, values["state"])
    elif "assignee" in values:
        values["state"] = after_assignment(before.state, values["assignee"])
    after = replace(before, **values, touched=True, version=before.version + 1, updated=now)
    check_job(after.title, after.description, after.priority, after.evse, after.connector)
    if after.state == ASSIGNED and not after.assignee:
        raise InvalidInput("Nobody has it yet.", field="assignee", remedy="Name who is to do it.")
    closes = after.state in CLOSED
    if not closes and after.resolution and "resolution" in changes:
        raise InvalidInput("It is not done yet.", field="resolution", remedy="Give the resolution with the end.")
    return replace(after, ended=(before.ended or now) if closes else None, resolution=after.resolution * closes)


async def _tell(connection: AsyncConnection, now: int, before: Job, after: Job) -> None:
    """History, audit, the station and the books, of a change that was written."""
    if after.state != before.state:
        said = f"{before.state} → {after.state}" + (f": {after.resolution}" if after.resolution else "")
        await write_down(connection, now, after.id, "state", said)
    if after.assignee != before.assignee:
        await write_down(connection, now, after.id, "assigned", after.assignee or "nobody")
    for name in ("priority", "due", "blocking"):
        if getattr(after, name) != getattr(before, name):
            await write_down(connection, now, after.id, name, f"{getattr(before, name)} → {getattr(after, name)}")
    if before.out_of_operation and before.open != after.open:
        spot = after.charge_point, after.evse, after.connector
        await give_order(connection, now, after.id, *spot, not after.open)
    told = {"before": audited(before), "after": audited(after)}
    await note(connection, now, "changed", "maintenance_job", after.id, network=after.network, **told)
    announce_after(connection, [Change(MAINTENANCE_JOB, after.id)])


async def one(connection: AsyncConnection, id: str, scope: Scope, *, locked: bool = False) -> Job:
    """The job. Raises NotFound, also for one outside of the scope."""
    query = select(*COLUMNS).where(_J.id == id, scope.where(_J.network))
    row = (await connection.execute(query.with_for_update() if locked else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such maintenance job.", field="id", remedy="List what there is for you.")
    return Job(*row)


async def touch(connection: AsyncConnection, job: Job, now: int) -> Job:
    """Write down that a person did something about it. Returns the job as it is then."""
    after = replace(job, touched=True, version=job.version + 1, updated=now)
    await _store(connection, after)
    return after


async def _store(connection: AsyncConnection, job: Job) -> None:
    values = {column.name: getattr(job, column.name) for column in COLUMNS if column.name != "id"}
    await connection.execute(update(maintenance_jobs).where(_J.id == job.id).values(values))


async def _place(connection: AsyncConnection, charge_point: str, scope: Scope) -> tuple[str, str, str]:
    """Id as registered, station and network. Raises NotFound."""
    query = select(charge_points.c.id, stations.c.id.label("station"), stations.c.network_id).join(
        stations, stations.c.id == charge_points.c.station_id
    )
    found = (await connection.execute(query.where(charge_points.c.folded == charge_point.lower()))).one_or_none()
    if found is None or not scope.covers(found.network_id):
        raise NotFound("There is no such charge point.", field="charge_point", remedy="List what there is for you.")
    return found.id, found.station, found.network_id


def _row(new: NewJob, id: str, now: int, network: str, station: str, charge_point: str) -> dict[str, Any]:
    return {
        "id": id,
        "network": network,
        "station": station,
        "charge_point": charge_point,
        "folded": charge_point.lower(),
        "evse": new.evse,
        "connector": new.connector,
        "title": new.title.strip(),
        "description": new.description,
        "priority": new.priority,
        "due": NO_DUE if new.due is None else new.due,
        "blocking": new.blocking,
        "out_of_operation": new.out_of_operation,
        "opened_by": acting().id,
        "created": now,
        "updated": now,
    }


# for whoever watches faults ------------------------------------------------------------------------------------------


async def open_for_fault(
    connection: AsyncConnection,
    at: int,
    *,
    network: str,
    charge_point: str,
    evse: int,
    connector: int,
    title: str,
    alert: str,
    description: str = "",
    priority: str = "high",
) -> str:
    """Open a blocking job for a fault at `at` (microseconds), in the caller's transaction. Returns the job's id.

    The same alert opens one job, however often it is told. Raises NotFound for a charge point that is not registered.
    """
    known = (await connection.execute(select(_J.id).where(_J.alert == alert))).scalar_one_or_none()
    if known is not None:
        return str(known)
    name, station, _ = await _place(connection, charge_point, EVERYWHERE)
    new, id = NewJob(name, title[:200], evse, connector, description[:4000], priority), new_id()
    row = _row(new, id, at, network, station, name) | {"alert": alert}
    statement = upsert(connection.dialect.name, maintenance_jobs).on_conflict_do_nothing(index_elements=[_J.alert])
    await connection.execute(statement, row)
    held = str((await connection.execute(select(_J.id).where(_J.alert == alert))).scalar_one())
    if held == id:
        await write_down(connection, at, id, "opened", f"By the alert {alert}: {title}")
        await note(connection, at, "created", "maintenance_job", id, network=network, after={"alert": alert})
        announce_after(connection, [Change(MAINTENANCE_JOB, id)])
    return held


async def fault_cleared(connection: AsyncConnection, at: int, alert: str) -> bool:
    """The fault of `alert` is over: close its job at `at` (microseconds) if nobody has touched it. Whether it was."""
    query = select(*COLUMNS).where(_J.alert == alert).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None or not Job(*row).open:
        return False
    before = Job(*row)
    if before.touched:
        await write_down(connection, at, before.id, "fault_cleared", "The fault has cleared; the job stays open.")
        return False
    after = replace(before, state=DONE, resolution="The fault cleared by itself.", ended=at, updated=at)
    after = replace(after, version=before.version + 1)
    await _store(connection, after)
    await write_down(connection, at, after.id, "closed_by_itself", after.resolution)
    told = {"before": audited(before), "after": audited(after)}
    await note(connection, at, "changed", "maintenance_job", after.id, network=after.network, **told)
    announce_after(connection, [Change(MAINTENANCE_JOB, after.id)])
    return True
