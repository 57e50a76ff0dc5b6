"""Boxes and distances on the earth: poles and the date line included."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.places.geography import Box, box_around, distance_m

latitudes, longitudes = st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False)


@given(latitudes, longitudes, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(1, 200_000))
def test_all_that_is_near_is_in_the_box(
    latitude: float, longitude: float, up: float, right: float, radius: float
) -> None:
    other = max(-90.0, min(90.0, latitude + up)), (longitude + right + 180.0) % 360.0 - 180.0
    # A metre of doubt at the very edge: the numbers have 15 digits.
    if distance_m(latitude, longitude, *other) <= radius - 1:
        assert box_around(latitude, longitude, radius).holds(*other)


def test_distances_and_the_date_line() -> None:
    assert round(distance_m(52.5163, 13.3777, 48.8584, 2.2945) / 1000) == 879, "Berlin to Paris"
    assert round(distance_m(0, 179.9, 0, -179.9)) == round(distance_m(0, 0, 0, 0.2))
    box = box_around(-17.0, 179.95, 20_000)
    assert box.west > box.east
    assert box.holds(-17.0, -179.95)
    assert not box.holds(-17.0, 0.0)
    assert not Box(0, 0, 1, 1).holds(0.5, 2)
