"""The worker in a process of its own, to be killed: `python -m …deliverer DATABASE SMTP LEASE_S`."""

from __future__ import annotations

import asyncio
import sys

from engine.clock import SystemClock
from engine.deliveries.desk import DeliveryDesk
from engine.deliveries.log import DeliveryLog
from engine.deliveries.senders.mail import MailSender
from engine.deliveries.senders.port import Sender
from engine.deliveries.senders.webhook import WebhookSender
from engine.deliveries.worker import DeliveryWorker
from engine.stores.sql.engine import connect
from tests.engine.deliveries.world import KEY, LOOPBACK, SENDER


async def main(database_url: str, smtp_url: str, lease_s: str) -> None:
    database, clock = connect(database_url), SystemClock()
    log, stop = DeliveryLog(database, clock), asyncio.Event()
    senders: dict[str, Sender] = {"webhook": WebhookSender(LOOPBACK, clock), "email": MailSender(smtp_url, SENDER)}
    worker = DeliveryWorker(DeliveryDesk(database, KEY, clock), senders, clock, lease_s=float(lease_s))
    working = asyncio.create_task(worker.run(stop))
    while (await log.backlog()).waiting:  # noqa: ASYNC110 - the event would be another process's
        await asyncio.sleep(0.05)
    stop.set()
    await working
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
