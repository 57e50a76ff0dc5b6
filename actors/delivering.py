"""The back office's workers for deliveries: who takes messages along, and who removes what is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.deliveries.housekeeping import keep_log
from engine.deliveries.senders.configured import open_senders
from engine.deliveries.worker import DeliveryWorker
from engine.settings import Settings
from engine.stores.business import Business

Worker = Callable[[asyncio.Event], Awaitable[None]]


def delivering_workers(settings: Settings, business: Business) -> dict[str, Worker]:
    """By name."""

    async def deliver(stop: asyncio.Event) -> None:
        # The ways out are made anew with each incarnation: they are closed with it.
        senders = open_senders(settings, business.clock)
        await DeliveryWorker(business.delivery_desk, senders, business.clock).run(stop)

    return {
        "deliveries": deliver,
        "delivery log": lambda stop: keep_log(business.deliveries, settings.delivery_days, stop),
    }
