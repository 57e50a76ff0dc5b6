"""The façade of a running installation: the ports wired to the actor layer and the stores, and served.

`serve` is what the launcher names in `ClusterConfig.facade`; the actor layer calls it inside the façade's Ray actor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from sqlalchemy import func, select

from actors.children import PROJECTIONS
from actors.facade import FacadeContext
from actors.fleet import children, host_numbers, projection_lag
from actors.stores import file_exchange
from api.app import create_app
from api.ports.facade import Component, FacadePorts, Sample
from api.sources.authority import OwnAuthority
from api.sources.calls import check_call
from api.sources.clickhouse import ClickHouseReader
from api.sources.curves import ClickHouseCurves
from api.sources.ledger import SqlLedger
from api.sources.live import FeedEvents
from api.sources.messages import ClickHouseMessages, FeedFrames
from api.sources.registry import SqlRegistry
from api.sources.security_events import SqlSecurityEvents
from api.ui.front import Front
from api.web.serve import start
from engine.access.scope import EVERYWHERE
from engine.alerts.desk import Alerts
from engine.billing.reviews import Reviews
from engine.clock import SECOND, SystemClock
from engine.deliveries.log import DeliveryLog
from engine.errors import RaychargeError, StoreUnavailable, Unavailable
from engine.journal.redis_streams import RedisJournal
from engine.outbox.store import Outbox
from engine.payments.configured import open_provider
from engine.stores.campaigns import Campaigns
from engine.stores.files.exchange import FileExchange
from engine.stores.secret_changes import SecretChanges
from engine.stores.signing_requests import SigningRequests
from engine.stores.sql.engine import Database
from engine.stores.sql.models import dead_letters

log = structlog.get_logger("facade")
NEARLY_FULL, FULL = 0.6, 0.95
SETTLE_EVERY_S = 30.0
SWEEP_EVERY_S = 3600.0


class SystemHealth:
    """The `Health` port: the supervisor's children and the journal."""

    def __init__(self, journal: RedisJournal) -> None:
        self._journal = journal
        self._not_durable = ""

    async def components(self) -> Sequence[Component]:
        found = [await self._journal_component()]
        try:
            told = await children()
        except RaychargeError as error:
            return [*found, Component("supervisor", False, str(error))]
        return found + [
            Component(child["name"], bool(child["ready"]), child["trouble"] if not child["ready"] else "")
            for child in told
        ]

    async def _journal_component(self) -> Component:
        try:
            info = await asyncio.wait_for(self._journal.info(), timeout=3.0)
        except (RaychargeError, TimeoutError) as error:
            return Component("journal", False, str(error) or "no answer")
        durable = info.aof_enabled and info.fsync == "always"
        self._not_durable = "" if durable else "The journal's Redis does not fsync every commit (appendfsync always)."
        # Said long before commits are declined; only the last stretch counts as not ready.
        detail = f"The journal's memory is {info.fill:.0%} full." if info.fill > NEARLY_FULL else ""
        return Component("journal", info.fill < FULL, detail)

    def not_durable(self) -> str:
        return self._not_durable


