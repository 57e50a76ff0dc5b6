"""The live state of charge points, read from the snapshots that hosts commit: as fresh as the last commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.charging.kept.view import VIEWS, reports_view
from engine.charging.view import charge_point_view
from engine.journal.port import Journal
from engine.ocpp.quirks import QuirkBook

View = Mapping[str, Any]
"""One charge point's, as engine/charging/view.py writes it, and the names of its `quirks`."""


class LiveStates:
    """Reads without asking any host. All methods raise JournalUnavailable."""

    def __init__(self, journal: Journal, quirks: QuirkBook | None = None) -> None:
        self._journal, self._quirks = journal, quirks or QuirkBook()

    async def state(self, charge_point: str) -> View | None:
        """None for a station that never connected."""
        return (await self.states([charge_point])).get(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        """Those that never connected are left out."""
        found = await self._journal.snapshots(charge_points)
        return {name: self._view(name, parts) for name, parts in found.items()}

    def _view(self, charge_point: str, parts: Mapping[str, bytes]) -> View:
        view = charge_point_view(charge_point, parts)
        boot = view["boot"] or {}
        said = (boot.get(name, "") for name in ("vendor", "model", "firmware"))
        tolerances = self._quirks.of(charge_point, *said)
        return view | {"quirks": [] if tolerances is None else tolerances.names}

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        """A view of what is kept beside charging, by its name; None for a station that never connected."""
        parts = (await self._journal.snapshots([charge_point])).get(charge_point)
        if parts is None:
            return None
        return VIEWS[what](parts) if request is None else reports_view(parts, request)
