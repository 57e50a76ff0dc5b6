"""Everything that finance works with, opened together."""

from __future__ import annotations

from dataclasses import dataclass

from engine.billing.correcting import Corrections
from engine.billing.issuers import Issuers
from engine.billing.receipts import Receipts
from engine.billing.reports import Reports
from engine.billing.reviews import Reviews
from engine.clock import Clock
from engine.stores.sql.engine import Database


@dataclass(frozen=True, slots=True)
class Office:
    """The repositories of billing."""

    issuers: Issuers
    receipts: Receipts
    corrections: Corrections
    reviews: Reviews
    reports: Reports


def open_office(database: Database, clock: Clock) -> Office:
    """Make them all over one database."""
    return Office(
        Issuers(database, clock),
        Receipts(database),
        Corrections(database, clock),
        Reviews(database, clock),
        Reports(database),
    )
