"""What a session has come to: its receipts less its credit notes, as billing has issued them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, or_, select

from engine.billing.receipts import owed_for
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.billing import receipts, settlements
from engine.stores.sql.tables.payments import payment_operations, payments
from engine.tariffs.money import from_minor_units

_UNPRICED = ("free", "waived")


@dataclass(frozen=True, slots=True)
class Amount:
    """`amount` may be zero: then there may be no receipt either."""

    amount: Decimal
    currency: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Running:
    """What a session has cost so far."""

    amount: Decimal
    currency: str


class Owed:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, session: str) -> Amount | None:
        """None while billing has not come to an end with it (not settled, or in review)."""
        async with self._database.read() as connection:
            found = await owed_for(connection, session)
        if found is None or (found.receipt is None and found.outcome not in _UNPRICED):
            return None
        amount = from_minor_units(found.gross, found.currency) if found.currency else Decimal(0)
        return Amount(amount, found.currency, found.receipt or "")

    async def running(self, session: str) -> Running | None:
        """What a running session has cost so far, as the ledger has it; None where that is not known."""
        query = select(sessions.c.cost, sessions.c.currency).where(sessions.c.id == session)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None or row[0] is None else Running(row[0], row[1])

    async def to_be_charged(self, limit: int = 100) -> list[tuple[str, str]]:
        """Payments and their sessions that billing has come to an end with, and that are not charged yet."""
        billed = select(receipts.c.id).where(receipts.c.session == payments.c.session).exists()
        query = select(payments.c.id, payments.c.session).join(settlements, settlements.c.session == payments.c.session)
        query = query.where(or_(settlements.c.outcome.in_(_UNPRICED), billed))
        query = query.where(payments.c.due.is_(None), payments.c.released.is_(False), payments.c.session != "")
        async with self._database.read() as connection:
            rows = await connection.execute(query.limit(limit))
            return [(row[0], row[1]) for row in rows]

    async def credited(self, limit: int = 100) -> list[tuple[str, str, str]]:
        """Captured payments with a credit note that no refund was looked into for: payment, session, credit note."""
        looked_into = select(payment_operations.c.id).where(
            payment_operations.c.payment == payments.c.id, payment_operations.c.cause == receipts.c.id
        )
        query = select(payments.c.id, payments.c.session, receipts.c.id).join(
            receipts, and_(receipts.c.session == payments.c.session, receipts.c.kind == "credit_note")
        )
        query = query.where(payments.c.state == "captured", ~looked_into.exists()).order_by(receipts.c.issued)
        async with self._database.read() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query.limit(limit))]
