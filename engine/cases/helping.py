"""What support does: open a case for a caller, answer, note for itself, take on, close, link what belongs to a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import EVERYWHERE, Scope
from engine.cases import wording
from engine.cases.case import (
    LINK_KINDS,
    MAX_SUBJECT,
    SUPPORT,
    SYSTEM,
    Case,
    Link,
    Message,
    NewCase,
    audited,
    check_case,
)
from engine.cases.course import CATEGORIES, CLOSED, WAITING, step
from engine.cases.opening import by_support
from engine.cases.secret import CaseLinks
from engine.cases.writing import one, say, store
from engine.clock import Clock, SystemClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.notices.kinds import CASE_ANSWERED
from engine.notices.telling import Notice, tell
from engine.outbox.letter import put
from engine.stores.audit import note
from engine.stores.people.colleagues import need_colleague
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import commands, sessions
from engine.stores.sql.tables.alerts import alerts
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.cases import case_links
from engine.stores.sql.tables.maintenance import maintenance_jobs
from engine.stores.sql.tables.payments import payments
from engine.stores.whereabouts import said_within, session_within

CHANGEABLE = frozenset({"state", "assignee", "category", "subject", "resolution"})
MOST_LINKS = 200


class Helping:
    """All methods raise StoreUnavailable while SQL does not answer, and NotFound for cases outside of the scope."""

    def __init__(self, database: Database, links: CaseLinks, clock: Clock | None = None) -> None:
        self._database, self._links, self._clock = database, links, clock or SystemClock()

    async def answer(
        self, id: str, text: str, scope: Scope = EVERYWHERE, *, internal: bool = False, version: int | None = None
    ) -> Message:
        """Answer, which the driver is told of; or with `internal` note something for support alone.

        Raises InvalidInput, Conflict, Changed if the case is another one than `version`.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            case = await one(connection, id, scope, locked=True)
            if version is not None and version != case.version:
                raise Changed
            said = await say(connection, now, id, SUPPORT, text, internal=internal)
            told = {"message": said.id, "internal": internal}
            await note(connection, now, "answered", "case", id, network=case.network, after=told)
            if internal:
                await store(connection, case, case, now)
                return said
            first = case.first_answer if case.first_answer is not None else now
            after = replace(case, state=step(case.state, "answered"), first_answer=first)
            await store(connection, case, replace(after, assignee=case.assignee or acting().id), now)
            await self._tell(connection, now, case, said)
        return said

    async def open(self, new: NewCase, driver: str = "", scope: Scope = EVERYWHERE, *, internal: bool = True) -> Case:
        """Open a case for somebody who has called, about a session, a charge point or a driver; whoever opens it sees
        to it. `text` is a note for support alone, or without `internal` an answer, which the driver is told of.

        Raises InvalidInput.
        """
        check_case(new)
        now = self._clock.now()
        async with self._database.write() as connection:
            case, said = await by_support(connection, new, driver, scope, now, internal=internal)
            if not internal:
                await self._tell(connection, now, case, said)
        return case

    async def change(
        self, id: str, changes: Mapping[str, Any], scope: Scope = EVERYWHERE, version: int | None = None
    ) -> Case:
        """Change any of `CHANGEABLE`; `state` to closed, or from closed to waiting. Raises as `answer`."""
        if unknown := changes.keys() - CHANGEABLE:
            raise InvalidInput(f"A case's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await one(connection, id, scope, locked=True)
            if version is not None and version != before.version:
                raise Changed
            after = _after(before, changes, now)
            if after.assignee != before.assignee:
                await need_colleague(connection, after.assignee, after.network)
            after = await store(connection, before, after, now)
            if after.state != before.state:
                said = f"{before.state} → {after.state}" + (f": {after.resolution}" if after.resolution else "")
                await say(connection, now, id, SYSTEM, said, internal=True)
            told = {"before": audited(before), "after": audited(after)}
            await note(connection, now, "changed", "case", id, network=after.network, **told)
        return after

    async def link(self, id: str, kind: str, subject: str, scope: Scope = EVERYWHERE) -> Link:
        """Say that something belongs to a case: what was done about it, or what it is about. Again changes nothing.

        Raises InvalidInput, NotFound for a thing that is not there or outside of the case's network, Conflict.
        """
        if kind not in LINK_KINDS:
            raise InvalidInput(f"A case has no {kind!r}.", field="kind", remedy=f"Use one of: {', '.join(LINK_KINDS)}.")
        now = self._clock.now()
        async with self._database.write() as connection:
            case = await one(connection, id, scope, locked=True)
            await _need(connection, kind, subject, Scope(frozenset({case.network})))
            there = select(func.count()).select_from(case_links).where(case_links.c.case == id)
            if (await connection.execute(there)).scalar_one() >= MOST_LINKS:
                raise Conflict(f"A case has {MOST_LINKS} links at most.", field="subject", remedy="Open another case.")
            made = Link(kind, subject, acting().id, now)
            row = {"case": id, "kind": kind, "subject": subject, "author": made.author, "at": now}
            keys = ["case", "kind", "subject"]
            statement = upsert(connection.dialect.name, case_links).on_conflict_do_nothing(index_elements=keys)
            if (await connection.execute(statement, row)).rowcount:
                told = {"kind": kind, "subject": subject}
                await note(connection, now, "linked", "case", id, network=case.network, after=told)
        return made

    async def _tell(self, connection: AsyncConnection, now: int, case: Case, said: Message) -> None:
        facts = {"number": case.number, "subject": case.subject, "answer": said.text}
        if case.driver:
            path = f"/drive/cases/{case.id}"
            notice = Notice(case.driver, case.network, CASE_ANSWERED, f"case:{said.id}", facts, path)
            await tell(connection, now, notice, self._links.facade_url)
        elif case.email:
            facts["link"] = self._links.page(case.id)
            letter = wording.answer(case.email, case.network, case.language, facts, f"case:{said.id}")
            await put(connection, now, letter)


def _after(before: Case, changes: Mapping[str, Any], now: int) -> Case:
    """The case with `changes`, checked."""
    values = dict(changes)
    if values.get("category", before.category) not in CATEGORIES:
        raise InvalidInput("There is no such category.", field="category", remedy=f"Use {', '.join(CATEGORIES)}.")
    if "subject" in values and not 1 <= len(values["subject"].strip()) <= MAX_SUBJECT:
        raise InvalidInput(f"A subject has 1 to {MAX_SUBJECT} characters.", field="subject", remedy="Say it shorter.")
    wanted = values.get("state", before.state)
    if wanted not in (before.state, CLOSED, WAITING):
        raise InvalidInput(
            f"A case is not made {wanted!r} by hand.", field="state", remedy="Use closed, or waiting to open it again."
        )
    if wanted != before.state:
        wanted = step(before.state, "closed" if wanted == CLOSED else "opened again")
    closed = (before.closed or now) if wanted == CLOSED else None
    if wanted != CLOSED:
        if values.get("resolution"):
            raise InvalidInput("It is not closed yet.", field="resolution", remedy="Give it together with the end.")
        values["resolution"] = ""
    return replace(before, **(values | {"state": wanted, "closed": closed}))


async def _need(connection: AsyncConnection, kind: str, subject: str, scope: Scope) -> None:
    """Raise NotFound unless there is such a thing within the scope."""
    queries = {
        "command": select(commands.c.id).where(said_within(scope, commands.c.charge_point), commands.c.id == subject),
        "session": select(sessions.c.id).where(session_within(scope), sessions.c.id == subject),
        "receipt": select(receipts.c.id).where(scope.where(receipts.c.network), receipts.c.id == subject),
        "payment": select(payments.c.id).where(scope.where(payments.c.network), payments.c.id == subject),
        "alert": select(alerts.c.id).where(scope.where(alerts.c.network), alerts.c.id == subject),
        "maintenance_job": select(maintenance_jobs.c.id).where(
            scope.where(maintenance_jobs.c.network), maintenance_jobs.c.id == subject
        ),
    }
    if (await connection.execute(queries[kind])).first() is None:
        raise NotFound(f"There is no such {kind.replace('_', ' ')}.", field="subject", remedy="Give its id.")
