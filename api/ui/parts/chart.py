"""A line chart over time that can grow while one looks, and a bar chart. Both say in words what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from api.ui.parts.figures import in_zone, zone_name
from api.ui.theme import CHART

_SOFT = "#7a8894"
_GRID = {"left": 54, "right": 18, "top": 34, "bottom": 40}
Points = Sequence[tuple[float, float | None]]
"""(milliseconds since the Unix epoch, value)"""


def drawn_at(at_ms: float, zone: str) -> float:
    """Where a moment lies on an axis that knows UTC only: the milliseconds of the zone's wall clock taken for UTC."""
    local = in_zone(datetime.fromtimestamp(at_ms / 1000, UTC), zone)
    return at_ms if local is None else local.replace(tzinfo=UTC).timestamp() * 1000


class LineChart:
    """Named lines over time, each of one unit; a second unit gets an axis of its own on the right. Percent need none to
    be read by: they run over the whole height, 0 at the bottom and 100 on top.

    Times are drawn by the clock of `zone`, which the axis names, wherever the browser is. `alt` is what it shows, in
    words.
    """

    def __init__(
        self,
        lines: Mapping[str, str],
        alt: str,
        *,
        zone: str = "UTC",
        height: str = "260px",
        area: bool = False,
        keep: int = 2000,
    ) -> None:
        self._names, self._zone, self._keep, self._area = list(lines), zone, keep, area
        self._units = list(dict.fromkeys(lines.values()))
        series = [self._line(name, unit) for name, unit in lines.items()]
        self.element = ui.echart(self._options(self._units, series)).style(f"height: {height}; width: 100%")
        self.element.props(f'role="img" aria-label="{alt}"')

    def add(self, name: str, unit: str) -> None:
        """One more line, of which nobody knew at first. A line that is there already stays."""
        if name in self._names:
            return
        if unit not in self._units:
            self._units.append(unit)
            self.element.options["yAxis"].append(_axis(unit))
        self._names.append(name)
        self.element.options["series"].append(self._line(name, unit))
        self.element.options["legend"]["show"] = True

    def _line(self, name: str, unit: str) -> dict[str, Any]:
        return {
            "name": name,
            "type": "line",
            "showSymbol": False,
            "data": [],
            "smooth": False,
            "step": False,
            "yAxisIndex": self._units.index(unit),
            **({"areaStyle": {"opacity": 0.12}} if self._area else {}),
            "lineStyle": {"width": 2, **({"type": "dashed"} if unit == "%" else {})},
        }

    def _options(self, units: Sequence[str], series: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "color": list(CHART),
            "animation": False,
            "grid": {**_GRID, "right": 54 if len({*units} - {"%"}) > 1 else 18},
            "legend": {"top": 0, "right": 8, "textStyle": {"color": _SOFT}, "show": len(series) > 1},
            "tooltip": {"trigger": "axis"},
            "useUTC": True,
            "xAxis": {
                "type": "time",
                "name": zone_name(self._zone),
                "nameLocation": "end",
                "nameGap": 4,
                "nameTextStyle": {"color": _SOFT, "align": "right", "verticalAlign": "top", "padding": [22, 0, 0, 0]},
                "axisLabel": {"color": _SOFT, "hideOverlap": True},
            },
            "yAxis": [_axis(unit) for unit in units],
            "series": series,
        }

    def show(self, points: Mapping[str, Points]) -> None:
        """Draw these points and no others."""
        for name, line in points.items():
            self._series(name)["data"] = [[drawn_at(at, self._zone), value] for at, value in line]
        self.element.update()

    def append(self, name: str, at_ms: float, value: float | None) -> None:
        """One more point at the right end; the oldest go when there are too many."""
        data = self._series(name)["data"]
        data.append([drawn_at(at_ms, self._zone), value])
        del data[: -self._keep]
        self.element.update()

    def _series(self, name: str) -> dict[str, Any]:
        series: dict[str, Any] = self.element.options["series"][self._names.index(name)]
        return series


def _axis(unit: str) -> dict[str, Any]:
    """The axis of a unit."""
    axis = {"axisLabel": {"color": _SOFT}, "splitLine": {"lineStyle": {"color": _SOFT, "opacity": 0.18}}}
    if unit == "%":
        return {"type": "value", "name": unit, "show": False, "min": 0, "max": 100, **axis}
    return {"type": "value", "name": unit, "nameTextStyle": {"color": _SOFT}, "scale": False, **axis}


def bar_chart(values: Mapping[str, float], unit: str, alt: str, *, height: str = "220px") -> ui.echart:
    """A bar for each name, in their order."""
    label = {"axisLabel": {"color": _SOFT}}
    options = {
        "color": list(CHART),
        "animation": False,
        "grid": _GRID,
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": list(values), **label},
        "yAxis": {"type": "value", "name": unit, "nameTextStyle": {"color": _SOFT}, **label},
        "series": [{"type": "bar", "data": list(values.values()), "barMaxWidth": 42}],
    }
    chart = ui.echart(options).style(f"height: {height}; width: 100%")
    return chart.props(f'role="img" aria-label="{alt}"')
