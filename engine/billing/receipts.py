"""Receipts and credit notes in SQL: lists, one of them, and the book of them for bookkeeping. Never a change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.billing.issuer import CREDIT_NOTE
from engine.billing.printing.pdf import pdf_of
from engine.clock import to_iso
from engine.errors import NotFound
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipt_taxes, receipts, settlements
from engine.tariffs.money import from_minor_units

_CHUNK = 500
_ORDERS = {
    "issued": (receipts.c.issued, int),
    "number": (receipts.c.number, str),
    "gross": (receipts.c.gross, int),
    "started": (receipts.c.started, int),
}
_LISTING = Listing(_ORDERS, receipts.c.id, "-issued")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt or credit note (`kind`) without its print. Amounts are whole numbers of the minor unit.

    `about` is the receipt that a credit note gives back or that this one replaces, `after` the credit note before it.
    """

    id: str
    kind: str
    number: str
    session: str
    revision: int
    issuer: str
    network: str
    station: str
    charge_point: str
    driver: str
    tariff: str
    currency: str
    net: int
    tax: int
    gross: int
    energy_wh: int
    started: int
    ended: int
    issued: int
    day: str
    about: str | None
    after: str | None
    reason: str
    issued_by: str

    def money(self, units: int) -> Decimal:
        return from_minor_units(units, self.currency)


@dataclass(frozen=True, slots=True)
class Standing:
    """A receipt with its print, what of it is credited, and what has taken its place.

    `version` counts the documents of its session: it changes when another one comes.
    """

    receipt: Receipt
    document: Mapping[str, Any]
    credited: int
    credit_notes: tuple[str, ...]
    replaced_by: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What a session has come to. `outcome`: receipt, review, free or waived; `gross` is the sum of all its documents
    in the minor unit, `receipt` the newest one's id."""

    outcome: str
    receipt: str | None
    gross: int
    currency: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are wanted; what is empty does not matter. `since` ≤ issued < `until`, in microseconds."""

    kind: str = ""
    number: str = ""
    session: str = ""
    driver: str = ""
    charge_point: str = ""
    network: str = ""
    since: int | None = None
    until: int | None = None

    def narrow(self, query: Select[Any]) -> Select[Any]:
        for name in ("kind", "session", "driver", "charge_point", "network"):
            if value := getattr(self, name):
                query = query.where(receipts.c[name] == value)
        if self.number:
            query = query.where(receipts.c.number.like(pattern(self.number), escape="\\"))
        if self.since is not None:
            query = query.where(receipts.c.issued >= self.since)
        return query if self.until is None else query.where(receipts.c.issued < self.until)


_NAMES = tuple(field.name for field in fields(Receipt))
_SHOWN = [receipts.c[name] for name in _NAMES]


class Receipts:
    """Reads. Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def receipts(self, scope: Scope, wanted: Wanted, which: Filter) -> Page[Receipt]:
        """A page of them. A driver's own: `EVERYWHERE` with the driver in the filter."""
        query = which.narrow(select(*_SHOWN).where(scope.where(receipts.c.network)))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _receipt)

    async def receipt(self, scope: Scope, id: str, driver: str | None = None) -> Standing:
        """One of them; with `driver` only if it is that driver's. Raises NotFound."""
        async with self._database.read() as connection:
            return await standing_of(connection, scope, id, driver)

    async def pdf(self, id: str) -> bytes:
        """Its print, for the outbox. Raises NotFound."""
        return await pdf_of((await self.receipt(EVERYWHERE, id)).document)

    async def owed(self, session: str) -> Owed | None:
        """What a session has come to so far; None while it has not been settled."""
        async with self._database.read() as connection:
            return await owed_for(connection, session)

    async def book(self, scope: Scope, which: Filter) -> AsyncIterator[list[str]]:
        """Rows for bookkeeping in order of issue, a heading first: amounts as text, credit notes below zero.

        Each tax that occurs has a column of its own.
        """
        async with self._database.read() as connection:
            narrowed = which.narrow(select(receipts.c.id).where(scope.where(receipts.c.network)))
            used = select(receipt_taxes.c.name).where(receipt_taxes.c.receipt.in_(narrowed)).distinct()
            taxes = sorted((await connection.execute(used)).scalars())
        yield [*_HEADING, *taxes, *_TAIL]
        after: tuple[int, str] = (-1, "")
        while True:
            async with self._database.read() as connection:
                rows, owed = await _chunk(connection, scope, which, after)
            for row in rows:
                yield _line(row, taxes, owed.get(row.id, {}))
            if len(rows) < _CHUNK:
                return
            after = rows[-1].issued, rows[-1].id


