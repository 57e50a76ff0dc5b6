"""A list of things as rows of inputs in a form: added, removed, each with the same few fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nicegui import ui

from api.ui.parts.notices import text
from api.ui.texts import _

Row = Mapping[str, Any]
Making = Callable[[int, Row], Sequence[tuple[str, Any, Callable[[Any], Any]]]]
"""The inputs of row `n`, made where the caller stands: for each its name, itself, and how its value is read."""


class Rows:
    """As an input of NiceGUI to its form: `value`, `error`, `on_value_change`, `classes`.

    `value` raises what reading a single input raises.
    """

    def __init__(self, label: str, help: str, one: str, rows: Iterable[Row], making: Making) -> None:
        """`one` is what a row is called."""
        self._one, self._making, self._changed = one, making, lambda: None
        self._rows: list[Sequence[tuple[str, Any, Callable[[Any], Any]]]] = []
        self.element = ui.element("fieldset").classes("rc-fieldset rc-stack rc-wide")
        with self.element:
            text("legend", label)
            if help:
                text("p", help, "rc-soft rc-small")
            self._place = ui.element("div").classes("rc-stack")
            self._error = text("p", "", "rc-problem").props('role="alert"')
            self._error.set_visibility(False)
            add = ui.button(_("Add: {one}", one=one), icon="add", on_click=self._add, color=None)
            add.props("flat color=primary no-caps")
        self._draw(list(rows))

    @property
    def value(self) -> list[dict[str, Any]]:
        return [{name: read(each.value) for name, each, read in row} for row in self._rows]

    @property
    def error(self) -> str | None:
        return self._error.text or None

    @error.setter
    def error(self, words: str | None) -> None:
        self._error.set_text(words or "")
        self._error.set_visibility(bool(words))

    def classes(self, _words: str) -> None:
        """It always has the whole width."""

    def on_value_change(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def _draw(self, rows: Sequence[Row]) -> None:
        self._place.clear()
        with self._place:
            self._rows = [self._row(number, row) for number, row in enumerate(rows)]

    def _row(self, number: int, row: Row) -> Sequence[tuple[str, Any, Callable[[Any], Any]]]:
        name = f"{self._one} {number + 1}"
        with ui.element("div").classes("rc-listed").props(f'role="group" aria-label="{name}"'):
            made = self._making(number, row)
            for _name, each, _read in made:
                each.on_value_change(self._touched)
            remove = ui.button(icon="delete_outline", on_click=lambda: self._remove(number), color=None)
            remove.props(f'flat round dense aria-label="{_("Remove: {one}", one=name)}"')
        return made

    def _touched(self) -> None:
        self._changed()

    def _kept(self) -> list[dict[str, Any]]:
        """What is in the inputs, as it is: also what cannot be read."""
        return [{name: each.value for name, each, _read in row} for row in self._rows]

    def _add(self) -> None:
        self._draw([*self._kept(), {}])
        self._rows[-1][0][1].run_method("focus")
        self._touched()

    def _remove(self, number: int) -> None:
        self._draw([row for at, row in enumerate(self._kept()) if at != number])
        # The button that was pressed is gone, and with it the place that NiceGUI would act in.
        with self._place:
            self._touched()
