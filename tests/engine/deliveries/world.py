"""All of deliveries over one database, with a clock that is turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from engine.access.scope import EVERYWHERE
from engine.clock import ManualClock
from engine.deliveries.channels import Channel, Channels
from engine.deliveries.desk import DeliveryDesk
from engine.deliveries.log import Delivery, DeliveryFilter, DeliveryLog
from engine.deliveries.queue import enqueue
from engine.deliveries.senders.chat import ChatSender
from engine.deliveries.senders.mail import MailSender
from engine.deliveries.senders.port import Sender
from engine.deliveries.senders.receivers import Receivers
from engine.deliveries.senders.webhook import WebhookSender
from engine.deliveries.subscriptions import Subscriptions
from engine.deliveries.worker import DeliveryWorker
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database

KEY = InstallationKey(b"k" * 32)
LOOPBACK = Receivers.of("127.0.0.0/8, ::1")
SENDER = "City Charge <no-reply@city.example>"


@dataclass
class World:
    """`senders` may be changed before the first delivery."""

    database: Database
    clock: ManualClock
    channels: Channels
    subscriptions: Subscriptions
    log: DeliveryLog
    senders: dict[str, Sender]
    worker: DeliveryWorker

    async def channel(
        self, address: str, kind: str = "webhook", kinds: Sequence[str] = ("*",), network: str | None = None
    ) -> tuple[Channel, str]:
        """A channel that subscribes to `kinds`, and its secret."""
        said = {"network": network, "kind": kind, "name": "It", "address": address}
        made, secret = await self.channels.create(EVERYWHERE, LOOPBACK, **said)  # type: ignore[arg-type]
        await self.subscriptions.create(EVERYWHERE, made.id, kinds)
        return made, secret

    async def put(self, key: str, **more: Any) -> None:
        said: dict[str, Any] = {
            "network": None,
            "kind": "alert.opened",
            "subject": f"About {key}",
            "payload": {"k": key},
        }
        async with self.database.write() as connection:
            await enqueue(connection, self.clock.now(), key=key, **(said | more))

    async def deliver(self) -> int:
        """Deliver all that is due, and what becomes due by that; returns how many tries that took."""
        tries = 0
        while taken := await self.worker.deliver_due():
            tries += taken
            await self.worker.settle()
        return tries

    async def all(self, **wanted: Any) -> list[Delivery]:
        """Deliveries in the order in which they were put."""
        page = await self.log.page(EVERYWHERE, Wanted(), DeliveryFilter(**wanted))
        return sorted(page.items, key=lambda each: each.id)


@asynccontextmanager
async def world(
    database: Database, smtp_url: str = "", receivers: Receivers = LOOPBACK, timeout_s: float = 60.0
) -> AsyncIterator[World]:
    clock = ManualClock()
    senders: dict[str, Sender] = {
        "webhook": WebhookSender(receivers, clock, timeout_s=timeout_s),
        "email": MailSender(smtp_url, SENDER),
        "apprise": ChatSender(receivers),
    }
    worker = DeliveryWorker(DeliveryDesk(database, KEY, clock), senders, clock)
    books = (Channels(database, KEY, clock), Subscriptions(database, clock), DeliveryLog(database, clock))
    try:
        yield World(database, clock, *books, senders, worker)
    finally:
        await worker.settle()
        for each in senders.values():
            await each.aclose()
