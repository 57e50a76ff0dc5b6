"""What people do on a job: notes, and the parts that went in."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.maintenance.history import NOTE, Note, write_down
from engine.maintenance.job import MAX_TEXT, MOST_PARTS, Part, check_part
from engine.maintenance.jobs import one, touch
from engine.stores.audit import note
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_parts

_P = maintenance_parts.c


class JobWork:
    """All methods raise StoreUnavailable while SQL does not answer, and NotFound for jobs outside of the scope."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def add_note(self, job: str, text: str, scope: Scope = EVERYWHERE) -> Note:
        """Write something into a job's history; it cannot be changed any more. Raises InvalidInput."""
        if not 1 <= len(text.strip()) <= MAX_TEXT:
            raise InvalidInput(f"A note has 1 to {MAX_TEXT} characters.", field="text", remedy="Write two.")
        now = self._clock.now()
        async with self._database.write() as connection:
            found = await one(connection, job, scope, locked=True)
            await touch(connection, found, now)
            made = await write_down(connection, now, job, NOTE, text.strip())
            await note(connection, now, "created", "maintenance_note", made.id, network=found.network)
        return made

    async def add_part(self, job: str, part: Part, scope: Scope = EVERYWHERE) -> Part:
        """Write down a part that went in; its `id` and `at` are made here. Raises InvalidInput, Conflict."""
        check_part(part)
        now, id = self._clock.now(), new_id()
        made = Part(id, part.name.strip(), part.number.strip(), part.quantity, part.cost, part.currency, now)
        row = {name: getattr(made, name) for name in ("id", "name", "number", "quantity", "cost", "currency", "at")}
        async with self._database.write() as connection:
            found = await one(connection, job, scope, locked=True)
            there = select(func.count()).select_from(maintenance_parts).where(_P.job == job)
            if (await connection.execute(there)).scalar_one() >= MOST_PARTS:
                raise Conflict(f"A job has {MOST_PARTS} parts at most.", field="id", remedy="Open another job.")
            await touch(connection, found, now)
            await connection.execute(insert(maintenance_parts), row | {"job": job})
            await write_down(connection, now, job, "part", f"{made.quantity} × {made.name} {made.number}".strip())
            await note(connection, now, "created", "maintenance_part", id, network=found.network)
        return made

    async def remove_part(self, job: str, part: str, scope: Scope = EVERYWHERE) -> None:
        """Take back a part that was written down by mistake; the history keeps both. Raises NotFound."""
        now = self._clock.now()
        async with self._database.write() as connection:
            found = await one(connection, job, scope, locked=True)
            gone = delete(maintenance_parts).where(_P.job == job, _P.id == part)
            name = (await connection.execute(select(_P.name).where(_P.id == part))).scalar_one_or_none()
            if not (await connection.execute(gone)).rowcount:
                raise NotFound("There is no such part.", field="part", remedy="See the job's parts.")
            await touch(connection, found, now)
            await write_down(connection, now, job, "part_removed", str(name))
            await note(connection, now, "deleted", "maintenance_part", part, network=found.network)
