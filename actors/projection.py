"""A journal consumer as a Ray actor of its own: one of the projections, fed by its runner."""

from __future__ import annotations

from typing import Any

import structlog

from actors.config import ClusterConfig
from actors.resident import Resident
from engine.clock import SystemClock
from engine.errors import ConfigurationError
from engine.journal.redis_streams import RedisJournal
from engine.journal.segments import Archive, SegmentReader
from engine.projections.analytics import AnalyticsProjection
from engine.projections.archive import ArchiveKeeping, ArchivePolicy, ArchiveProjection
from engine.projections.dead_letters import DeadLetters
from engine.projections.ledger import Ledger
from engine.projections.live_feed import LiveFeed
from engine.projections.port import Projection
from engine.projections.positions import read_positions
from engine.projections.runner import Housekeeping, Pace, Runner
from engine.stores.analytics.client import ClickHouse
from engine.stores.pubsub import RedisPubSub
from engine.stores.sql.engine import Database, connect

log = structlog.get_logger("projection")
PACES = {
    "ledger": Pace(min_interval_s=0.25),
    # Fewer, larger inserts: each makes a part that has to be merged.
    "analytics": Pace(entries=4000, size=24 * 1024 * 1024, min_interval_s=1.5),
    "live": Pace(min_interval_s=0.02),
    "archive": Pace(entries=1000, size=16 * 1024 * 1024, min_interval_s=0.5),
}


class ProjectionActor(Resident):
    """The Ray actor named `projection-NAME`."""

    async def __init__(self, name: str, config: ClusterConfig, projection: str) -> None:  # type: ignore[misc]
        self.projection = projection
        self.runner: Runner | None = None
        self._closing: list[Any] = []
        await super().__init__(name, config)

    async def run(self) -> None:
        journal = await RedisJournal.open(self.config.redis_url, partitions=self.config.settings.partitions)
        self._closing.append(journal)
        archive = Archive(self.config.data_dir / "archive")
        projection, housekeeping = self._make(journal, archive)
        self._closing.insert(0, projection)
        source = None if self.projection == "archive" else SegmentReader(self.config.data_dir / "archive")
        self.runner = Runner(
            journal, projection, archive=source, pace=PACES[self.projection], housekeeping=housekeeping
        )
        self.ready, self.trouble = True, ""
        await self.runner.run(self.stopping)

    def _make(self, journal: RedisJournal, archive: Archive) -> tuple[Projection, Housekeeping | None]:
        settings = self.config.settings
        if self.projection == "ledger":
            return Ledger(self._database()), None
        if self.projection == "analytics":
            store = ClickHouse(self.config.clickhouse_url)
            self._closing.append(store)
            letters = DeadLetters(self._database())
            days = settings.message_log_days
            return AnalyticsProjection(store, letters, SystemClock(), message_log_days=days), None
        if self.projection == "live":
            bus = RedisPubSub.from_url(self.config.redis_url)
            self._closing.append(bus)
            return LiveFeed(journal, bus), None
        if self.projection == "archive":
            sink = ArchiveProjection(archive, ArchivePolicy(retention_s=settings.archive_days * 86_400.0))
            database = self._database()

            async def ledger_positions() -> dict[int, int]:
                return await read_positions(database, "ledger")

            return sink, ArchiveKeeping(journal, sink, ledger_positions)
        raise ConfigurationError(f"There is no projection {self.projection!r}.")

    def _database(self) -> Database:
        database = connect(self.config.settings.sql_url, pool_size=2)
        self._closing.append(database)
        return database

    async def leave(self) -> None:
        closing, self._closing = self._closing, []
        for each in closing:
            await each.aclose()
        self.runner = None

    async def ping(self) -> dict[str, Any]:
        told = await super().ping()
        runner = self.runner
        if runner is not None and runner.trouble:
            told["ready"], told["trouble"] = False, runner.trouble
        return told

    async def lag(self) -> dict[str, Any]:
        """How far this projection is behind, and what it has done."""
        runner = self.runner
        if runner is None:
            return {"name": self.projection, "running": False}
        return {
            "name": self.projection,
            "running": True,
            "entries": runner.lag.entries,
            "seconds": runner.lag.seconds,
            "applied": runner.applied,
            "batches": runner.batches,
            "failures": runner.failures,
            "trouble": runner.trouble,
            "positions": runner.positions,
            "heads": runner.heads,
        }
