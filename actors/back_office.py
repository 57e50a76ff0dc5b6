"""What the operator's business does by itself, without anybody who asks: one Ray actor in the whole installation.

Each worker is a coroutine that goes on until it is stopped and keeps all its state in SQL, so that the next incarnation
goes on where this one died. A worker that fails is started again alone, after a pause; what it failed on is in the log
and in the actor's `trouble`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from actors.alerting import alert_workers
from actors.caring import caring_workers
from actors.collecting import collecting_workers
from actors.config import ClusterConfig
from actors.delivering import delivering_workers
from actors.fleet import RayFleet
from actors.resident import Resident
from actors.stores import Stores, file_exchange, open_stores
from engine.billing.letters import KIND as RECEIPT_KIND
from engine.long_work.exporter import Exporter
from engine.maintenance.orders import OrderRunner
from engine.outbox.delivery import deliver
from engine.stores.keyed_requests import keep_clean
from engine.stores.people.housekeeping import sweep_people

log = structlog.get_logger("back_office")
PAUSE_S = 2.0
RECOVERED_S = 30.0

Worker = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set."""


async def keep_working(
    name: str,
    worker: Worker,
    stopping: asyncio.Event,
    troubles: dict[str, str],
    *,
    pause_s: float = PAUSE_S,
    recovered_s: float = RECOVERED_S,
) -> None:
    """Run one worker until `stopping`, again after each failure, which stands in `troubles` until it works again."""
    while not stopping.is_set():
        working = asyncio.ensure_future(worker(stopping))
        try:
            # A worker that has gone on for a while is well, whatever ended the one before it.
            if not (await asyncio.wait({working}, timeout=recovered_s))[0]:
                troubles.pop(name, None)
            await working
        except Exception as error:
            log.error("worker_failed", worker=name, error=repr(error), exc_info=error)
            troubles[name] = f"{name}: {error}"
            await asyncio.sleep(pause_s)
        finally:
            working.cancel()


class BackOffice(Resident):
    """The Ray actor named `back-office`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._stores: Stores | None = None
        self._following: asyncio.Task[None] | None = None
        self._troubles: dict[str, str] = {}
        await super().__init__(name, config)

    async def run(self) -> None:
        stores = self._stores = await open_stores(self.config)
        self._following = asyncio.create_task(stores.follow_changes())
        fleet = RayFleet(self.config, stores)
        self.ready, self.trouble = True, ""
        working = [
            asyncio.create_task(keep_working(name, worker, self.stopping, self._troubles))
            for name, worker in self._workers(stores, fleet).items()
        ]
        try:
            await self.stopping.wait()
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    def _workers(self, stores: Stores, fleet: RayFleet) -> dict[str, Worker]:
        """All workers by name."""
        settings, business = self.config.settings, stores.business
        files = file_exchange(self.config, stores.database).store
        attachments = {RECEIPT_KIND: business.billing.receipts.pdf}
        return {
            **alert_workers(business, stores.journal),
            "keyed requests": lambda stop: keep_clean(business.keyed_requests, stop),
            "people": lambda stop: sweep_people(business.people, stop),
            "outbox": lambda stop: deliver(
                business.outbox, settings.smtp_url, settings.mail_sender, business.clock, attachments, stop
            ),
            "maintenance": OrderRunner(business.database, fleet, business.clock).run,
            "exports": Exporter(stores.database, business.long_works, files).run,
            **caring_workers(settings, business),
            **delivering_workers(settings, business),
            **collecting_workers(settings, stores.key, business, fleet),
        }

    async def leave(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None
        stores, self._stores = self._stores, None
        if stores is not None:
            await stores.aclose()

    async def ping(self) -> dict[str, Any]:
        told = await super().ping()
        if self._troubles:
            told["trouble"] = "; ".join(self._troubles.values())
        return told
