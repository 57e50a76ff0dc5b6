"""The back office's workers for drivers: who takes push messages to their browsers, and who clears up after cases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import parseaddr

from engine.deliveries.senders.receivers import Receivers
from engine.notices.endpoints import Endpoints
from engine.notices.pending import PendingNotices
from engine.notices.sending import PushSending
from engine.settings import Settings
from engine.stores.business import Business

Worker = Callable[[asyncio.Event], Awaitable[None]]
SWEEP_EVERY_S = 3600.0


def caring_workers(settings: Settings, business: Business) -> dict[str, Worker]:
    """By name."""
    endpoints = Endpoints(Receivers.of(settings.private_receivers))
    # Whom a push service may write to if what we send is a trouble to it (RFC 8292, 2.1).
    contact = parseaddr(settings.mail_sender)[1]

    async def push(stop: asyncio.Event) -> None:
        # Its connections are closed with it, and made anew with the next incarnation.
        sending = PushSending(business.database, business.vapid, contact, business.clock, endpoints)
        try:
            await sending.run(stop)
        finally:
            await sending.aclose()

    async def sweep(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await business.asking.sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=SWEEP_EVERY_S)

    pending = PendingNotices(business.database, business.clock, settings.facade_url)
    return {"push": push, "notices": pending.run, "cases": sweep}
