"""The watch projection's observer: what stations' events say about conditions becomes alerts in its transaction."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts.conditions import KINDS, Event, Look
from engine.alerts.tracking import Near, told


class AlertObserver:
    """An `Observer` (engine/projections/watch.py). Exactly once: what it writes is committed with the position."""

    name = "alerts"
    kinds = KINDS

    def __init__(self) -> None:
        self._look, self._near = Look(), Near()

    async def observe(self, connection: AsyncConnection, at: int, event: Event, place: str) -> None:
        """Raises KeyError, ValueError and the like for an event that cannot be used."""
        self._near.renew(connection)
        for telling in self._look.at(event):
            await told(connection, telling, near=self._near)

    def forget(self) -> None:
        self._look.forget()
        self._near.forget()
