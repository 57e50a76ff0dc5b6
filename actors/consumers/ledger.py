"""The ledger: sessions, commands and connectors in SQL."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.projections.ledger import Ledger
from engine.projections.runner import Pace

PACE = Pace(min_interval_s=0.25)


def make(parts: Parts) -> tuple[Ledger, None]:
    """The projection; it needs no housekeeping."""
    return Ledger(parts.database()), None
