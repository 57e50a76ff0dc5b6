"""Sums over receipts for finance, straight from SQL. Credit notes count against what they credit, on their own day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case, func, select

from engine.access.scope import Scope
from engine.billing.issuer import CREDIT_NOTE
from engine.errors import InvalidInput
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipt_taxes, receipts
from engine.tariffs.money import from_minor_units

GROUPS = {"day": receipts.c.day, "network": receipts.c.network, "tariff": receipts.c.tariff}


@dataclass(frozen=True, slots=True)
class Revenue:
    """One group's sums in one currency."""

    group: str
    currency: str
    receipts: int
    credit_notes: int
    energy_kwh: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class TaxSum:
    """What was taken of one tax at one rate, in one currency."""

    name: str
    percent: Decimal
    currency: str
    base: Decimal
    amount: Decimal


class Reports:
    """Days are the issuers' local ones, `since` and `until` both included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revenue(self, scope: Scope, by: str, since: date, until: date, network: str = "") -> list[Revenue]:
        """Revenue by day, network or tariff. Raises InvalidInput for another group."""
        if by not in GROUPS:
            raise InvalidInput("Unknown group.", field="by", remedy=f"One of {', '.join(GROUPS)}.")
        group = GROUPS[by]
        amounts = (_signed(receipts.c[name]) for name in ("energy_wh", "net", "tax", "gross"))
        notes = func.sum(case((receipts.c.kind == CREDIT_NOTE, 1), else_=0))
        query = select(group, receipts.c.currency, func.count(), notes, *amounts)
        query = _within(query, scope, since, until, network).group_by(group, receipts.c.currency)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(group, receipts.c.currency))).all()
        return [
            Revenue(
                *(name, currency, count - int(credits), int(credits), Decimal(int(energy)).scaleb(-3)),
                *(from_minor_units(int(each), currency) for each in amounts),
            )
            for name, currency, count, credits, energy, *amounts in rows
        ]

    async def taxes(self, scope: Scope, since: date, until: date, network: str = "") -> list[TaxSum]:
        """What was taken of each tax."""
        tax = receipt_taxes.c
        sums = (_signed(tax.base), _signed(tax.amount))
        chosen: Select[Any] = select(tax.name, tax.percent, receipts.c.currency, *sums)
        query = _within(chosen, scope, since, until, network).join(receipt_taxes, tax.receipt == receipts.c.id)
        query = query.group_by(tax.name, tax.percent, receipts.c.currency).order_by(tax.name, tax.percent)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            TaxSum(name, percent, currency, *(from_minor_units(int(each), currency) for each in sums))
            for name, percent, currency, *sums in rows
        ]


def _signed(column: Any) -> Any:
    return func.sum(case((receipts.c.kind == CREDIT_NOTE, -column), else_=column))


def _within(query: Select[Any], scope: Scope, since: date, until: date, network: str) -> Select[Any]:
    query = query.select_from(receipts).where(
        scope.where(receipts.c.network), receipts.c.day >= since.isoformat(), receipts.c.day <= until.isoformat()
    )
    return query.where(receipts.c.network == network) if network else query
