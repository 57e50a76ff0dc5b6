"""Security events from SQL, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from api.ports.facade import Position
from api.ports.security_events import SecurityEventRow
from engine.stores.sql.engine import Database
from engine.stores.sql.models import security_events


class SqlSecurityEvents:
    """The `SecurityEvents` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, charge_point: str, *, type: str | None, after: Position | None, limit: int
    ) -> Sequence[SecurityEventRow]:
        at, name = security_events.c.received, security_events.c.type
        query = select(security_events).where(security_events.c.charge_point == charge_point)
        if type is not None:
            query = query.where(name == type)
        if after is not None:
            query = query.where(and_(at <= after[0], or_(at < after[0], name < after[1])))
        query = query.order_by(at.desc(), name.desc()).limit(limit)
        async with self._database.read() as connection:
            return [
                SecurityEventRow(row.charge_point, row.type, row.info, row.said, row.believed, row.received)
                for row in await connection.execute(query)
            ]