class SystemMetrics:
    """The `Metrics` port: numbers of hosts, consumers and the journal, gathered when they are scraped."""

    def __init__(self, journal: RedisJournal, database: Database) -> None:
        self._journal, self._database = journal, database

    async def collect(self) -> Sequence[Sample]:
        hosts = await self._journal.leases()
        names = [name for name in sorted(hosts) if ":" not in name]
        gathered = await asyncio.gather(*(host_numbers(name) for name in names))
        samples = [
            Sample(name, text, float(value), {"host": host, **labels})
            for host, numbers in zip(names, gathered, strict=True)
            for name, text, value, labels in numbers
        ]
        for lag in await asyncio.gather(*(projection_lag(name) for name in PROJECTIONS)):
            samples += _lag_samples(lag)
        return samples + await self._journal_samples() + await self._business_samples()

    async def _business_samples(self) -> list[Sample]:
        letters = await Outbox(self._database, SystemClock()).counts()
        waiting = await Reviews(self._database, SystemClock()).open_count(EVERYWHERE)
        states = [
            Sample("raycharge_outbox_letters", "Letters by state", float(letters.get(state, 0)), {"state": state})
            for state in ("waiting", "dead")
        ]
        return [
            *states,
            *await self._deliveries(),
            *await self._alerts(),
            Sample("raycharge_reviews_open", "Sessions that finance has to decide about", float(waiting)),
        ]

    async def _deliveries(self) -> list[Sample]:
        clock = SystemClock()
        backlog = await DeliveryLog(self._database, clock).backlog()
        age = 0.0 if backlog.oldest is None else max(clock.now() - backlog.oldest, 0) / SECOND
        name, about = "raycharge_deliveries", "Messages to channels by state"
        return [
            Sample(name, about, float(backlog.waiting), {"state": "waiting"}),
            Sample(name, about, float(backlog.dead), {"state": "dead"}),
            Sample("raycharge_deliveries_oldest_seconds", "Age of the oldest that waits", age),
        ]

    async def _alerts(self) -> list[Sample]:
        counts = await Alerts(self._database, SystemClock()).counts(EVERYWHERE)
        return [
            Sample(
                "raycharge_alerts", "Alerts that are not resolved", float(many), {"state": state, "severity": severity}
            )
            for state, by_severity in counts.items()
            for severity, many in by_severity.items()
        ]

    async def _journal_samples(self) -> list[Sample]:
        info = await self._journal.info()
        return [
            Sample("raycharge_journal_fill_ratio", "Journal memory used over its limit", info.fill),
            Sample("raycharge_journal_memory_bytes", "Memory used by the journal's Redis", float(info.used_bytes)),
            Sample("raycharge_dead_letters", "Rows that a store refused for their content", float(await self._dead())),
        ]

    async def _dead(self) -> int:
        async with self._database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(dead_letters))).scalar_one())


def _lag_samples(lag: dict[str, object]) -> list[Sample]:
    labels = {"projection": str(lag["name"])}
    running = Sample(
        "raycharge_projection_running", "1 while the consumer answers", float(bool(lag["running"])), labels
    )
    if not lag["running"]:
        return [running]
    return [
        running,
        Sample("raycharge_projection_lag_entries", "Entries not applied yet", float(str(lag["entries"])), labels),
        Sample("raycharge_projection_lag_seconds", "Age of the oldest of them", float(str(lag["seconds"])), labels),
        Sample("raycharge_projection_applied_total", "Entries applied", float(str(lag["applied"])), labels),
        Sample("raycharge_projection_failures_total", "Failures of a store", float(str(lag["failures"])), labels),
    ]


async def _settle(changes: SecretChanges) -> None:
    """Drop passwords that a station refused while nobody was left who waited for its answer; for ever."""
    while True:
        try:
            await changes.settle()
        except StoreUnavailable as error:
            log.warning("secrets_not_settled", error=str(error))
        await asyncio.sleep(SETTLE_EVERY_S)


async def _sweep(files: FileExchange) -> None:
    """Delete what has had its time, every hour, for ever."""
    while True:
        try:
            deleted = await files.sweep()
            log.info("files_swept", deleted=deleted)
        except Unavailable as error:
            log.warning("files_not_swept", error=str(error))
        await asyncio.sleep(SWEEP_EVERY_S)


async def serve(context: FacadeContext) -> None:
    """Serve until `context.stopping` is set. Raises ConfigurationError when the port cannot be had."""
    stores, config = context.stores, context.config
    clickhouse = ClickHouseReader(config.clickhouse_url)
    files = file_exchange(config, stores.database)
    ports = FacadePorts(
        fleet=context.fleet,
        check_call=check_call,
        registry=SqlRegistry(stores.registry),
        ledger=SqlLedger(stores.database),
        analytics=ClickHouseCurves(clickhouse),
        messages=ClickHouseMessages(clickhouse, SystemClock()),
        live=FeedEvents(stores.bus),
        frames=partial(FeedFrames, stores.bus),
        files=files,
        health=SystemHealth(stores.journal),
        metrics=SystemMetrics(stores.journal, stores.database),
        campaigns=Campaigns(stores.database),
        secrets=stores.secret_changes,
        authority=OwnAuthority(stores.certificates, SigningRequests(stores.database), config.settings.pki_folder),
        security_events=SqlSecurityEvents(stores.database),
        business=stores.business,
        signing_key=stores.key.digest("façade logins"),
        payment_provider=open_provider(config.settings, stores.key),
    )
    serving = await start(Front(create_app(ports, config.settings)), config.settings.bind, config.settings.api_port)
    sweeping = asyncio.create_task(_sweep(files))
    context.listening()
    settling = asyncio.create_task(_settle(stores.secret_changes))
    try:
        await context.stopping.wait()
    finally:
        settling.cancel()
        sweeping.cancel()
        await serving.stop()
        await clickhouse.aclose()
