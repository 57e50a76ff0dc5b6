"""What a map shows of many stations: one sign for those that would lie on each other at this zoom.

The world at zoom z is a square of 256·2^z pixels (Web Mercator). It is cut into cells; stations in one cell become one
sign, which stands where they are on average. A cell's place does not depend on what the map shows, so signs do not jump
when it is moved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

TILE_PX, CELL_PX = 256, 64
DEEPEST = 20
"""Zoom at which nothing is put together any more, but for stations in the very same place."""

_LIMIT = 85.05112878
"""Latitude at which Web Mercator ends, degrees."""


@dataclass(frozen=True, slots=True)
class Point:
    """A station on the map. `tone` is how it stands, in the caller's words; `free` of `all` connectors are free."""

    id: str
    name: str
    latitude: float
    longitude: float
    tone: str
    free: int
    all: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """One sign: `stations` of them, by tone, around the mean of their places. `points` has the first few of them."""

    latitude: float
    longitude: float
    stations: int
    tones: Counter[str]
    free: int
    all: int
    points: tuple[Point, ...]


KEPT = 5
"""Stations that a sign names."""


def clusters(points: Iterable[Point], zoom: int) -> list[Cluster]:
    """The signs, in the order of their cells. Every point is in exactly one."""
    cells: dict[tuple[int, int], list[Point]] = {}
    size = TILE_PX * 2 ** max(0, min(zoom, DEEPEST)) / CELL_PX
    if zoom >= DEEPEST:
        size = 2.0**40
    for point in points:
        x, y = projected(point.latitude, point.longitude)
        cells.setdefault((int(x * size), int(y * size)), []).append(point)
    return [_cluster(cells[cell]) for cell in sorted(cells)]


def projected(latitude: float, longitude: float) -> tuple[float, float]:
    """Web Mercator, both from 0 to 1: eastwards from the date line, southwards from the north."""
    sine = math.sin(math.radians(max(-_LIMIT, min(_LIMIT, latitude))))
    return longitude / 360 + 0.5, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)


def _cluster(within: list[Point]) -> Cluster:
    count = len(within)
    return Cluster(
        sum(each.latitude for each in within) / count,
        sum(each.longitude for each in within) / count,
        count,
        Counter(each.tone for each in within),
        sum(each.free for each in within),
        sum(each.all for each in within),
        tuple(within[:KEPT]),
    )
