"""Stations on a map and how they stand, many as one sign: for drivers what is free, for operators the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from api.schemas.mapping import MapOut, SignOut, SignStationOut
from api.web.context import Context
from engine.places.clusters import Cluster, Point, clusters
from engine.stores.places.pins import Pin

MOST_SIGNS = 1_500
"""More than a map of any size can show: a cell has 64 pixels."""

FREE, TAKEN, BROKEN, AWAY, QUIET = "good", "busy", "bad", "off", "wait"
_FOR_DRIVERS = (("free", FREE), ("occupied", TAKEN), ("reserved", TAKEN), ("out_of_order", BROKEN))
_WORST_FIRST: tuple[tuple[str, str], ...] = (
    ("Faulted", BROKEN),
    ("Offline", AWAY),
    ("Reconnecting", AWAY),
    ("Unavailable", "warn"),
    ("SuspendedEVSE", TAKEN),
    ("SuspendedEV", TAKEN),
    ("Charging", TAKEN),
    ("Preparing", TAKEN),
    ("Finishing", TAKEN),
    ("Reserved", QUIET),
    ("Available", FREE),
)
"""Shown state → tone, what needs somebody first."""

Tones = Mapping[str, str]


def for_drivers(here: Context, pins: Iterable[Pin], *, free_only: bool) -> list[Point]:
    """What somebody finds who goes there. A station with anything free is a good one."""
    image, by_station = here.image, _by_station(here, offered_only=True)
    points = []
    for pin in pins:
        stands: Counter[str] = Counter()
        for charge_point in by_station.get(pin.id, ()):
            seen = image.get(charge_point)
            for one in () if seen is None else seen.real():
                stands[image.availability(charge_point, one.evse, one.connector)] += 1
        if not free_only or stands["free"]:
            tone = next((tone for state, tone in _FOR_DRIVERS if stands[state]), AWAY)
            points.append(_point(pin, tone, stands["free"], stands.total()))
    return points


def for_operators(here: Context, pins: Iterable[Pin], *, state: str) -> list[Point]:
    """The worst that is there; with `state` those stations alone that have a connector in it."""
    image, by_station = here.image, _by_station(here, offered_only=False)
    points = []
    for pin in pins:
        shown: Counter[str] = Counter()
        for charge_point in by_station.get(pin.id, ()):
            seen = image.get(charge_point)
            if seen is None:
                shown["Offline"] += 1
                continue
            shown.update(one.shown(seen.link) for one in seen.real())
        if not state or shown[state]:
            tone = next((tone for name, tone in _WORST_FIRST if shown[name]), AWAY)
            points.append(_point(pin, tone, shown["Available"], shown.total()))
    return points


def _point(pin: Pin, tone: str, free: int, total: int) -> Point:
    return Point(pin.id, pin.name, pin.latitude, pin.longitude, tone, free, total)


def _by_station(here: Context, *, offered_only: bool) -> dict[str, list[str]]:
    """The charge points of each station; with `offered_only` those that drivers are shown."""
    found: dict[str, list[str]] = {}
    places = here.ports.business.places
    for charge_point in places.charge_points():
        place = places.place(charge_point)
        if place is not None and (place.offered or not offered_only):
            found.setdefault(place.station, []).append(place.charge_point)
    return found


def shown(points: list[Point], zoom: int, rank: Callable[[str], int]) -> MapOut:
    """The signs; each bears the tone that `rank` puts lowest of those in it, and those with the lowest come first."""
    signs = sorted(clusters(points, zoom), key=lambda each: min(map(rank, each.tones)))
    return MapOut(
        items=[_sign(each, rank) for each in signs[:MOST_SIGNS]],
        stations=len(points),
        complete=len(signs) <= MOST_SIGNS,
    )


def best_first(tone: str) -> int:
    return (FREE, TAKEN, QUIET, BROKEN, "warn", AWAY).index(tone)


def worst_first(tone: str) -> int:
    return (BROKEN, AWAY, "warn", TAKEN, QUIET, FREE).index(tone)


def _sign(cluster: Cluster, rank: Callable[[str], int]) -> SignOut:
    return SignOut.model_validate(
        {
            "latitude": round(cluster.latitude, 6),
            "longitude": round(cluster.longitude, 6),
            "stations": cluster.stations,
            "tone": min(cluster.tones, key=rank),
            "tones": dict(cluster.tones),
            "free": cluster.free,
            "connectors": cluster.all,
            "first": [
                SignStationOut(id=each.id, name=each.name, free=each.free, connectors=each.all)
                for each in cluster.points
            ],
        }
    )
