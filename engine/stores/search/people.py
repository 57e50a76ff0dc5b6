"""Drivers by what they say of themselves, and the sessions that were theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.stores.drivers.own_sessions import BEGAN, of_driver
from engine.stores.paging import pattern
from engine.stores.search.found import DRIVER, SESSION, Findings, Found
from engine.stores.search.needle import Needle, masked_email, masked_phone, same_phone
from engine.stores.search.text import Tail, begins, folded
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.tokens import drivers, tokens, vehicles

SESSIONS_OF_EACH, DRIVERS_FOLLOWED = 3, 5
"""How many sessions are shown of each driver, and of how many drivers."""

_D, _U = drivers.c, users.c
_NAME, _EMAIL = func.coalesce(_U.name, _D.name), func.coalesce(_U.email, _D.email)
_QUERY = select(_D.id, _D.network, _NAME.label("name"), _EMAIL.label("email"), _D.phone, _D.phone_digits).select_from(
    drivers.outerjoin(users, _U.id == _D.account)
)
_Way = tuple[str, bool, ColumnElement[bool]]
"""By what, whether that is the whole of it, and the condition."""


async def find_drivers(
    connection: AsyncConnection, needle: Needle, scope: Scope, billed: Scope, limit: int, found: Findings
) -> None:
    """Drivers within `scope`; by a receipt's number only where `billed` shows receipts, too."""
    dialect = connection.dialect.name
    seen = _QUERY.where(_D.erased.is_(None), scope.where(_D.network))
    for why, exact, condition in _ways(dialect, needle, billed):
        for row in await connection.execute(seen.where(condition).order_by(_D.id).limit(limit)):
            if why != "phone" or not needle.tail or same_phone(row.phone_digits, needle.digits):
                found.add(_driver(row, why, exact))
    if len(found.of(DRIVER)) < limit and needle.may_be_beginning:
        # By the part of a name in the middle: no index helps, so only where nothing better has filled the list.
        anywhere = or_(
            _U.name.ilike(pattern(needle.text), escape="\\"), _D.name.ilike(pattern(needle.text), escape="\\")
        )
        for row in await connection.execute(seen.where(anywhere).order_by(_D.id).limit(limit)):
            found.add(_driver(row, "name", False))


async def find_their_sessions(connection: AsyncConnection, scope: Scope, found: Findings) -> None:
    """The newest sessions of the drivers that were found, for the same reason as they were."""
    for driver in found.of(DRIVER)[:DRIVERS_FOLLOWED]:
        query = of_driver(driver.id).add_columns(sessions.c.network.label("session_network"))
        newest = query.order_by(sessions.c.stopped.is_not(None), BEGAN.desc(), sessions.c.id.desc())
        for row in await connection.execute(newest.limit(SESSIONS_OF_EACH)):
            if scope.covers(row.session_network or row.network_id):
                found.add(_session(row, driver))


def _ways(dialect: str, needle: Needle, billed: Scope) -> Iterator[_Way]:
    text, low = needle.text, folded(dialect, needle.text)
    account, theirs = _D.account.in_, _D.id.in_
    yield "id", True, _D.id == text
    if needle.tail:
        yield "phone", True, Tail(_D.phone_digits) == needle.tail
    if needle.digits:
        yield "phone", False, begins(dialect, _D.phone_digits, needle.digits)
    if "@" in text:
        yield "email", True, _D.email == needle.folded
        yield "email", True, account(select(_U.id).where(_U.email == needle.folded))
    yield "token", True, theirs(select(tokens.c.driver).where(tokens.c.folded == needle.folded))
    yield "card", True, theirs(select(tokens.c.driver).where(tokens.c.visual_number == text))
    numbered = select(receipts.c.driver).where(receipts.c.number == text, billed.where(receipts.c.network))
    yield "receipt", True, theirs(numbered)
    if needle.plate:
        by_plate = select(vehicles.c.driver)
        yield "plate", True, theirs(by_plate.where(vehicles.c.plate_folded == needle.plate))
        yield "plate", False, theirs(by_plate.where(begins(dialect, vehicles.c.plate_folded, needle.plate)))
    if needle.may_be_beginning:
        yield "email", False, begins(dialect, _D.email, needle.folded)
        yield "email", False, account(select(_U.id).where(begins(dialect, _U.email, needle.folded)))
        yield "name", False, begins(dialect, func.lower(_D.name), low)
        yield "name", False, account(select(_U.id).where(begins(dialect, func.lower(_U.name), low)))


def _driver(row: Any, why: str, exact: bool) -> Found:
    detail = " · ".join(part for part in (masked_phone(row.phone), masked_email(row.email)) if part)
    title = row.name or detail or row.id
    return Found(DRIVER, row.id, title, why, exact, detail=detail, network=row.network, driver=row.id)


def _session(row: Any, driver: Found) -> Found:
    return Found(
        *(SESSION, row.id, row.charge_point, driver.why, driver.exact),
        detail=f"{driver.title} · {row.name}",
        network=row.session_network or row.network_id,
        driver=driver.id,
        session=row.id,
        charge_point=row.charge_point,
        evse=row.evse,
        connector=row.connector,
        station=row.station,
        state=row.state,
        at=row.began,
    )
