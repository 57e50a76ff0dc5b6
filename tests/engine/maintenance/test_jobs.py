"""Jobs in both databases: opened by a person or a fault, blocking their connector until they are closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import select

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import ManualClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.maintenance.book import MAINTENANCE_JOB, BlockedBook, blocked_now
from engine.maintenance.job import NewJob
from engine.maintenance.jobs import Jobs, fault_cleared, one, open_for_fault
from engine.maintenance.orders import OrderRunner
from engine.stores.changes import Change
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_notes, maintenance_orders
from tests.engine.maintenance.world import CHARGE_POINT, TECHNICIAN, furnish
from tests.engine.starts.fleet import OneStation

FAULT = {"network": "default", "charge_point": "cp-1", "evse": 1, "connector": 1, "title": "Faulted: GroundFailure"}


@dataclass
class Workshop:
    database: Database
    clock: ManualClock
    jobs: Jobs
    book: BlockedBook
    announced: list[Change]

    async def fault(self, alert: str = "alert-1") -> str:
        async with self.database.write() as connection:
            return await open_for_fault(connection, self.clock.now(), **FAULT, alert=alert)  # type: ignore[arg-type]

    async def cleared(self, alert: str = "alert-1") -> bool:
        async with self.database.write() as connection:
            return await fault_cleared(connection, self.clock.now(), alert)

    async def history(self, job: str) -> list[str]:
        query = select(maintenance_notes.c.kind).where(maintenance_notes.c.job == job)
        async with self.database.read() as connection:
            return list((await connection.execute(query.order_by(maintenance_notes.c.at))).scalars())

    async def blocked(self, evse: int = 1, connector: int = 1) -> str | None:
        """By the book, which SQL must agree with."""
        await self.book.read()
        told = self.book.blocked(CHARGE_POINT, evse, connector)
        async with self.database.read() as connection:
            assert await blocked_now(connection, CHARGE_POINT, evse, connector) == told
        return told


@pytest_asyncio.fixture
async def workshop(database: Database) -> AsyncIterator[Workshop]:
    clock, announced = ManualClock(), list[Change]()

    async def announce(changes: Sequence[Change]) -> None:
        announced.extend(changes)

    database.announce = announce
    await furnish(database, clock)
    yield Workshop(database, clock, Jobs(database, clock), BlockedBook(database), announced)


async def test_a_fault_opens_one_job_however_often_it_is_told_and_its_end_closes_it(workshop: Workshop) -> None:
    job = await workshop.fault()
    assert await workshop.fault() == job
    assert workshop.announced == [Change(MAINTENANCE_JOB, job)]
    assert await workshop.blocked() == job
    assert await workshop.blocked(2) is None
    workshop.clock.advance(60)
    assert await workshop.cleared()
    assert await workshop.blocked() is None
    async with workshop.database.read() as connection:
        closed = await one(connection, job, EVERYWHERE)
    assert (closed.state, closed.ended, closed.touched) == ("done", workshop.clock.now(), False)
    assert await workshop.history(job) == ["opened", "closed_by_itself"]
    assert not await workshop.cleared()


async def test_a_job_that_somebody_has_touched_outlives_its_fault(workshop: Workshop) -> None:
    job = await workshop.fault()
    assigned = await workshop.jobs.change(job, {"assignee": TECHNICIAN})
    assert assigned.state == "assigned"
    assert not await workshop.cleared()
    assert await workshop.blocked() == job
    done = await workshop.jobs.change(job, {"state": "done", "resolution": "New contactor"})
    assert done.resolution == "New contactor"
    assert await workshop.blocked() is None
    assert (await workshop.jobs.change(job, {"state": "new"})).ended is None
    assert await workshop.blocked() == job


@pytest.mark.parametrize(
    ("evse", "connector", "kept"), [(0, 0, {(1, 1), (1, 2), (2, 1)}), (1, 0, {(1, 1), (1, 2)}), (1, 2, {(1, 2)})]
)
async def test_a_job_keeps_away_from_what_it_is_on(
    workshop: Workshop, evse: int, connector: int, kept: set[tuple[int, int]]
) -> None:
    job = await workshop.jobs.open(NewJob("cp-1", "Clean it", evse, connector))
    assert job.charge_point == CHARGE_POINT
    found = {spot for spot in ((1, 1), (1, 2), (2, 1)) if await workshop.blocked(*spot)}
    assert found == kept
    await workshop.jobs.change(job.id, {"blocking": False})
    assert await workshop.blocked(evse or 1, connector or 1) is None


async def test_what_cannot_be_is_refused_by_name(workshop: Workshop) -> None:
    job = await workshop.jobs.open(NewJob("CP-1", "Clean it"))
    wrong = [
        ({"state": "lost"}, InvalidInput, "state"),
        ({"state": "assigned"}, InvalidInput, "assignee"),
        ({"assignee": "nobody-here"}, NotFound, "assignee"),
        ({"priority": "soon"}, InvalidInput, "priority"),
        ({"title": " "}, InvalidInput, "title"),
        ({"resolution": "Done"}, InvalidInput, "resolution"),
        ({"alert": "x"}, InvalidInput, "alert"),
    ]
    for changes, error, field in wrong:
        with pytest.raises(error) as raised:
            await workshop.jobs.change(job.id, changes)
        assert raised.value.field == field
    with pytest.raises(Changed):
        await workshop.jobs.change(job.id, {"title": "Wash it"}, version=job.version + 1)
    await workshop.jobs.change(job.id, {"state": "cancelled"})
    with pytest.raises(Conflict):
        await workshop.jobs.change(job.id, {"state": "done"})
    with pytest.raises(NotFound):
        await workshop.jobs.change(job.id, {"title": "Wash it"}, Scope(frozenset({"elsewhere"})))
    with pytest.raises(NotFound):
        await workshop.jobs.open(NewJob("CP-1", "Clean it"), Scope(frozenset({"elsewhere"})))
    with pytest.raises(InvalidInput):
        await workshop.jobs.open(NewJob("CP-1", "Clean it", 0, 1))


async def test_the_station_is_told_at_the_beginning_and_at_the_end(workshop: Workshop) -> None:
    station = OneStation(workshop.database, link="offline")
    runner = OrderRunner(workshop.database, station, workshop.clock)
    job = await workshop.jobs.open(NewJob("CP-1", "Clean it", 1, 1, out_of_operation=True))
    assert await runner.carry_out_due() == 1
    # Not there: told nothing, and asked again later by a new id.
    assert await runner.carry_out_due() == 0
    station.link = "connected"
    workshop.clock.advance(61)
    assert await runner.carry_out_due() == 1
    await workshop.jobs.change(job.id, {"state": "done"})
    assert await runner.carry_out_due() == 1
    assert [getattr(operation, "operative", None) for _, operation in station.asked] == [False, False, True]
    assert len({command for command, _ in station.asked}) == 3
    async with workshop.database.read() as connection:
        rows = (await connection.execute(select(maintenance_orders).order_by(maintenance_orders.c.created))).all()
    assert [(row.operative, row.state, row.outcome) for row in rows] == [
        (False, "ended", "Accepted"),
        (True, "ended", "Accepted"),
    ]


async def test_a_kill_while_the_station_is_asked_asks_by_the_same_id(workshop: Workshop) -> None:
    station = OneStation(workshop.database, answer="")
    runner = OrderRunner(workshop.database, station, workshop.clock)
    await workshop.jobs.open(NewJob("CP-1", "Clean it", 1, 1, out_of_operation=True))
    await runner.carry_out_due()
    station.answer = "Accepted"
    workshop.clock.advance(61)
    assert await OrderRunner(workshop.database, station, workshop.clock).carry_out_due() == 1
    assert len(station.asked) == 1