_HEADING = (
    *("number", "kind", "issued_at", "day", "session", "network", "station", "charge_point", "tariff"),
    *("energy_kwh", "currency", "net"),
)
_TAIL = ("tax", "gross", "about", "reason")


async def standing_of(
    connection: AsyncConnection, scope: Scope, id: str, driver: str | None = None, *, held: bool = False
) -> Standing:
    """As `Receipts.receipt`; with `held`, the receipt's session is kept from others until the transaction ends."""
    query = select(receipts).where(receipts.c.id == id, scope.where(receipts.c.network))
    if driver is not None:
        query = query.where(receipts.c.driver == driver, receipts.c.driver != "")
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such receipt.", field="id", remedy="List what there is for you.")
    if held:
        session = select(settlements.c.session).where(settlements.c.session == row.session)
        await connection.execute(session.with_for_update())
    others = select(*_SHOWN).where(receipts.c.session == row.session).order_by(receipts.c.kind, receipts.c.revision)
    same = [_receipt(each) for each in await connection.execute(others)]
    notes = [each for each in same if each.kind == CREDIT_NOTE and each.about == id]
    newer = [each.id for each in same if each.kind != CREDIT_NOTE and each.about == id]
    return Standing(
        _receipt(row),
        row.document,
        sum(note.gross for note in notes),
        tuple(note.id for note in notes),
        newer[0] if newer else None,
        len(same),
    )


async def owed_for(connection: AsyncConnection, session: str) -> Owed | None:
    """As `Receipts.owed`, in the caller's transaction."""
    settled = await connection.execute(select(settlements.c.outcome).where(settlements.c.session == session))
    outcome = settled.scalar()
    if outcome is None:
        return None
    query = select(*_SHOWN).where(receipts.c.session == session).order_by(receipts.c.kind, receipts.c.revision)
    rows = [_receipt(row) for row in await connection.execute(query)]
    gross = sum(-row.gross if row.kind == CREDIT_NOTE else row.gross for row in rows)
    newest = [row.id for row in rows if row.kind != CREDIT_NOTE]
    return Owed(outcome, newest[-1] if newest else None, gross, rows[-1].currency if rows else "")


async def _chunk(
    connection: AsyncConnection, scope: Scope, which: Filter, after: tuple[int, str]
) -> tuple[list[Any], dict[str, dict[str, int]]]:
    issued, id = receipts.c.issued, receipts.c.id
    about = receipts.alias()
    further = or_(issued > after[0], and_(issued == after[0], id > after[1]))
    query = which.narrow(
        select(*_SHOWN, about.c.number.label("about_number"))
        .outerjoin(about, about.c.id == receipts.c.about)
        .where(scope.where(receipts.c.network), further)
    )
    rows = list((await connection.execute(query.order_by(issued, id).limit(_CHUNK))).all())
    sums = (
        select(receipt_taxes.c.receipt, receipt_taxes.c.name, func.sum(receipt_taxes.c.amount))
        .where(receipt_taxes.c.receipt.in_([row.id for row in rows]))
        .group_by(receipt_taxes.c.receipt, receipt_taxes.c.name)
    )
    owed: dict[str, dict[str, int]] = {}
    for receipt, name, amount in await connection.execute(sums):
        owed.setdefault(receipt, {})[name] = int(amount)
    return rows, owed


def _line(row: Any, taxes: list[str], owed: Mapping[str, int]) -> list[str]:
    sign = -1 if row.kind == CREDIT_NOTE else 1

    def money(units: int) -> str:
        return format(from_minor_units(sign * units, row.currency), "f")

    energy = format(Decimal(sign * row.energy_wh).scaleb(-3), "f")
    said = (row.number, row.kind, to_iso(row.issued), row.day, row.session, row.network, row.station, row.charge_point)
    amounts = (money(row.net), *(money(owed.get(name, 0)) for name in taxes), money(row.tax), money(row.gross))
    return [*said, row.tariff, energy, row.currency, *amounts, row.about_number or "", row.reason]


def _receipt(row: Any) -> Receipt:
    return Receipt(*(row._mapping[receipts.c[name]] for name in _NAMES))
