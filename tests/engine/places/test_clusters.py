"""Signs on a map: every station is in exactly one, near ones are together, and none jumps when the map is moved."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.places.clusters import CELL_PX, DEEPEST, KEPT, TILE_PX, Point, clusters, projected

POINTS = st.lists(
    st.builds(
        Point,
        id=st.uuids().map(str),
        name=st.just("S"),
        latitude=st.floats(-85, 85),
        longitude=st.floats(-180, 179.999),
        tone=st.sampled_from(["good", "busy", "bad"]),
        free=st.integers(0, 4),
        all=st.integers(4, 8),
    ),
    max_size=60,
)


@given(POINTS, st.integers(0, DEEPEST))
def test_every_station_is_in_exactly_one_sign(points: list[Point], zoom: int) -> None:
    found = clusters(points, zoom)
    assert sum(each.stations for each in found) == len(points)
    assert sum((each.tones for each in found), Counter()) == Counter(point.tone for point in points)
    assert sum(each.free for each in found) == sum(point.free for point in points)
    assert all(len(each.points) == min(each.stations, KEPT) for each in found)


@given(POINTS, st.integers(0, DEEPEST - 1))
def test_a_sign_is_no_larger_than_a_cell(points: list[Point], zoom: int) -> None:
    for each in clusters(points, zoom):
        if each.stations <= KEPT:
            places = [projected(point.latitude, point.longitude) for point in each.points]
            for axis in (0, 1):
                spread = max(place[axis] for place in places) - min(place[axis] for place in places)
                assert spread * TILE_PX * 2**zoom <= CELL_PX + 1e-6


@given(POINTS, st.integers(0, DEEPEST))
def test_what_else_is_shown_moves_no_sign(points: list[Point], zoom: int) -> None:
    whole = clusters(points, zoom)
    half = clusters(points[: len(points) // 2], zoom)
    signs = {point.id: number for number, each in enumerate(whole) for point in each.points}
    for each in half:
        assert len({signs[point.id] for point in each.points if point.id in signs}) <= 1


def test_stations_side_by_side_part_when_one_looks_closer() -> None:
    two = [Point("a", "A", 52.5200, 13.4050, "good", 1, 2), Point("b", "B", 52.5230, 13.4110, "bad", 0, 2)]
    [sign] = clusters(two, 8)
    assert (sign.stations, sign.tones, sign.free, sign.all) == (2, {"good": 1, "bad": 1}, 1, 4)
    assert len(clusters(two, 16)) == 2
    assert len(clusters([two[0], two[0]], DEEPEST)) == 1, "in the very same place"
