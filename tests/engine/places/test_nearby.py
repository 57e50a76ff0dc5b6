"""Stations near a point: as if all of them were looked at, only faster."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.places.geography import distance_m
from engine.places.nearby import Site, Sites

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
POINTS = st.tuples(LATITUDES, LONGITUDES)
CLOSE = st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))


def site(number: int, latitude: float, longitude: float) -> Site:
    return Site(f"s{number:05d}", "default", "", latitude, longitude, ())


def by_looking_at_all(sites: list[Site], latitude: float, longitude: float, radius_m: float) -> list[str]:
    away = [(distance_m(latitude, longitude, each.latitude, each.longitude), each.id) for each in sites]
    return [name for distance, name in sorted(away) if distance <= radius_m]


@given(st.lists(POINTS, max_size=30), st.lists(CLOSE, max_size=30), POINTS, st.floats(1, 200_000))
@example([(0.0, 180.0), (0.0, -180.0), (0.0, 179.99)], [], (0.0, -179.99), 5_000.0)
@example([(90.0, 10.0), (89.99, -170.0)], [], (89.99, 10.0), 50_000.0)
@example([(-90.0, 0.0)], [], (-89.9, 180.0), 20_000.0)
@example([(12.1, 77.5)], [], (12.1, 77.5), 1.0)
def test_the_same_is_found_as_by_looking_at_all(
    far: list[tuple[float, float]],
    close: list[tuple[float, float]],
    here: tuple[float, float],
    radius_m: float,
) -> None:
    around = [(max(-90, min(90, here[0] + up)), (here[1] + right + 180) % 360 - 180) for up, right in close]
    all_of_them = [site(number, *place) for number, place in enumerate([*far, *around])]
    found = [each.id for _, each in Sites(all_of_them).near(*here, radius_m)]
    assert found == by_looking_at_all(all_of_them, *here, radius_m)


def test_a_station_that_moves_is_found_where_it_is_and_one_that_is_dropped_nowhere() -> None:
    sites = Sites([site(1, 10.0, 10.0), site(2, 10.001, 10.0)])
    sites.put(site(1, 50.0, 10.0))
    assert [each.id for _, each in sites.near(10.0, 10.0, 1_000)] == ["s00002"]
    assert [each.id for _, each in sites.near(50.0, 10.0, 1_000)] == ["s00001"]
    sites.drop("s00002")
    sites.drop("never there")
    assert (sites.near(10.0, 10.0, 1_000), len(sites)) == ([], 1)


def test_of_ten_thousand_stations_only_those_around_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = 0

    def counted(*points: float) -> float:
        nonlocal measured
        measured += 1
        return distance_m(*points)

    monkeypatch.setattr("engine.places.nearby.distance_m", counted)
    chance = random.Random(7)
    sites = Sites(site(n, chance.uniform(8, 35), chance.uniform(68, 97)) for n in range(10_000))
    found = sum(len(sites.near(chance.uniform(8, 35), chance.uniform(68, 97), 25_000)) for _ in range(200))
    assert 0 < found <= measured < 5 * found
