"""Opening hours as people fill them in: unknown, always, or from when to when on each day of the week."""

from __future__ import annotations

from typing import Any

from babel.dates import get_day_names
from nicegui import ui

from api.ui.parts.notices import text
from api.ui.texts import _, locale

UNKNOWN, ALWAYS, WEEKLY = "unknown", "always", "weekly"


class HoursInput:
    """The editor. More than one period on a day, and exceptional days, are kept as they are and not shown."""

    def __init__(self, value: dict[str, Any] | None) -> None:
        self._given = value
        self._first: dict[int, tuple[str, str]] = {}
        for each in (value or {}).get("regular_hours") or ():
            self._first.setdefault(each["weekday"], (each["period_begin"], each["period_end"]))
        self._days: dict[int, tuple[Any, Any, Any]] = {}
        kind = UNKNOWN if value is None else ALWAYS if value["twentyfourseven"] else WEEKLY
        choices = {UNKNOWN: _("Not known"), ALWAYS: _("Always open"), WEEKLY: _("By day of the week")}
        with ui.element("fieldset").classes("rc-stack rc-tight rc-fieldset"):
            text("legend", _("Opening hours"))
            self.kind = ui.radio(choices, value=kind, on_change=self._show).props("inline dense")
            with ui.element("div").classes("rc-stack rc-tight") as self._week:
                for day in range(1, 8):
                    self._day(day)
        self._show()

    @property
    def value(self) -> dict[str, Any] | None:
        """As the API has it."""
        if self.kind.value == UNKNOWN:
            return None
        if self.kind.value == ALWAYS:
            return {"twentyfourseven": True}
        regular = [
            {"weekday": day, "period_begin": begins.value, "period_end": ends.value}
            for day, (is_open, begins, ends) in self._days.items()
            if is_open.value and begins.value and ends.value
        ]
        kept = {name: (self._given or {}).get(name) for name in ("exceptional_openings", "exceptional_closings")}
        return {"twentyfourseven": False, "regular_hours": regular} | {k: v for k, v in kept.items() if v}

    def _day(self, day: int) -> None:
        name = get_day_names("wide", locale=locale())[day - 1]
        begins, ends = self._first.get(day, ("08:00", "20:00"))
        with ui.element("div").classes("rc-row"):
            is_open = ui.checkbox(name, value=day in self._first).classes("rc-day")
            first = ui.input(_("from"), value=begins).props("type=time outlined dense stack-label")
            last = ui.input(_("until"), value=ends).props("type=time outlined dense stack-label")
            first.props["aria-label"], last.props["aria-label"] = f"{name}: {_('from')}", f"{name}: {_('until')}"
            for field in (first, last):
                field.bind_enabled_from(is_open, "value")
        self._days[day] = is_open, first, last

    def _show(self) -> None:
        self._week.set_visibility(self.kind.value == WEEKLY)
