"""Stations near a point, from memory: cells of a tenth of a degree, exact distances within those that matter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.places.geography import Box, box_around, distance_m

CELL_DEGREES = 0.1
"""Eleven kilometres from south to north: a driver looks for some kilometres around."""

_WHOLE_TURN = round(360 / CELL_DEGREES)

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spot:
    """A connector as described. `power_w` is None where that is not known; `code` is its public code."""

    charge_point: str
    evse: int
    connector: int
    type: str
    power_w: int | None
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Site:
    """A station that drivers may be sent to, and its connectors. WGS 84, degrees."""

    id: str
    network: str
    name: str
    latitude: float
    longitude: float
    spots: tuple[Spot, ...]


class Sites:
    """All of them. A lookup costs what lies around the point, not what there is."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self._sites: dict[str, Site] = {}
        self._cells: dict[Cell, dict[str, Site]] = {}
        for site in sites:
            self.put(site)

    def __len__(self) -> int:
        return len(self._sites)

    def get(self, station: str) -> Site | None:
        """By its id."""
        return self._sites.get(station)

    def put(self, site: Site) -> None:
        """Add one, or replace the one of this id."""
        self.drop(site.id)
        self._sites[site.id] = site
        self._cells.setdefault(_cell(site.latitude, site.longitude), {})[site.id] = site

    def drop(self, station: str) -> None:
        """Forget one, if it is there."""
        site = self._sites.pop(station, None)
        if site is not None:
            place = _cell(site.latitude, site.longitude)
            del self._cells[place][station]
            if not self._cells[place]:
                del self._cells[place]

    def near(self, latitude: float, longitude: float, radius_m: float) -> list[tuple[float, Site]]:
        """Those within the radius, with their distance in metres: the nearest first, of equally far ones by id."""
        found = []
        for site in self._around(box_around(latitude, longitude, radius_m)):
            away = distance_m(latitude, longitude, site.latitude, site.longitude)
            if away <= radius_m:
                found.append((away, site))
        found.sort(key=lambda each: (each[0], each[1].id))
        return found

    def _around(self, box: Box) -> Iterator[Site]:
        rows = range(_step(box.south), _step(box.north) + 1)
        west, east = _step(box.west), _step(box.east)
        across = east - west + 1 if box.west <= box.east else east + _WHOLE_TURN - west + 1
        if len(rows) * across > len(self._cells):
            for cell in self._cells.values():
                yield from cell.values()
            return
        columns = dict.fromkeys(_turned(west + step) for step in range(across))
        for row in rows:
            for column in columns:
                yield from self._cells.get((row, column), {}).values()


def _step(degrees: float) -> int:
    return math.floor(degrees / CELL_DEGREES)


def _turned(column: int) -> int:
    """A column of cells by the number that it has between -180 and 180 degrees."""
    return (column + _WHOLE_TURN // 2) % _WHOLE_TURN - _WHOLE_TURN // 2


def _cell(latitude: float, longitude: float) -> Cell:
    return _step(latitude), _turned(_step(longitude))
