"""A payment's rows, and what every change of one does: lock it, write it with one version more, append an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import NotFound
from engine.payments.course import LIVE, Account
from engine.stores.sql.tables.payments import payment_events, payment_operations, payments


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment. Times in microseconds, amounts exact in `currency`. `driver` is "" where nobody has an account."""

    id: str
    network: str
    purpose: str
    start: str
    session: str
    driver: str
    currency: str
    wanted: Decimal
    authorised: Decimal
    captured: Decimal
    refunded: Decimal
    receipt: str
    due: Decimal | None
    released: bool
    raise_refused: bool
    state: str
    reason: str
    provider: str
    reference: str
    action_url: str
    return_url: str
    description: str
    sequence: int
    look_at: int | None
    version: int
    created: int
    updated: int

    @property
    def account(self) -> Account:
        """What the course looks at."""
        return Account(**{field.name: getattr(self, field.name) for field in fields(Account)})


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An order to the provider; `id` is its key there. `state`: queued, asked, done, refused."""

    id: str
    payment: str
    kind: str
    amount: Decimal
    cause: str
    state: str
    attempts: int
    not_before: int
    reason: str
    created: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class EventRow:
    payment: str
    number: int
    at: int
    kind: str
    detail: Mapping[str, Any]


PAYMENT = [payments.c[field.name] for field in fields(PaymentRow)]
OPERATION = [payment_operations.c[field.name] for field in fields(OperationRow)]
EVENT = [payment_events.c[field.name] for field in fields(EventRow)]


def unknown() -> NotFound:
    return NotFound("There is no such payment.", field="payment", remedy="See the list of payments.")


async def locked(connection: AsyncConnection, payment: str) -> PaymentRow:
    """The payment, which nobody else changes until the transaction ends. Raises NotFound."""
    query = select(*PAYMENT).where(payments.c.id == payment).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise unknown()
    return PaymentRow(*row)


async def write(connection: AsyncConnection, row: PaymentRow, now: int, **changes: Any) -> PaymentRow:
    """The locked row with `changes`; without any, as it is."""
    changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not changes:
        return row
    values = changes | {"version": row.version + 1, "updated": now}
    await connection.execute(update(payments).where(payments.c.id == row.id).values(**values))
    return PaymentRow(**{field.name: values.get(field.name, getattr(row, field.name)) for field in fields(row)})


async def write_account(connection: AsyncConnection, row: PaymentRow, account: Account, now: int) -> PaymentRow:
    """The locked row with another account."""
    return await write(connection, row, now, **{field.name: getattr(account, field.name) for field in fields(account)})


async def append(connection: AsyncConnection, payment: str, now: int, kind: str, **detail: Any) -> None:
    """One event more of a locked payment."""
    count = select(func.count()).select_from(payment_events).where(payment_events.c.payment == payment)
    number = int((await connection.execute(count)).scalar_one()) + 1
    told = {name: str(value) if isinstance(value, Decimal) else value for name, value in detail.items()}
    await connection.execute(
        insert(payment_events), {"payment": payment, "number": number, "at": now, "kind": kind, "detail": told}
    )


def is_live(row: PaymentRow) -> bool:
    """Whether more will become of it by itself."""
    return row.state in LIVE
