"""A journal consumer as a Ray actor of its own: one of the projections, fed by its runner."""

from __future__ import annotations

import importlib
from typing import Any

import structlog

from actors.children import PROJECTIONS
from actors.config import ClusterConfig
from actors.consumers.parts import Parts
from actors.resident import Resident
from engine.errors import ConfigurationError
from engine.journal.redis_streams import RedisJournal
from engine.journal.segments import SegmentReader
from engine.projections.port import Projection
from engine.projections.runner import Housekeeping, Pace, Runner

log = structlog.get_logger("projection")


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
        parts = Parts(self.config, journal)
        # The projection closes what it has first, the journal last.
        self._closing[:0] = [parts]
        projection, housekeeping, pace = self._make(parts)
        self._closing.insert(0, projection)
        source = None if self.projection == "archive" else SegmentReader(self.config.data_dir / "archive")
        self.runner = Runner(journal, projection, archive=source, pace=pace, housekeeping=housekeeping)
        self.ready, self.trouble = True, ""
        await self.runner.run(self.stopping)

    def _make(self, parts: Parts) -> tuple[Projection, Housekeeping | None, Pace]:
        """Of the consumer's own module, which no other process loads."""
        if self.projection not in PROJECTIONS:
            raise ConfigurationError(f"There is no projection {self.projection!r}.")
        module = importlib.import_module(f"actors.consumers.{self.projection}")
        projection, housekeeping = module.make(parts)
        return projection, housekeeping, module.PACE

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
