"""Sessions and commands from SQL, newest first.

Sessions are ordered by their start, which is indexed; those whose start nobody told come after all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ports import CommandRow, Consequence, Position, SessionFilter, SessionRow
from engine.errors import NotFound
from engine.stores.sql.engine import Database
from engine.stores.sql.models import command_consequences, commands, sessions

_UNTOLD = -1
"""Stands in a position for the start of a session that has none."""

_REQUESTED = func.coalesce(commands.c.requested, commands.c.sent, commands.c.ended, commands.c.updated)


class SqlLedger:
    """The `Ledger` port. All methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(self, wanted: SessionFilter, *, after: Position | None, limit: int) -> Sequence[SessionRow]:
        """One page; `after` is (start, id) of the last row of the page before."""
        base = select(sessions).where(*_conditions(wanted))
        pages = [_told(base, after), _untold(base, after)]
        if wanted.since is not None or wanted.until is not None:
            pages.pop()
        found: list[SessionRow] = []
        async with self._database.read() as connection:
            for page in pages:
                if page is not None and len(found) < limit:
                    rows = await connection.execute(page.limit(limit - len(found)))
                    found += [_session(row) for row in rows]
        return found

    async def session(self, session: str) -> SessionRow:
        async with self._database.read() as connection:
            row = (await connection.execute(select(sessions).where(sessions.c.id == session))).one_or_none()
        if row is None:
            raise NotFound("No session has this id.", field="id")
        return _session(row)

    async def commands(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[CommandRow]:
        query = select(commands, _REQUESTED.label("ordering")).where(commands.c.charge_point == charge_point)
        if after is not None:
            query = query.where(_before(_REQUESTED, commands.c.id, after))
        query = query.order_by(_REQUESTED.desc(), commands.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            found = [_command(row) for row in await connection.execute(query)]
            return await _with_consequences(connection, found)

    async def command(self, command: str) -> CommandRow:
        query = select(commands, _REQUESTED.label("ordering")).where(commands.c.id == command)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise NotFound("No command has this id.", field="id")
            (found,) = await _with_consequences(connection, [_command(row)])
        return found


async def _with_consequences(connection: AsyncConnection, rows: Sequence[CommandRow]) -> list[CommandRow]:
    """The commands with what they led to, in the order in which it began."""
    table = command_consequences
    query = select(table).where(table.c.command.in_([row.id for row in rows])).order_by(table.c.began, table.c.kind)
    followed: dict[str, list[Consequence]] = {}
    for row in await connection.execute(query):
        consequence = Consequence(row.kind, row.subject, row.began, row.updated, row.status, row.state, row.info)
        followed.setdefault(row.command, []).append(consequence)
    return [replace(row, followed_by=followed.get(row.id, ())) for row in rows]


def _conditions(wanted: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.charge_point is not None:
        conditions.append(sessions.c.charge_point == wanted.charge_point)
    if wanted.state is not None:
        conditions.append(sessions.c.state == wanted.state)
    if wanted.since is not None:
        conditions.append(sessions.c.started >= wanted.since)
    if wanted.until is not None:
        conditions.append(sessions.c.started < wanted.until)
    return conditions


def _told(base: Select[Any], after: Position | None) -> Select[Any] | None:
    """Sessions with a start after this position; None if the position is behind all of them."""
    if after is not None and after[0] == _UNTOLD:
        return None
    query = base.where(sessions.c.started.is_not(None))
    if after is not None:
        query = query.where(_before(sessions.c.started, sessions.c.id, after))
    return query.order_by(sessions.c.started.desc(), sessions.c.id.desc())


def _untold(base: Select[Any], after: Position | None) -> Select[Any]:
    query = base.where(sessions.c.started.is_(None))
    if after is not None and after[0] == _UNTOLD:
        query = query.where(sessions.c.id < after[1])
    return query.order_by(sessions.c.id.desc())


def _before(at: Any, name: Any, after: Position) -> ColumnElement[bool]:
    # The first half alone lets the index find the place; a plain OR would not.
    return and_(at <= after[0], or_(at < after[0], name < after[1]))


def _text(quantity: Decimal | None) -> str | None:
    return None if quantity is None else format(quantity, "f")


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(
        id=row.id,
        charge_point=row.charge_point,
        evse=row.evse,
        connector=row.connector,
        transaction=row.transaction_id,
        id_token=row.id_token,
        stop_id_token=row.stop_id_token or "",
        state=row.state,
        started=row.started,
        stopped=row.stopped,
        meter_start_wh=_text(row.meter_start_wh),
        meter_stop_wh=_text(row.meter_stop_wh),
        energy_wh=_text(row.energy_wh),
        duration_s=row.duration_s,
        reason=row.reason,
        doubts=tuple(row.doubts),
        ordering=_UNTOLD if row.started is None else row.started,
    )


def _command(row: Row[Any]) -> CommandRow:
    return CommandRow(
        id=row.id,
        charge_point=row.charge_point,
        action=row.action,
        state=row.state,
        outcome=row.outcome,
        requested_by=row.requested_by,
        requested=row.ordering,
        deadline=row.deadline or row.ordering,
        ended=row.ended,
        payload=row.payload,
        answer=row.answer,
        error_code=row.error_code,
        error_description=row.error_description,
    )
