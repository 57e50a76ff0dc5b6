"""Watching: alerts, webhooks and notices, as far as they follow from events."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.alerts.observer import AlertObserver
from engine.deliveries.observer import Webhooks
from engine.deliveries.subscriptions import SubscriptionBook
from engine.notices.observer import Notices
from engine.projections.runner import Pace
from engine.projections.watch import Observer, Watch

# Whoever waits for an alert waits this long. Small batches, since SQLite has one writer at a time: an entry is a whole
# group commit, so it is their size that says how long a transaction lasts.
PACE = Pace(entries=50, size=128 * 1024, min_interval_s=0.25)


def make(parts: Parts) -> tuple[Watch, None]:
    """The projection; it needs no housekeeping."""
    return Watch(parts.announcing_database(), observers(parts)), None


def observers(parts: Parts) -> list[Observer]:
    """Whoever watches, in the order in which each is told of an event."""
    subscriptions = SubscriptionBook(parts.database())
    parts.kept(subscriptions)
    notices = Notices(parts.config.settings.facade_url)
    return [AlertObserver(), Webhooks(subscriptions), notices]
