"""Whether something is in a maintenance window: its network's, its station's, its charge point's or its connector's."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts.conditions import Subject
from engine.stores.sql.tables.alerts import maintenance_windows as windows


async def muted_until(
    connection: AsyncConnection, now: int, network: str | None, station: str, subject: Subject
) -> int | None:
    """The end (µs) of the window that lasts longest of those it is in, None if it is in none."""
    table = windows.c
    connectors = and_(table.evse == subject.evse, table.connector == subject.connector)
    query = select(func.max(table.ends)).where(
        table.begins <= now,
        table.ends > now,
        or_(table.network.is_(None), table.network == network),
        or_(table.station == "", table.station == station),
        or_(table.charge_point == "", func.lower(table.charge_point) == subject.charge_point.lower()),
        # Of a window for one connector the charge point itself is not part.
        or_(table.connector.is_(None), connectors),
    )
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    return found
