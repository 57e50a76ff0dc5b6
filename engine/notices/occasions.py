"""What drivers are told of by whoever causes it, in its own transaction: a receipt, a start that went nowhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.notices.kinds import RECEIPT, START_FAILED
from engine.notices.telling import Notice, language_of_driver, tell
from engine.notices.wording import reason_of
from engine.starts.course import told
from engine.stores.sql.tables.places import charge_points, stations
from engine.tariffs.money import shown


class FailedStart(Protocol):
    """A start, as far as its driver is told of it."""

    @property
    def id(self) -> str: ...

    @property
    def driver(self) -> str: ...

    @property
    def network(self) -> str: ...

    @property
    def charge_point(self) -> str: ...


async def receipt_ready(
    connection: AsyncConnection,
    at: int,
    *,
    driver: str,
    network: str,
    receipt: str,
    number: str,
    place: str,
    amount: Decimal,
    currency: str,
) -> None:
    """There is a receipt (its id and number). Its letter is billing's own; this reaches the driver's browsers."""
    if driver:
        facts = {"number": number, "place": place, "amount": shown(amount, currency)}
        await tell(connection, at, Notice(driver, network, RECEIPT, receipt, facts, f"/drive/receipts/{receipt}/html"))


async def start_failed(connection: AsyncConnection, at: int, start: FailedStart, how: str, detail: str) -> None:
    """A start has ended so, and nothing was charged."""
    if not start.driver:
        return
    query = select(stations.c.name).join(charge_points, charge_points.c.station_id == stations.c.id)
    named = await connection.execute(query.where(charge_points.c.folded == start.charge_point.lower()))
    language = await language_of_driver(connection, start.driver)
    reason = reason_of(how, told(how, detail), language)
    facts = {"place": named.scalar_one_or_none() or start.charge_point, "reason": reason}
    await tell(connection, at, Notice(start.driver, start.network, START_FAILED, start.id, facts, "/drive"))
