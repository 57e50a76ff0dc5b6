"""Whom a receipt is for: the driver who held a token when it charged, and the address that a letter may go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import InvalidInput
from engine.outbox.letter import checked_address
from engine.stores.drivers.holders import holder_of
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.tokens import drivers

RECEIPTS = "receipts"
"""In a driver's `notify`: whether receipts are sent; they are where nothing is said."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a driver's letters go, and in which language."""

    driver: str
    email: str
    language: str = "en"


async def driver_of(connection: AsyncConnection, network: str | None, id_token: str, at: int) -> str:
    """The driver who held a token at `at` (microseconds): one of the network before one of all; "" for nobody's."""
    return await holder_of(connection, network or "", id_token, at) or "" if id_token else ""


async def recipient_of(connection: AsyncConnection, driver: str) -> Recipient | None:
    """Where the driver's receipts go; None without an address of their own, or if they want none or are forgotten."""
    row = await _addressed(connection, driver)
    if row is None or not row.notify.get(RECEIPTS, True):
        return None
    address = _address(row)
    return Recipient(driver, address, row.language or "en") if address else None


async def address_of_driver(connection: AsyncConnection, driver: str) -> str:
    """Where any other letter to the driver goes; "" without an address of their own, or if they are forgotten."""
    row = await _addressed(connection, driver)
    return "" if row is None else _address(row)


async def _addressed(connection: AsyncConnection, driver: str) -> Any:
    if not driver:
        return None
    query = (
        select(
            *(drivers.c.account, drivers.c.email, drivers.c.language, drivers.c.notify),
            users.c.email.label("own"),
            users.c.email_verified,
        )
        .outerjoin(users, users.c.id == drivers.c.account)
        .where(drivers.c.id == driver, drivers.c.erased.is_(None))
    )
    return (await connection.execute(query)).first()


def _address(row: Any) -> str:
    """A driver with an account is written to at the account's address once that is confirmed; one without it at the
    address that the operator has entered. "" for none that mail can go to."""
    if row.account is not None and row.own is not None:
        address = row.own if row.email_verified is not None else ""
    else:
        address = row.email
    try:
        return checked_address(address)
    except InvalidInput:
        # None, or brought along from elsewhere with anything as its address.
        return ""
