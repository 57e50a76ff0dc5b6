"""A book of places for tests: some charge points that stand at one station."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    network: str = "net"
    station: str = "mall"
    zone: str = "UTC"


class OneSite:
    """These charge points are at one site, no others are anywhere."""

    def __init__(self, *charge_points: str, site: Site | None = None) -> None:
        self._charge_points = charge_points
        self._site = site or Site()

    def place(self, charge_point: str) -> Site | None:
        return self._site if charge_point in self._charge_points else None
