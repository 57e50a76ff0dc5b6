"""A network with CP-1 and CP-2, somebody from operations and an administrator, and a consumer that tells of alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from engine.access.scope import EVERYWHERE
from engine.alerts.alert import Alert
from engine.alerts.clerk import Clerk
from engine.alerts.desk import AlertFilter, Alerts
from engine.alerts.observer import AlertObserver
from engine.alerts.preferences import Preferences
from engine.alerts.rule_book import Rules
from engine.alerts.windows import Windows
from engine.charging.events import Event
from engine.clock import SECOND, ManualClock
from engine.projections.watch import Watch
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.people import grants, users
from engine.stores.sql.tables.places import charge_points
from tests.engine.projections.events import T0, entry, status

MINUTE = 60 * SECOND


@dataclass
class World:
    """`said` tells the projection of events, `later` lets time pass and the clerk work."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    entries: int = 0

    def __post_init__(self) -> None:
        self.watch = Watch(self.database, [AlertObserver()], self.clock)
        self.clerk = Clerk(self.database, self.clock)
        self.alerts = Alerts(self.database, self.clock)
        self.rules = Rules(self.database, self.clock)
        self.windows = Windows(self.database, self.clock)
        self.preferences = Preferences(self.database, self.clock)

    async def said(self, *events: Event) -> None:
        self.entries += 1
        await self.watch.apply([entry(self.entries, events)])

    async def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.work()

    async def work(self) -> None:
        """Until nothing is due."""
        while await self.clerk.work():
            pass

    async def all(self, **wanted: Any) -> list[Alert]:
        """All alerts, the oldest first."""
        found = await self.alerts.page(AlertFilter(**wanted), EVERYWHERE, Wanted("opened"))
        return found.items

    async def only(self) -> Alert:
        (found,) = await self.all()
        return found

    async def history(self, alert: Alert) -> list[str]:
        return [each.kind for each in (await self.alerts.history(alert.id, EVERYWHERE, Wanted())).items]

    async def letters(self) -> list[tuple[str, str]]:
        """Recipients and subjects of the letters about alerts, in the order of their keys' making."""
        query = select(outbox.c.recipient, outbox.c.subject).where(outbox.c.kind.like("alert%"))
        async with self.database.read() as connection:
            return sorted((row[0], row[1]) for row in await connection.execute(query.order_by(outbox.c.created)))

    def faulted(self, charge_point: str = "CP-1", **changes: Any) -> Event:
        fields = {"error": "GroundFailure", "vendor_error": "E42", "received": self.clock.now()}
        return status("Faulted", charge_point, **fields | changes)

    def available(self, charge_point: str = "CP-1", **changes: Any) -> Event:
        return status("Available", charge_point, **{"received": self.clock.now()} | changes)


async def world_of(database: Database) -> World:
    at = {"created": 1, "updated": 1}
    async with database.write() as connection:
        for id in ("CP-1", "CP-2"):
            row = {"id": id, "folded": id.lower(), "station_id": "default", **at}
            await connection.execute(insert(charge_points), row)
        for name, role, network in (("ops", "operations", "default"), ("boss", "admin", None)):
            person = {"id": name, "email": f"{name}@example.org", "password_hash": "", **at}
            await connection.execute(insert(users), person)
            grant = {"id": f"g-{name}", "account": name, "role": role, "network": network, "created": 1}
            await connection.execute(insert(grants), grant)
    made = World(database)
    await made.watch.open(1)
    return made
