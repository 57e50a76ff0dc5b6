"""A session's curve: power, energy and state of charge over time."""

from __future__ import annotations

from typing import Any

from api.dashboard.desk.looks import address
from api.ui.parts.chart import LineChart
from api.ui.parts.figures import instant, number
from api.ui.parts.notices import text
from api.ui.parts.pieces import card
from api.ui.texts import _
from api.ui.visit import Visit

_POWER, _REGISTER, _SOC = "Power.Active.Import", "Energy.Active.Import.Register", "SoC"
STEP_S, MOST = 10, 5000


class Curve:
    """Three lines: power in kW, energy since the start in kWh, the battery's charge in percent once it is told."""

    def __init__(self, visit: Visit, session: str, zone: str) -> None:
        self._visit, self._session = visit, session
        with card(_("Power and energy")):
            lines = {_("Power"): "kW", _("Energy"): "kWh"}
            self._chart = LineChart(lines, _("Power and energy over time"), zone=zone, height="250px")
            self._chart.element.options["legend"]["left"] = "center"
            self._names = list(lines)
            self._told = text("p", "", "rc-soft rc-small")

    async def load(self) -> None:
        asked = {"step_s": STEP_S, "limit": MOST}
        found = await self._visit.api.get(f"{address('sessions', self._session)}/meter-values", asked)
        curves = {curve["measurand"]: curve["points"] for curve in found["curves"]}
        power, register, soc = (_points(curves.get(name, ())) for name in (_POWER, _REGISTER, _SOC))
        first = register[0][1] if register else 0.0
        shown = {
            self._names[0]: [(at, value / 1000) for at, value in power],
            self._names[1]: [(at, (value - first) / 1000) for at, value in register],
        }
        if soc:
            battery = _("Battery in %")
            self._chart.add(battery, "%")
            shown[battery] = soc
        self._chart.show(shown)
        self._told.set_text(self._words(power, soc))

    def _words(self, power: list[tuple[float, float]], soc: list[tuple[float, float]]) -> str:
        """The chart in words, for those who do not see it."""
        if not power:
            return _("The station has told no power yet.")
        most = max(value for _at, value in power) / 1000
        words = _("At most {kw} kW.", kw=number(most, 1))
        if soc:
            words += " " + _("Battery {first} % → {last} %.", first=f"{soc[0][1]:.0f}", last=f"{soc[-1][1]:.0f}")
        return words


def _points(points: Any) -> list[tuple[float, float]]:
    """(milliseconds, value) of the whole, or the phases added where only they are told."""
    sums: dict[str, dict[bool, float]] = {}
    for point in points:
        of = sums.setdefault(point["at"], {})
        whole = not point["phase"]
        of[whole] = of.get(whole, 0.0) + float(point["value"]) if not whole else float(point["value"])
    return [(_ms(at), of.get(True, of.get(False, 0.0))) for at, of in sorted(sums.items())]


def _ms(at: str) -> float:
    moment = instant(at)
    assert moment is not None
    return moment.timestamp() * 1000
