"""The archive: the journal in segment files, and its trimming."""

from __future__ import annotations

from actors.consumers.parts import Parts
from engine.journal.segments import Archive
from engine.projections.archive import ArchiveKeeping, ArchivePolicy, ArchiveProjection
from engine.projections.positions import read_positions
from engine.projections.runner import Pace

PACE = Pace(entries=1000, size=16 * 1024 * 1024, min_interval_s=0.5)


def make(parts: Parts) -> tuple[ArchiveProjection, ArchiveKeeping]:
    """The projection, and what trims the journal behind it and the ledger."""
    config = parts.config
    archive = Archive(config.data_dir / "archive")
    sink = ArchiveProjection(archive, ArchivePolicy(retention_s=config.settings.archive_days * 86_400.0))
    database = parts.database()

    async def ledger_positions() -> dict[int, int]:
        return await read_positions(database, "ledger")

    return sink, ArchiveKeeping(parts.journal, sink, ledger_positions)
