"""The power of a session as a drawing: SVG that needs no script, and the same in words for those who do not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.drive import figures

WIDTH, HEIGHT = 320, 110
LEFT, RIGHT, TOP, BOTTOM = 34, 316, 8, 92
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Curve:
    """`line` and `area` are SVG paths within WIDTH × HEIGHT; `rows` label the axes: (x, y, text)."""

    line: str
    area: str
    powers: tuple[tuple[float, str], ...]
    begins: str
    ends: str
    most: str
    last: str


def drawn(points: Sequence[Mapping[str, Any]], zone: str) -> Curve | None:
    """None for fewer than two readings of power."""
    told = [(_at(each["at"]), float(each["power_w"]), each["at"]) for each in points if each["power_w"] is not None]
    if len(told) < 2 or told[-1][0] <= told[0][0]:
        return None
    first, last = told[0], told[-1]
    top = _round_up(max(power for _, power, _ in told) / 1000)
    scale_x, scale_y = (RIGHT - LEFT) / (last[0] - first[0]), (BOTTOM - TOP) / top
    places = [(LEFT + (at - first[0]) * scale_x, BOTTOM - power / 1000 * scale_y) for at, power, _ in told]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    area = f"{line} L{places[-1][0]:.1f} {BOTTOM} L{LEFT} {BOTTOM} Z"
    powers = tuple((BOTTOM - share * top * scale_y, figures.kw_of_w(share * top * 1000)) for share in (0.0, 0.5, 1.0))
    most = max(power for _, power, _ in told)
    return Curve(
        line,
        area,
        powers,
        figures.clock(first[2], zone),
        figures.clock(last[2], zone),
        figures.kw_of_w(round(most)),
        figures.kw_of_w(round(last[1])),
    )


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _round_up(kilowatts: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … kW, at least one."""
    power = 1.0
    while True:
        for step in _STEPS:
            if step * power >= kilowatts:
                return step * power
        power *= 10
