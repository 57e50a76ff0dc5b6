"""Boxes and distances on the earth, taken for a sphere: a third of a percent off at most, which no driver notices."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""


@dataclass(frozen=True, slots=True)
class Box:
    """From south to north and from west eastwards to east, in degrees; `west` above `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, latitude: float, longitude: float) -> bool:
        if not self.south <= latitude <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= longitude <= self.east
        return longitude >= self.west or longitude <= self.east


def box_around(latitude: float, longitude: float, radius_m: float) -> Box:
    """The smallest box that holds all that is within `radius_m` of the point."""
    angle = radius_m / EARTH_RADIUS_M
    south, north = latitude - math.degrees(angle), latitude + math.degrees(angle)
    if south <= -90.0 or north >= 90.0:
        # All meridians meet at a pole.
        return Box(max(south, -90.0), -180.0, min(north, 90.0), 180.0)
    width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude)))))
    return Box(south, _wrapped(longitude - width), north, _wrapped(longitude + width))


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Along the great circle (haversine formula), metres."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    h = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def _wrapped(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0
