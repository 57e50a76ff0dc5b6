"""What is owed by whom: the one place where `credit_used` is written.

A receipt that is not paid raises it, a payment or credit note lowers it, in the transaction that makes the receipt or
books the payment: so it is counted exactly as often as that is. Amounts are in the currency of the token's network.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.stores.changes import TOKEN, TOKEN_GROUP, Change
from engine.stores.drivers import holders
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import announce_after
from engine.stores.sql.tables.tokens import drivers, session_debtors, token_groups, tokens
from engine.stores.tokens.book import DEEPEST
from engine.stores.tokens.token import key_of

_T, _G, _D = tokens.c, token_groups.c, drivers.c


async def remember_debtor(
    connection: AsyncConnection, session: str, network: str | None, id_token: str, began: int
) -> None:
    """Say by which token a session was, before anything is billed for it; it may be said again."""
    if id_token:
        row = {"session": session, "network": network or "", "folded": id_token.lower(), "began": began}
        statement = upsert(connection.dialect.name, session_debtors).values(row)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["session"]))


async def owe_for(connection: AsyncConnection, session: str, amount: Decimal, now: int) -> None:
    """What a session's debtor owes changes by `amount`: a receipt raises it, a credit note or a payment lowers it.

    The hosts hear of it after the commit.
    """
    row = (await connection.execute(select(session_debtors).where(session_debtors.c.session == session))).one_or_none()
    if row is not None and amount:
        announce_after(connection, await owe(connection, row.network, row.folded, amount, now, row.began))


async def owe(
    connection: AsyncConnection, network: str, id_token: str, amount: Decimal, now: int, at: int | None = None
) -> Sequence[Change]:
    """Add `amount` (negative: it was paid or credited) to what the token owes, its groups and who held it at `at`.

    Writes in the caller's transaction, which announces the changes that are returned after its commit. `at` is the
    session's start in microseconds; None is now. A token that nobody knows owes nothing.
    """
    changes: list[Change] = []
    driver = await holders.holder_of(connection, network, id_token, at)
    query = select(_T.network, _T.folded, _T.group_folded, _T.credit_used)
    query = query.where(_T.folded == id_token.lower(), _T.network.in_((network, ""))).with_for_update()
    found = {row.network: row for row in await connection.execute(query)}
    token = found.get(network) or found.get("")
    if token is not None:
        is_token = (_T.network == token.network) & (_T.folded == token.folded)
        used = {"credit_used": token.credit_used + amount, "updated": now}
        await connection.execute(update(tokens).where(is_token).values(used))
        changes.append(Change(TOKEN, key_of(token.network, token.folded)))
        changes += await _groups(connection, token.network, token.group_folded, amount, now)
    if driver is not None:
        changes += await owe_driver(connection, driver, amount, now)
    return changes


async def _groups(
    connection: AsyncConnection, network: str, folded: str, amount: Decimal, now: int
) -> Sequence[Change]:
    changes: list[Change] = []
    while folded and len(changes) < DEEPEST:
        is_group = (_G.network == network) & (_G.folded == folded)
        query = select(_G.parent, _G.credit_used).where(is_group).with_for_update()
        group = (await connection.execute(query)).one_or_none()
        if group is None:
            break
        used = {"credit_used": group.credit_used + amount, "updated": now}
        await connection.execute(update(token_groups).where(is_group).values(used))
        changes.append(Change(TOKEN_GROUP, key_of(network, folded)))
        folded = group.parent
    return changes


async def owe_driver(connection: AsyncConnection, driver: str, amount: Decimal, now: int) -> Sequence[Change]:
    """Add `amount` to what a driver owes over all tokens. The caller announces the changes after its commit."""
    query = select(_D.credit_used).where(_D.id == driver).with_for_update()
    before = (await connection.execute(query)).scalar_one_or_none()
    if before is None:
        return ()
    used = {"credit_used": before + amount, "updated": now}
    await connection.execute(update(drivers).where(_D.id == driver).values(used))
    return await touch(connection, driver, now)


async def touch(connection: AsyncConnection, driver: str, now: int) -> Sequence[Change]:
    """Something about a driver has changed that decides how all of their tokens stand."""
    await connection.execute(update(tokens).where(_T.driver == driver).values(updated=now))
    rows = await connection.execute(select(_T.network, _T.folded).where(_T.driver == driver))
    return [Change(TOKEN, key_of(row.network, row.folded)) for row in rows]
