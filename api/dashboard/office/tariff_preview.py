"""What a session would cost by a tariff that is being written: its lines, and its price by the hour at which it begins.

Reckoned by the API's preview, which is the engine of every receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from nicegui import ui

from api.dashboard.office.shown import card, facts, money, number, table
from api.ui.client import ProblemError
from api.ui.parts.notices import text
from api.ui.texts import N_, _
from api.ui.theme import CHART
from api.ui.visit import Visit

KINDS = {
    "energy": N_("Energy"),
    "time": N_("Time"),
    "parking_time": N_("Parking"),
    "flat": N_("Once"),
    "idle": N_("Idle"),
    "minimum": N_("Up to the least price"),
    "maximum": N_("Down to the highest price"),
}
Content = Callable[[], dict[str, Any]]


class TariffPreview:
    """`content` gives what the tariff says now."""

    def __init__(self, visit: Visit, content: Content, zone: str) -> None:
        self._visit, self._content = visit, content
        self._zone = zone if zone in available_timezones() else "UTC"
        self._result: ui.element | None = None
        self._chart: Any = None
        self._asked = 0

    def draw(self) -> None:
        """Make it where the caller stands."""
        begins = datetime.now(ZoneInfo(self._zone)).replace(hour=18, minute=0)
        with card(_("What would a session cost?")):
            with ui.element("div").classes("rc-fields"):
                self._start = ui.input(_("Begins ({zone})", zone=self._zone), value=f"{begins:%Y-%m-%dT%H:%M}")
                self._start.props("outlined dense stack-label type=datetime-local")
                self._kwh = self._number(_("Energy, kWh"), "22")
                self._power = self._number(_("Power, kW"), "50")
                self._idle = self._number(_("Idle afterwards, minutes"), "0")
            for field in (self._start, self._kwh, self._power, self._idle):
                field.on_value_change(self.refresh)
            self._result = ui.element("div").classes("rc-stack").props('role="status" aria-live="polite"')
        with card(_("Over the day")):
            text(
                "p",
                _("What such a session costs by the hour at which it begins, without idle time."),
                "rc-soft rc-small",
            )
            self._chart = ui.echart(_empty_chart()).classes("rc-chart")
            self._chart.props["role"], self._chart.props["aria-label"] = "img", _("Price over the day")
        self.refresh()

    def refresh(self) -> None:
        """Reckon anew, after a change of tariff or session."""
        self._asked += 1
        self._visit.keep(self._refresh(self._asked))

    def _number(self, label: str, value: str) -> Any:
        return ui.input(label, value=value).props("outlined dense stack-label debounce=300 inputmode=decimal")

    def _plan(self, start: datetime, idle_s: int) -> dict[str, Any]:
        plan = {"content": self._content(), "start": start.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        plan |= {"time_zone": self._zone, "kwh": _amount(self._kwh.value), "power_kw": _amount(self._power.value)}
        return plan | {"idle_s": idle_s}

    async def _refresh(self, asked: int) -> None:
        try:
            start = datetime.fromisoformat(self._start.value).replace(tzinfo=ZoneInfo(self._zone))
            idle_s = int(float(_amount(self._idle.value) or 0) * 60)
        except (TypeError, ValueError):
            return
        try:
            bill = await self._visit.api.post("/tariff-preview", self._plan(start, idle_s))
            hours = [
                (await self._visit.api.post("/tariff-preview", self._plan(start.replace(hour=hour, minute=0), 0)))[
                    "gross"
                ]
                for hour in range(24)
            ]
        except ProblemError as problem:
            bill, hours = problem, []
        if asked != self._asked or self._result is None or self._result.is_deleted:
            return
        self._result.clear()
        with self._result:
            _refused(bill) if isinstance(bill, ProblemError) else _shown(bill)
        self._chart.options["series"][0]["data"] = [float(each) for each in hours]


def _refused(problem: ProblemError) -> None:
    text("p", f"{problem.field}: {problem.detail}" if problem.field else problem.detail, "rc-soft")


def _shown(bill: dict[str, Any]) -> None:
    currency = bill["currency"]
    rows = [
        [
            _(KINDS.get(line["kind"].lower(), line["kind"])),
            f"{number(line['quantity'])} {line['unit']} × {number(line['unit_price'])}",
            money(line["amount"], currency),
        ]
        for line in bill["lines"]
    ]
    heads = [_("For"), _("Reckoned"), _("Amount")]
    table(heads, rows, label=_("Lines of the bill"), numbers=(2,))
    told: list[tuple[str, Any]] = [(_("Without tax"), money(bill["net"], currency))]
    told += [(f"{tax['name']} {number(tax['percent'])} %", money(tax["amount"], currency)) for tax in bill["taxes"]]
    told.append((_("To pay"), lambda: text("span", money(bill["gross"], currency), "rc-total")))
    facts(told)


def _amount(value: Any) -> str:
    return str(value or "0").strip().replace(",", ".")


def _empty_chart() -> dict[str, Any]:
    return {
        "grid": {"left": 48, "right": 12, "top": 16, "bottom": 28},
        "xAxis": {"type": "category", "data": [f"{hour:02d}" for hour in range(24)]},
        "yAxis": {"type": "value"},
        "tooltip": {"trigger": "axis"},
        "series": [{"type": "bar", "data": [], "itemStyle": {"color": CHART[0]}}],
    }
