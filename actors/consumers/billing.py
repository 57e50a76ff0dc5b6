"""Billing: receipts and reviews of settled sessions."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.projections.billing import Billing
from engine.projections.runner import Pace

# Small batches: each keeps the issuers' numbers from everybody else until it is committed.
PACE = Pace(entries=50, min_interval_s=0.25)


def make(parts: Parts) -> tuple[Billing, None]:
    """The projection; it needs no housekeeping."""
    # What somebody owes decides whether their tokens may charge.
    return Billing(parts.announcing_database()), None
