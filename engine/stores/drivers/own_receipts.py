"""A driver's receipts and credit notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.errors import NotFound
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipts
from engine.tariffs.money import from_minor_units

_R = receipts.c
_COLUMNS = (_R.id, _R.kind, _R.number, _R.session, _R.currency, _R.net, _R.tax, _R.gross, _R.issued, _R.day)
_LISTING = Listing({"issued": (_R.issued, int)}, _R.id, "-issued")


@dataclass(frozen=True, slots=True)
class OwnReceipt:
    """Amounts in the currency; `day` is the issuer's local one; `document` as printed, None in lists."""

    id: str
    kind: str
    number: str
    session: str
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    issued: int
    day: str
    document: Mapping[str, Any] | None = None


class OwnReceipts:
    """Reads only. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, driver: str, wanted: Wanted | None = None) -> Page[OwnReceipt]:
        """The newest first, unless sorted by `issued`."""
        query = select(*_COLUMNS).where(_R.driver == driver)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), _made)

    async def get(self, driver: str, id: str) -> OwnReceipt:
        """With its document. Raises NotFound, alike for somebody else's."""
        query = select(*_COLUMNS, _R.document).where(_R.driver == driver, _R.id == id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such receipt.", field="id", remedy="See the list of your receipts.")
        return _made(row)


def _made(row: Any) -> OwnReceipt:
    net, tax, gross = (from_minor_units(amount, row.currency) for amount in (row.net, row.tax, row.gross))
    said = (row.id, row.kind, row.number, row.session, row.currency)
    return OwnReceipt(*said, net, tax, gross, row.issued, row.day, row._mapping.get(_R.document))
