"""Analytics: meter values, sessions, status and frames in ClickHouse."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.clock import SystemClock
from engine.projections.analytics import AnalyticsProjection
from engine.projections.dead_letters import DeadLetters
from engine.projections.runner import Pace
from engine.stores.analytics.client import ClickHouse

# Fewer, larger inserts: each makes a part that has to be merged.
PACE = Pace(entries=4000, size=24 * 1024 * 1024, min_interval_s=1.5)


def make(parts: Parts) -> tuple[AnalyticsProjection, None]:
    """The projection; it needs no housekeeping."""
    store = ClickHouse(parts.config.clickhouse_url)
    parts.closing.append(store)
    letters = DeadLetters(parts.database())
    days = parts.config.settings.message_log_days
    return AnalyticsProjection(store, letters, SystemClock(), message_log_days=days), None
