"""Whose a token was, and when: sessions and receipts stay with who held the token then, whoever has it now."""

from __future__ import annotations

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import NotFound
from engine.stores.sql.tables.tokens import drivers, token_holders, tokens

_H = token_holders.c


async def hand_over(connection: AsyncConnection, network: str, folded: str, driver: str | None, now: int) -> None:
    """From `now` on the token is `driver`'s, or nobody's."""
    mine = (_H.network == network) & (_H.folded == folded)
    await connection.execute(update(token_holders).where(mine, _H.until.is_(None)).values(until=now))
    if driver is not None:
        # Two changes within a microsecond: the later one counts.
        await connection.execute(token_holders.delete().where(mine, _H.since == now))
        row = {"network": network, "folded": folded, "since": now, "driver": driver, "until": None}
        await connection.execute(insert(token_holders), row)
    known = (tokens.c.network == network) & (tokens.c.folded == folded)
    await connection.execute(update(tokens).where(known).values(driver=driver))


async def check_driver(connection: AsyncConnection, driver: str, network: str) -> None:
    """Raise NotFound unless there is this driver, of the token's network if the token is of one."""
    query = select(drivers.c.network).where(drivers.c.id == driver, drivers.c.erased.is_(None))
    found = (await connection.execute(query)).scalar_one_or_none()
    if found is None or network not in ("", found):
        raise NotFound("There is no such driver.", field="driver", remedy="See the list of drivers.")


async def holder_of(connection: AsyncConnection, network: str, id_token: str, at: int | None) -> str | None:
    """Who held the token at `at` (None: now), in its network or, where it is unknown there, in the installation."""
    query = select(_H.driver, _H.network).where(_H.folded == id_token.lower(), _H.network.in_((network, "")))
    if at is None:
        query = query.where(_H.until.is_(None))
    else:
        query = query.where(_H.since <= at, or_(_H.until.is_(None), _H.until > at))
    found = {row.network: str(row.driver) for row in await connection.execute(query)}
    return found.get(network, found.get(""))
