"""Charts are drawn by the clock of the station, wherever the browser is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.ui.parts.chart import drawn_at


def ms(year: int, month: int, day: int, hour: int, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000


@pytest.mark.parametrize(
    ("at", "zone", "drawn"),
    [
        (ms(2026, 1, 15, 12), "UTC", ms(2026, 1, 15, 12)),
        (ms(2026, 1, 15, 12), "Europe/Berlin", ms(2026, 1, 15, 13)),
        (ms(2026, 7, 15, 12), "Europe/Berlin", ms(2026, 7, 15, 14)),
        (ms(2026, 1, 15, 20), "Asia/Kolkata", ms(2026, 1, 16, 1, 30)),
        (ms(2026, 1, 15, 12), "Nowhere/Atall", ms(2026, 1, 15, 12)),
    ],
)
def test_a_moment_is_drawn_where_the_stations_clock_has_it(at: float, zone: str, drawn: float) -> None:
    assert drawn_at(at, zone) == drawn


def test_the_hour_that_a_change_of_clock_leaves_out_is_a_gap() -> None:
    before, after = ms(2026, 3, 29, 0, 59), ms(2026, 3, 29, 1)
    assert drawn_at(after, "Europe/Berlin") - drawn_at(before, "Europe/Berlin") == 61 * 60 * 1000
