"""Sessions and commands from SQL, newest first.

Sessions are ordered by their start, which is indexed; those whose start nobody told come after all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ports.facade import CommandFilter, CommandRow, Consequence, Position, SessionFilter, SessionRow
from engine.access.scope import Scope
from engine.errors import NotFound
from engine.stores.session_wish import SessionWish
from engine.stores.sql.engine import Database
from engine.stores.sql.models import command_consequences, commands, sessions
from engine.stores.whereabouts import said_within, session_within

_UNTOLD = -1
"""Stands in a position for the start of a session that has none."""

_REQUESTED = func.coalesce(commands.c.requested, commands.c.sent, commands.c.ended, commands.c.updated)


class SqlLedger:
    """The `Ledger` port. All methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sessions(
        self, wanted: SessionFilter, *, scope: Scope, after: Position | None, limit: int
    ) -> Sequence[SessionRow]:
        """One page; `after` is (start, id) of the last row of the page before."""
        base = select(sessions).where(*_wish(wanted).conditions(), session_within(scope))
        pages = [_told(base, after, wanted.ascending), _untold(base, after, wanted.ascending)]
        if wanted.since is not None or wanted.until is not None:
            pages.pop()
        found: list[SessionRow] = []
        async with self._database.read() as connection:
            for page in pages:
                if page is not None and len(found) < limit:
                    rows = await connection.execute(page.limit(limit - len(found)))
                    found += [_session(row) for row in rows]
        return found

    async def session(self, session: str, scope: Scope) -> SessionRow:
        query = select(sessions).where(sessions.c.id == session, session_within(scope))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("No session has this id.", field="id")
        return _session(row)

    async def commands(
        self, charge_point: str, wanted: CommandFilter, *, after: Position | None, limit: int
    ) -> Sequence[CommandRow]:
        query = select(commands, _REQUESTED.label("ordering")).where(commands.c.charge_point == charge_point)
        query = _ordered(query.where(*_asked_for(wanted)), _REQUESTED, commands.c.id, after, wanted.ascending)
        query = query.limit(limit)
        async with self._database.read() as connection:
            found = [_command(row) for row in await connection.execute(query)]
            return await _with_consequences(connection, found)

    async def command(self, command: str, scope: Scope) -> CommandRow:
        query = select(commands, _REQUESTED.label("ordering")).where(commands.c.id == command)
        query = query.where(said_within(scope, commands.c.charge_point))
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


def _wish(wanted: SessionFilter) -> SessionWish:
    return SessionWish(**{name: value for name, value in asdict(wanted).items() if name != "ascending"})


def _asked_for(wanted: CommandFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in ("action", "state", "outcome", "requested_by"):
        if getattr(wanted, name) is not None:
            conditions.append(commands.c[name] == getattr(wanted, name))
    if wanted.since is not None:
        conditions.append(wanted.since <= _REQUESTED)
    if wanted.until is not None:
        conditions.append(wanted.until > _REQUESTED)
    return conditions


def _told(base: Select[Any], after: Position | None, ascending: bool) -> Select[Any] | None:
    """Sessions with a start after this position; None if the position is behind all of them."""
    if after is not None and after[0] == _UNTOLD:
        return None
    query = base.where(sessions.c.started.is_not(None))
    return _ordered(query, sessions.c.started, sessions.c.id, after, ascending)


def _untold(base: Select[Any], after: Position | None, ascending: bool) -> Select[Any]:
    query, name = base.where(sessions.c.started.is_(None)), sessions.c.id
    if after is not None and after[0] == _UNTOLD:
        query = query.where(name > after[1] if ascending else name < after[1])
    return query.order_by(name.asc() if ascending else name.desc())


def _ordered(query: Select[Any], at: Any, name: Any, after: Position | None, ascending: bool) -> Select[Any]:
    """In the order of time and name, beyond this position."""
    if after is not None:
        # The first half alone lets the index find the place; a plain OR would not.
        query = query.where(
            and_(at >= after[0], or_(at > after[0], name > after[1]))
            if ascending
            else and_(at <= after[0], or_(at < after[0], name < after[1]))
        )
    return query.order_by(*((at.asc(), name.asc()) if ascending else (at.desc(), name.desc())))


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
        network=row.network,
        tariff=row.tariff,
        tariff_version=row.tariff_version,
        currency=row.currency,
        cost=_text(row.cost),
        ended=row.ended,
        settled=row.settled,
        authorisation=row.authorisation,
        command=row.command,
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
