"""Live states from the journal's snapshots: as of the last commit, without asking a host."""

from __future__ import annotations

from collections.abc import Sequence

from api.ports import View
from engine.charging.view import charge_point_view
from engine.journal.port import Journal


class SnapshotViews:
    """`state` and `states` of the `Fleet` port. Raise JournalUnavailable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def state(self, charge_point: str) -> View | None:
        return (await self.states([charge_point])).get(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        found = await self._journal.snapshots(charge_points)
        return {name: charge_point_view(name, parts) for name, parts in found.items()}
