"""The next number of a series, taken in the transaction of what bears it: undone together, so there are no gaps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.billing.issuer import Issuer
from engine.billing.number_formats import local_day, number_of, period_of
from engine.faults import reach
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.billing import number_series


@dataclass(frozen=True, slots=True)
class Number:
    """`day` is the local day of issue, YYYY-MM-DD."""

    text: str
    period: str
    count: int
    day: str


async def next_number(connection: AsyncConnection, issuer: Issuer, kind: str, at: int) -> Number:
    """Take the next number of the issuer's series of `kind` at `at` (microseconds).

    Whoever else wants one of the same series waits until this transaction has ended.
    """
    day = local_day(at, issuer.profile.time_zone)
    form = issuer.format_of(kind)
    period = period_of(form, day, issuer.profile.year_begins)
    statement = (
        upsert(connection.dialect.name, number_series)
        .values(issuer=issuer.id, kind=kind, period=period, last=1)
        .on_conflict_do_update(index_elements=["issuer", "kind", "period"], set_={"last": number_series.c.last + 1})
        .returning(number_series.c.last)
    )
    count: int = (await connection.execute(statement)).scalar_one()
    reach("billing:numbered")
    return Number(number_of(form, period, count), period, count, day.isoformat())
