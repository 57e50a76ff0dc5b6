"""What can be exported as CSV: how many rows there are, and the rows, a page at a time.

Each export reads page after page, so it is not one moment's picture; what is written later than it began may be in it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from engine.access.scope import Scope
from engine.billing.receipts import Filter, Receipts
from engine.clock import to_iso
from engine.stores.audit import AuditFilter, AuditLog
from engine.stores.listing import Wanted
from engine.stores.session_wish import SessionWish
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.billing import receipts
from engine.stores.whereabouts import session_within

ROWS_AT_ONCE = 500
Lines = AsyncIterator[Sequence[Sequence[str]]]

SESSION_COLUMNS = (
    *("id", "network", "charge_point", "evse", "connector", "transaction_id", "id_token", "state", "started"),
    *("stopped", "duration_s", "meter_start_wh", "meter_stop_wh", "energy_wh", "reason", "tariff", "tariff_version"),
    *("currency", "cost", "doubts"),
)
AUDIT_COLUMNS = (
    *("at", "actor_kind", "actor", "actor_label", "address", "action", "kind", "subject", "network", "before"),
    *("after", "correlation", "id"),
)


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its heading, its rows page by page, and how many there are, all within a scope."""

    file_name: str
    total: Callable[[Database, Scope, Mapping[str, Any]], Any]
    pages: Callable[[Database, Scope, Mapping[str, Any]], Lines]


async def _session_total(database: Database, scope: Scope, wish: Mapping[str, Any]) -> int:
    wanted = SessionWish(**wish).conditions()
    return await _count(database, select(func.count(sessions.c.id)).where(*wanted, session_within(scope)))


async def _session_pages(database: Database, scope: Scope, wish: Mapping[str, Any]) -> Lines:
    """In order of start; those whose start nobody told come first."""
    yield [SESSION_COLUMNS]
    at, key = func.coalesce(sessions.c.started, -1), sessions.c.id
    base = select(sessions, at.label("ordering")).where(*SessionWish(**wish).conditions(), session_within(scope))
    after: tuple[int, str] | None = None
    while True:
        query = base.order_by(at, key).limit(ROWS_AT_ONCE)
        if after is not None:
            query = query.where(or_(at > after[0], and_(at == after[0], key > after[1])))
        async with database.read() as connection:
            rows = list(await connection.execute(query))
        if rows:
            yield [[_cell(name, row._mapping[name]) for name in SESSION_COLUMNS] for row in rows]
            after = rows[-1].ordering, rows[-1].id
        if len(rows) < ROWS_AT_ONCE:
            return


async def _receipt_total(database: Database, scope: Scope, wish: Mapping[str, Any]) -> int:
    query = select(func.count(receipts.c.id)).where(scope.where(receipts.c.network))
    return await _count(database, Filter(**wish).narrow(query))


async def _receipt_pages(database: Database, scope: Scope, wish: Mapping[str, Any]) -> Lines:
    book = Receipts(database).book(scope, Filter(**wish))
    yield [await anext(book)]
    some: list[Sequence[str]] = []
    async for row in book:
        some.append(row)
        if len(some) == ROWS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


async def _audit_total(database: Database, scope: Scope, wish: Mapping[str, Any]) -> int:
    query = select(func.count(audit_log.c.id)).where(scope.where(audit_log.c.network))
    for field in fields(AuditFilter):
        value, column = wish.get(field.name), audit_log.c[field.name if field.name in audit_log.c else "at"]
        if value is not None:
            compared = {"since": column >= value, "until": column < value}
            query = query.where(compared.get(field.name, column == value))
    return await _count(database, query)


async def _audit_pages(database: Database, scope: Scope, wish: Mapping[str, Any]) -> Lines:
    yield [AUDIT_COLUMNS]
    log, cursor = AuditLog(database), None
    while True:
        page = await log.page(AuditFilter(**wish), scope, Wanted("at", cursor, ROWS_AT_ONCE))
        if page.items:
            yield [[_cell(name, getattr(line, name)) for name in AUDIT_COLUMNS] for line in page.items]
        if page.cursor is None:
            return
        cursor = page.cursor


async def _count(database: Database, query: Any) -> int:
    async with database.read() as connection:
        return int((await connection.execute(query)).scalar_one())


_INSTANTS = frozenset({"at", "started", "stopped"})


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _INSTANTS:
        return to_iso(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, list):
        return " ".join(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


KINDS: Mapping[str, Export] = {
    "sessions_export": Export("sessions.csv", _session_total, _session_pages),
    "receipts_export": Export("receipts.csv", _receipt_total, _receipt_pages),
    "audit_export": Export("audit.csv", _audit_total, _audit_pages),
}
"""Kind of work → how it is exported."""
