"""The observer `webhooks`: what integrators are told of events, put into the queue with the journal's position.

Keys are made of what happened, so that reading the journal again puts nothing twice. Messages about one session share a
stream, and so do those about one charge point: to each channel they leave in the journal's order. `session.updated`
leaves at the end of its minute, with the last that was told in it, or not at all if the session has ended by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.charging.events import (
    LinkChanged,
    SessionAmended,
    SessionChanged,
    SessionSettled,
    SessionStarted,
    SessionStopped,
    StatusChanged,
)
from engine.clock import SECOND
from engine.deliveries import payloads
from engine.deliveries.queue import enqueue, withdraw
from engine.deliveries.subscriptions import SubscriptionBook
from engine.stores.sql.models import sessions
from engine.stores.whereabouts import network_of

UPDATED = "session.updated"
MINUTE_US = 60 * SECOND
Event = Mapping[str, Any]

_TOLD: Mapping[str, tuple[str, Callable[[Event], dict[str, Any]]]] = {
    SessionStarted.kind: ("session.started", payloads.session_started),
    SessionChanged.kind: (UPDATED, payloads.session_updated),
    SessionStopped.kind: ("session.ended", payloads.session_ended),
    SessionAmended.kind: ("session.amended", payloads.session_ended),
    SessionSettled.kind: ("session.settled", payloads.session_settled),
    StatusChanged.kind: ("connector.status", payloads.connector_status),
    LinkChanged.kind: ("charge_point.link", payloads.link),
}
"""Kind of event → kind of message, and what it tells."""


class Webhooks:
    """An `Observer` of engine/projections/watch.py. With no subscription it wants no events at all."""

    name = "webhooks"

    def __init__(self, book: SubscriptionBook) -> None:
        self._book = book

    @property
    def kinds(self) -> frozenset[str]:
        """The events of which somebody wants to be told."""
        return frozenset(kind for kind, (told, _) in _TOLD.items() if self._book.wanted(told))

    async def observe(self, connection: AsyncConnection, at: int, event: Event, place: str) -> None:
        kind, payload = _TOLD[event["kind"]]
        if kind == "connector.status" and event["status"] == event["previous"]:
            return
        session = event.get("session", "")
        stream = f"session:{session}" if session else f"charge_point:{event['charge_point']}"
        if kind in ("session.ended", "session.settled"):
            await withdraw(connection, stream, UPDATED)
        network = await _network(connection, event)
        said: dict[str, Any] = {"key": f"{kind}:{place}"}
        if kind == UPDATED:
            minute = event["received"] // MINUTE_US
            said = {"key": f"{kind}:{session}:{minute}", "renews": True, "due": (minute + 1) * MINUTE_US}
        about = f"session {session}" if session else event["charge_point"]
        await enqueue(
            connection,
            at,
            network=network,
            kind=kind,
            subject=f"{kind} of {about}",
            payload=payload(event),
            stream=stream,
            **said,
        )

    def forget(self) -> None:
        """It remembers nothing."""


async def _network(connection: AsyncConnection, event: Event) -> str | None:
    """Whose it is: a session stays the network's in which it began; anything else is its charge point's."""
    told = event.get("network")
    if told:
        return str(told)
    if session := event.get("session"):
        query = select(sessions.c.network).where(sessions.c.id == session)
        if found := (await connection.execute(query)).scalar_one_or_none():
            return str(found)
    return await network_of(connection, event["charge_point"])
