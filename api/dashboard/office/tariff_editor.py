"""The editor of what a tariff says: prices with their conditions, taxes, idle fee; checked as it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from babel.dates import get_day_names
from nicegui import ui

from api.dashboard.office.shown import chip
from api.ui.client import ProblemError
from api.ui.parts.notices import text
from api.ui.texts import LANGUAGES, N_, _, locale
from api.ui.visit import Visit

EMPTY: Mapping[str, Any] = {
    "currency": "EUR",
    "elements": [{"components": [{"dimension": "ENERGY", "price": "0.45", "step_size": 1}], "restrictions": {}}],
    "tax_included": True,
    "tax_percent": "19",
    "idle": None,
}
DIMENSIONS = {
    "ENERGY": N_("Energy, per kWh"),
    "TIME": N_("Time, per hour"),
    "PARKING_TIME": N_("Parking, per hour"),
    "FLAT": N_("Once a session"),
}
LIMITS = {
    "min_kwh": N_("From, kWh"),
    "max_kwh": N_("Up to, kWh"),
    "min_power": N_("From, kW"),
    "max_power": N_("Up to, kW"),
    "min_duration": N_("After, s"),
    "max_duration": N_("Up to, s"),
}
WAIT_S = 0.4
"""How long nothing must be typed before the linter is asked."""

Changed = Callable[[], None]


def cleaned(content: Mapping[str, Any]) -> dict[str, Any]:
    """As the API has it: what is empty is left out of the conditions, and null elsewhere."""
    told = deepcopy(dict(content))
    for element in told["elements"]:
        element["restrictions"] = {
            name: value for name, value in (element.get("restrictions") or {}).items() if value not in (None, "", [])
        }
        for component in element["components"]:
            component["tax_percent"] = component.get("tax_percent") or None
    told["text"] = {language: words for language, words in (told.get("text") or {}).items() if words}
    for name in ("min_price", "max_price"):
        told[name] = told.get(name) or None
    if idle := told.get("idle"):
        told["idle"] = {name: value for name, value in idle.items() if value not in (None, "")}
    return told


class TariffEditor:
    """`content` is what it says now. `follow` is told after each change, when nothing was typed for a moment."""

    def __init__(self, visit: Visit, content: Mapping[str, Any], follow: Changed, *, country: str = "") -> None:
        self._visit, self._follow, self._country = visit, follow, country
        self.content: dict[str, Any] = deepcopy(dict(content))
        self._changes = 0
        self._elements: ui.element | None = None
        self._findings: ui.element | None = None

    def draw(self) -> None:
        """Make it where the caller stands."""
        with ui.element("div").classes("rc-fields"):
            self._field(self.content, "currency", _("Currency"))
            self._field(self.content, "tax_percent", _("Tax, percent"))
            self._check(self.content, "tax_included", _("Prices hold the tax already"))
            self._field(self.content, "min_price", _("A session costs at least"))
            self._field(self.content, "max_price", _("A session costs at most"))
            self._field(self.content, "grace_s", _("Free if it lasts no longer than, s"), whole=True)
        text("h3", _("Prices, the first that fits counts"))
        self._elements = ui.element("div").classes("rc-stack")
        self._draw_elements()
        self._draw_idle()
        words = self.content.setdefault("text", {})
        with ui.element("div").classes("rc-fields"):
            for language, name in LANGUAGES.items():
                self._field(words, language, _("In words, for drivers ({language})", language=name), wide=True)
        text("h3", _("What is noticed about it"))
        self._findings = ui.element("div").classes("rc-stack rc-tight").props('role="status" aria-live="polite"')
        self._visit.keep(self._lint())

    def _draw_elements(self) -> None:
        assert self._elements is not None
        self._elements.clear()
        with self._elements:
            for number, element in enumerate(self.content["elements"]):
                self._element(number, element)
            ui.button(_("Add a price"), icon="add", on_click=self._add_element, color=None).props(
                "outline color=primary"
            )

    def _element(self, number: int, element: dict[str, Any]) -> None:
        restrictions = element.setdefault("restrictions", {})
        with ui.element("section").classes("rc-element").props(f'aria-label="{_("Price {n}", n=number + 1)}"'):
            with ui.element("div").classes("rc-row rc-between"):
                text("strong", _("Price {n}", n=number + 1))
                with ui.element("div").classes("rc-row rc-tight"):
                    self._icon("arrow_upward", _("Before the one above"), lambda: self._move(number, -1), number > 0)
                    last = number == len(self.content["elements"]) - 1
                    self._icon("arrow_downward", _("After the one below"), lambda: self._move(number, 1), not last)
                    self._icon("delete", _("Remove this price"), lambda: self._remove(number), True)
            for position, component in enumerate(element["components"]):
                self._component(element, position, component)
            ui.button(_("Add a component"), on_click=lambda: self._add_component(element), color=None).props(
                "flat dense"
            )
            with ui.expansion(_("When it counts"), value=bool(restrictions)).props("dense"):
                self._restrictions(restrictions)

    def _component(self, element: dict[str, Any], position: int, component: dict[str, Any]) -> None:
        with ui.element("div").classes("rc-fields"):
            options = {key: _(word) for key, word in DIMENSIONS.items()}
            select = ui.select(options, label=_("For"), value=component["dimension"])
            select.props("outlined dense stack-label").props["aria-label"] = _("For")
            select.on_value_change(lambda event: self._put(component, "dimension", event.value))
            self._field(component, "price", _("Price"))
            self._field(component, "step_size", _("Rounded up to whole, Wh or s"), whole=True)
            self._field(component, "tax_percent", _("Tax, percent, if another"))
            if len(element["components"]) > 1:
                self._icon("delete", _("Remove this component"), lambda: self._drop(element, position), True)

    def _restrictions(self, restrictions: dict[str, Any]) -> None:
        with ui.element("div").classes("rc-fields"):
            self._field(restrictions, "start_time", _("From, local time"), kind="time")
            self._field(restrictions, "end_time", _("Until, local time"), kind="time")
            names = get_day_names("abbreviated", locale=locale())
            days = ui.select({day: names[day - 1] for day in range(1, 8)}, label=_("On"), multiple=True)
            days.value = list(restrictions.get("days_of_week") or ())
            days.props("outlined dense stack-label use-chips").props["aria-label"] = _("On")
            days.on_value_change(lambda event: self._put(restrictions, "days_of_week", list(event.value or ())))
            self._field(restrictions, "start_date", _("From the day"), kind="date")
            self._field(restrictions, "end_date", _("Before the day"), kind="date")
            for name, label in LIMITS.items():
                self._field(restrictions, name, _(label), whole=name.endswith("duration"))

    def _draw_idle(self) -> None:
        has = ui.checkbox(
            _("Idle fee, while a car that is done keeps the connector"), value=bool(self.content.get("idle"))
        )
        kept = self.content.get("idle") or {"per_minute": "0.10", "grace_s": 300}
        with ui.element("div").classes("rc-fields") as place:
            self._field(kept, "per_minute", _("Per minute"))
            self._field(kept, "grace_s", _("Free at first, s"), whole=True)
            self._field(kept, "exempt_from", _("Free from, local time"), kind="time")
            self._field(kept, "exempt_until", _("Free until, local time"), kind="time")
            self._field(kept, "cap", _("At most in all"))
        place.bind_visibility_from(has, "value")
        has.on_value_change(lambda event: self._put(self.content, "idle", kept if event.value else None))

    def _field(
        self,
        holder: dict[str, Any],
        name: str,
        label: str,
        *,
        whole: bool = False,
        wide: bool = False,
        kind: str = "text",
    ) -> None:
        shown = "" if holder.get(name) is None else str(holder[name])
        made = ui.input(label, value=shown[:5] if kind == "time" else shown).classes("rc-wide" if wide else "")
        made.props(f"outlined dense stack-label type={'number' if whole else kind}")

        def put() -> None:
            value: Any = (made.value or "").strip()
            if whole:
                value = int(value) if value.isdecimal() else None
            self._put(holder, name, value if value != "" else None)
            if whole and holder[name] is None:
                # What is a number has a default, and no null.
                holder.pop(name)

        made.on_value_change(put)

    def _check(self, holder: dict[str, Any], name: str, label: str) -> None:
        made = ui.checkbox(label, value=bool(holder.get(name)))
        made.on_value_change(lambda event: self._put(holder, name, bool(event.value)))

    def _icon(self, icon: str, label: str, action: Callable[[], None], possible: bool) -> None:
        made = ui.button(icon=icon, on_click=action, color=None).props(f'flat round dense aria-label="{label}"')
        made.set_enabled(possible)

    def _put(self, holder: dict[str, Any], name: str, value: Any) -> None:
        holder[name] = value
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        self._visit.keep(self._settle(self._changes))

    async def _settle(self, change: int) -> None:
        await asyncio.sleep(WAIT_S)
        if change == self._changes:
            await self._lint()
            self._follow()

    async def _lint(self) -> None:
        assert self._findings is not None
        body = {"content": cleaned(self.content), "country": self._country or None}
        try:
            findings = (await self._visit.api.post("/tariff-lint", body))["findings"]
        except ProblemError as problem:
            told = [f"{field.removeprefix('content.')}: {words}" for field, words in problem.fields.items()]
            findings = [{"severity": "error", "element": None, "text": each, "remedy": ""} for each in told]
        self._findings.clear()
        with self._findings:
            if not findings:
                text("p", _("Nothing: it is complete and free of contradictions."), "rc-soft")
            for each in findings:
                with ui.element("div").classes("rc-row"):
                    chip(each["severity"])
                    where = "" if each["element"] is None else _("Price {n}", n=each["element"] + 1) + ": "
                    text("span", f"{where}{each['text']} {each['remedy']}")

    def _add_element(self) -> None:
        component = {"dimension": "ENERGY", "price": "0.45", "step_size": 1}
        self.content["elements"].append({"components": [component], "restrictions": {}})
        self._redraw()

    def _remove(self, number: int) -> None:
        self.content["elements"].pop(number)
        self._redraw()

    def _move(self, number: int, by: int) -> None:
        elements = self.content["elements"]
        elements[number], elements[number + by] = elements[number + by], elements[number]
        self._redraw()

    def _add_component(self, element: dict[str, Any]) -> None:
        element["components"].append({"dimension": "FLAT", "price": "1", "step_size": 1})
        self._redraw()

    def _drop(self, element: dict[str, Any], position: int) -> None:
        element["components"].pop(position)
        self._redraw()

    def _redraw(self) -> None:
        self._draw_elements()
        self._changed()
