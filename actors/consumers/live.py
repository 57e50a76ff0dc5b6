"""The live feed: changes and frames to whoever listens."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.projections.live_feed import LiveFeed
from engine.projections.runner import Pace

PACE = Pace(min_interval_s=0.02)


def make(parts: Parts) -> tuple[LiveFeed, None]:
    """The projection; it needs no housekeeping."""
    return LiveFeed(parts.journal, parts.bus()), None
