"""The statements by which a driver is forgotten, for whoever does it within a transaction of its own: erasure.py."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import Conflict
from engine.notices.preferences import forget_choice
from engine.notices.subscriptions import forget_browsers
from engine.stores import audit
from engine.stores.changes import TOKEN, Change
from engine.stores.drivers.own_sessions import of_driver
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.cases import case_messages, support_cases
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.people import sign_ups
from engine.stores.sql.tables.starts import starts
from engine.stores.sql.tables.tokens import drivers, session_debtors, token_holders, tokens, vehicles
from engine.stores.tokens.open_sessions import SILENT
from engine.stores.tokens.token import key_of

_D, _T, _H, _S = drivers.c, tokens.c, token_holders.c, sessions.c
FORGOTTEN = "Its holder has been forgotten."
_BLANK: Mapping[str, Any] = {
    "account": None,
    "name": "",
    "email": "",
    "phone": "",
    "phone_digits": "",
    "language": "",
    "address": {},
    "notify": {},
    "credit_limit": None,
}


def pseudonym() -> str:
    """A token's name that nobody can guess, nor take for a card's number."""
    return f"forgotten-{secrets.token_hex(10)}"


async def forget_within(
    connection: AsyncConnection, id: str, network: str, addresses: Sequence[str], now: int
) -> list[Change]:
    """Everything but the account. Raises Conflict while the driver charges or is about to.

    `addresses` are what letters may have gone to. The caller announces the changes after the commit.
    """
    await _refuse_while_charging(connection, id, now)
    changes = await _rename_tokens(connection, id, now)
    await connection.execute(delete(vehicles).where(vehicles.c.driver == id))
    await forget_choice(connection, id)
    await forget_browsers(connection, id)
    await _forget_cases(connection, id)
    for address in addresses:
        await _forget_letters(connection, network, address, now)
    row = {**_BLANK, "erased": now, "version": _D.version + 1, "updated": now}
    await connection.execute(update(drivers).where(_D.id == id).values(row))
    await audit.note(connection, now, "forgotten", "driver", id, network=network)
    return changes


async def forget_driver_of(connection: AsyncConnection, account: str, address: str, now: int) -> list[Change]:
    """The same for the driver of an account that is about to be deleted, if it is a driver's."""
    query = select(_D.id, _D.network).where(_D.account == account).with_for_update()
    driver = (await connection.execute(query)).one_or_none()
    return [] if driver is None else await forget_within(connection, driver.id, driver.network, [address], now)


async def _refuse_while_charging(connection: AsyncConnection, driver: str, now: int) -> None:
    """What is said of a session until its end names its token: it would be written again."""
    running = of_driver(driver).where(_S.stopped.is_(None), _S.updated > now - SILENT).limit(1)
    starting = select(starts.c.id).where(starts.c.driver == driver, starts.c.ended.is_(None)).limit(1)
    for query in (running, starting):
        if (await connection.execute(query)).first() is not None:
            raise Conflict("A session is under way.", field="driver", remedy="Stop charging first.")


async def _rename_tokens(connection: AsyncConnection, driver: str, now: int) -> list[Change]:
    """Give each token that was ever the driver's a pseudonym of its own, in the driver's sessions too."""
    mine = (await connection.execute(of_driver(driver))).all()
    by_token: dict[str, list[str]] = {}
    for row in mine:
        by_token.setdefault(row.id_token.lower(), []).append(row.id)
    query = select(_H.network, _H.folded, _H.since, _H.until).where(_H.driver == driver)
    changes: list[Change] = []
    for held in (await connection.execute(query)).all():
        name = pseudonym()
        if held.until is None:
            changes += await _rename_token(connection, held.network, held.folded, name, now)
        one = and_(_H.network == held.network, _H.folded == held.folded, _H.since == held.since)
        await connection.execute(update(token_holders).where(one).values(folded=name))
        debts = (session_debtors.c.folded == held.folded) & session_debtors.c.session.in_(
            select(receipts.c.session).where(receipts.c.driver == driver)
        )
        await connection.execute(update(session_debtors).where(debts).values(folded=name))
        await _rename_in_sessions(connection, by_token.get(held.folded, ()), held.folded, name)
        begun = update(starts).where(starts.c.driver == driver, func.lower(starts.c.id_token) == held.folded)
        await connection.execute(begun.values(id_token=name))
    return changes


async def _rename_token(
    connection: AsyncConnection, network: str, folded: str, name: str, now: int
) -> Sequence[Change]:
    values = {
        "id_token": name,
        "folded": name,
        "status": "Blocked",
        "block_reason": FORGOTTEN,
        "version": _T.version + 1,
        "updated": now,
        **dict.fromkeys(("label", "visual_number", "language", "contract_id", "claim_digest"), ""),
    }
    await connection.execute(update(tokens).where(_T.network == network, _T.folded == folded).values(values))
    return [Change(TOKEN, key_of(network, folded)), Change(TOKEN, key_of(network, name))]


async def _rename_in_sessions(connection: AsyncConnection, names: Sequence[str], folded: str, name: str) -> None:
    for first in range(0, len(names), 500):
        some = _S.id.in_(names[first : first + 500])
        await connection.execute(update(sessions).where(some, func.lower(_S.id_token) == folded).values(id_token=name))
        await connection.execute(
            update(sessions).where(some, func.lower(_S.stop_id_token) == folded).values(stop_id_token=name)
        )


async def _forget_cases(connection: AsyncConnection, driver: str) -> None:
    """Cases stay with their times and what support did; what was written in them may say anything, and goes."""
    mine = select(support_cases.c.id).where(support_cases.c.driver == driver)
    messages = update(case_messages).where(case_messages.c.case.in_(mine))
    await connection.execute(messages.values(text=FORGOTTEN))
    cases = update(support_cases).where(support_cases.c.driver == driver)
    await connection.execute(cases.values(subject=FORGOTTEN, email="", resolution=""))


async def _forget_letters(connection: AsyncConnection, network: str, address: str, now: int) -> None:
    """What was written to the address loses address and text; what waits is not sent any more."""
    mine = and_(outbox.c.recipient == address, or_(outbox.c.network == network, outbox.c.network.is_(None)))
    waiting = {"state": "dead", "error": FORGOTTEN, "ended": now}
    await connection.execute(update(outbox).where(mine, outbox.c.state == "waiting").values(waiting))
    blank = {"recipient": "", "subject": "", "body": "", "html": None}
    await connection.execute(update(outbox).where(mine).values(blank))
    await connection.execute(delete(sign_ups).where(sign_ups.c.network == network, sign_ups.c.email == address))
