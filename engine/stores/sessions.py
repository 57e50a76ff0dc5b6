"""Reading what the ledger has written: sessions and commands, newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select

from engine.errors import NotFound
from engine.stores.paging import Page, checked_limit, from_cursor, to_cursor
from engine.stores.sql.engine import Database
from engine.stores.sql.models import commands, connectors, sessions


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as the ledger has it. Times in microseconds, energies in Wh (exact)."""

    id: str
    charge_point: str
    evse: int
    connector: int
    transaction_id: str
    id_token: str
    stop_id_token: str
    authorisation: str
    command: str
    state: str
    started: int | None
    stopped: int | None
    started_said: str | None
    stopped_said: str | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    energy_wh: Decimal | None
    duration_s: int | None
    reason: str
    doubts: list[str]
    updated: int


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as the ledger has it. `payload` and `answer` are JSON values."""

    id: str
    charge_point: str
    action: str
    state: str
    outcome: str
    requested_by: str
    requested: int | None
    sent: int | None
    ended: int | None
    deadline: int | None
    payload: Any
    answer: Any
    error_code: str
    error_description: str
    updated: int


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """A connector's last report. Connector 0 of EVSE 0 is the station as a whole."""

    charge_point: str
    evse: int
    connector: int
    status: str
    error: str
    info: str
    vendor: str
    vendor_error: str
    said: str | None
    believed: int | None
    received: int | None


_SESSION = [sessions.c[field.name] for field in fields(SessionRow)]
_COMMAND = [commands.c[field.name] for field in fields(CommandRow)]
_CONNECTOR = [connectors.c[field.name] for field in fields(ConnectorRow)]


class LedgerReader:
    """The ledger's rows. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def session(self, session: str) -> SessionRow:
        """Raises NotFound."""
        rows = await self._rows(select(*_SESSION).where(sessions.c.id == session))
        if not rows:
            raise NotFound("There is no such session.", field="session_id", remedy="See the list of sessions.")
        return SessionRow(*rows[0])

    async def sessions(
        self,
        *,
        charge_point: str | None = None,
        id_token: str | None = None,
        active: bool | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[SessionRow]:
        """The newest first. `active`: only those that have not stopped, or only those that have."""
        wanted: list[ColumnElement[bool]] = []
        if charge_point is not None:
            wanted.append(sessions.c.charge_point == charge_point)
        if id_token is not None:
            wanted.append(sessions.c.id_token == id_token)
        if active is not None:
            wanted.append(sessions.c.stopped.is_(None) if active else sessions.c.stopped.is_not(None))
        rows, after = await self._page(sessions, _SESSION, "started", wanted, cursor, limit)
        return Page([SessionRow(*row) for row in rows], after)

    async def command(self, command: str) -> CommandRow:
        """Raises NotFound."""
        rows = await self._rows(select(*_COMMAND).where(commands.c.id == command))
        if not rows:
            raise NotFound("There is no such command.", field="command_id", remedy="See the list of commands.")
        return CommandRow(*rows[0])

    async def commands(
        self, *, charge_point: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[CommandRow]:
        """The newest first."""
        wanted = [] if charge_point is None else [commands.c.charge_point == charge_point]
        rows, after = await self._page(commands, _COMMAND, "requested", wanted, cursor, limit)
        return Page([CommandRow(*row) for row in rows], after)

    async def connectors(self, charge_point: str) -> list[ConnectorRow]:
        """In the order of EVSE and connector."""
        query = select(*_CONNECTOR).where(connectors.c.charge_point == charge_point)
        return [
            ConnectorRow(*row) for row in await self._rows(query.order_by(connectors.c.evse, connectors.c.connector))
        ]

    async def _page(
        self,
        table: Table,
        columns: list[Any],
        order: str,
        wanted: list[ColumnElement[bool]],
        cursor: str | None,
        limit: int,
    ) -> tuple[list[Any], str | None]:
        """Rows by falling time and id. Rows without the time (a Stop whose Start never came) are the last."""
        at = table.c[order]
        query = select(*columns).where(*wanted).order_by(at.desc().nulls_last(), table.c.id.desc())
        if cursor is not None:
            time, key = from_cursor(cursor, int, str)
            if time is None:
                query = query.where(at.is_(None), table.c.id < key)
            else:
                query = query.where(or_(at < time, at.is_(None), and_(at == time, table.c.id < key)))
        rows = await self._rows(query.limit(checked_limit(limit) + 1))
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], to_cursor(getattr(last, order), last.id)

    async def _rows(self, query: Any) -> list[Any]:
        async with self._database.read() as connection:
            return list(await connection.execute(query))
