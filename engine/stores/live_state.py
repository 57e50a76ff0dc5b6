"""The live state of charge points, read from the snapshots that hosts commit: as fresh as the last commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.charging.kept_view import VIEWS, reports_view
from engine.charging.view import charge_point_view
from engine.journal.port import Journal

View = Mapping[str, Any]
"""One charge point's, as engine/charging/view.py writes it."""


class LiveStates:
    """Reads without asking any host. All methods raise JournalUnavailable."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def state(self, charge_point: str) -> View | None:
        """None for a station that never connected."""
        return (await self.states([charge_point])).get(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        """Those that never connected are left out."""
        found = await self._journal.snapshots(charge_points)
        return {name: charge_point_view(name, parts) for name, parts in found.items()}

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        """A view of what is kept beside charging, by its name; None for a station that never connected."""
        parts = (await self._journal.snapshots([charge_point])).get(charge_point)
        if parts is None:
            return None
        return VIEWS[what](parts) if request is None else reports_view(parts, request)
