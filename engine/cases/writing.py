"""Cases in the caller's transaction: found, stored, and what is said in them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.cases.case import COLUMNS, MESSAGE_COLUMNS, MOST_MESSAGES, SYSTEM, Case, Message, checked_text
from engine.cases.course import UNCONFIRMED, WITH_SUPPORT, step
from engine.errors import Conflict, NotFound
from engine.ids import new_id
from engine.stores.sql.tables.cases import case_messages, support_cases

_C, _M = support_cases.c, case_messages.c


async def one(connection: AsyncConnection, id: str, scope: Scope, *, driver: str = "", locked: bool = False) -> Case:
    """A case in the scope, with `driver` only that driver's. Raises NotFound, also for one that is not confirmed."""
    query = select(*COLUMNS).where(_C.id == id, scope.where(_C.network), _C.state != UNCONFIRMED)
    if driver:
        query = query.where(_C.driver == driver)
    row = (await connection.execute(query.with_for_update() if locked else query)).one_or_none()
    if row is None:
        raise unknown()
    return Case(*row)


async def any_state(connection: AsyncConnection, id: str, *, locked: bool = False) -> Case:
    """A case also before its sender has confirmed it. Raises NotFound."""
    query = select(*COLUMNS).where(_C.id == id)
    row = (await connection.execute(query.with_for_update() if locked else query)).one_or_none()
    if row is None:
        raise unknown()
    return Case(*row)


async def store(connection: AsyncConnection, before: Case, after: Case, now: int) -> Case:
    """Write a case down as it is now, one version on. Who waits since when follows from its state."""
    if (after.state in WITH_SUPPORT) != (before.state in WITH_SUPPORT):
        after = replace(after, waiting_since=now)
    after = replace(after, version=before.version + 1, updated=now)
    values = {column.name: getattr(after, column.name) for column in COLUMNS if column.name != "id"}
    await connection.execute(update(support_cases).where(_C.id == after.id).values(values))
    return after


async def say(
    connection: AsyncConnection, now: int, case: str, side: str, text: str, *, internal: bool = False
) -> Message:
    """Add a message in the name of whoever acts. Raises InvalidInput, Conflict where there are too many."""
    words, who = checked_text(text), acting()
    there = select(func.count()).select_from(case_messages).where(_M.case == case)
    if side != SYSTEM and (await connection.execute(there)).scalar_one() >= MOST_MESSAGES:
        raise Conflict(f"A case has {MOST_MESSAGES} messages at most.", field="text", remedy="Open another case.")
    label = who.label if side != "driver" else ""
    made = Message(new_id(), now, side, who.id, label, internal, words)
    row = {column.name: getattr(made, column.name) for column in MESSAGE_COLUMNS}
    await connection.execute(insert(case_messages), row | {"case": case})
    return made


async def driver_wrote(connection: AsyncConnection, now: int, case: Case, text: str) -> Message:
    """What the driver writes; a closed case is open again."""
    said = await say(connection, now, case.id, "driver", text)
    await store(connection, case, replace(case, state=step(case.state, "driver wrote"), closed=None), now)
    return said


def unknown() -> NotFound:
    """The one error for a case that is not there or not to be seen."""
    return NotFound("There is no such case.", field="id", remedy="List what there is for you.")
