"""Forms: fields that know where they stand in the API's body, and show what the API says about them there.

A form of something that is there sends only what was changed (`whole` sends all of it, for what is new). A conflict
(If-Match) is shown as such, with a way to look at what is there now. Whoever leaves the page with changes that were not
saved is asked by the browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import orjson
from nicegui import ui

from api.dashboard.office.rows import Rows
from api.ui.client import ProblemError
from api.ui.parts.notices import problem_notice, text
from api.ui.texts import _

T = TypeVar("T")
Options = Mapping[Any, str] | Sequence[str]

_GUARD = "window.onbeforeunload = (event) => event.preventDefault();"
_UNGUARD = "window.onbeforeunload = null;"


@dataclass(frozen=True, slots=True)
class Field:
    """One member of the body. `name` is its path there (`contact.email`), `label` and `help` are shown as they are.

    Kinds: text, area, number, whole, amount (decimal text), choice, many (several of the options), toggle, words (a
    list of texts, by commas), time (HH:MM), lines (a list of texts, a line each), moment (UTC), secret, json, rows (a
    list of objects, whose members are `columns`; `one` is what each is called).
    """

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    options: Options = ()
    empty: Any = ""
    """What is sent where nothing is filled in: "" or None."""
    wide: bool = False
    columns: Sequence[Field] = ()
    one: str = ""


class Form:
    """The fields with their values. `values` has the API's form, nested."""

    def __init__(
        self, fields: Sequence[Field], values: Mapping[str, Any] | None = None, *, whole: bool, guarded: bool = True
    ) -> None:
        self._fields, self._whole, self._guarded = list(fields), whole, guarded
        self._given = {field.name: _at(values or {}, field.name) for field in fields}
        self._inputs: dict[str, Any] = {}
        self._parts: dict[int, Sequence[Field]] = {}
        self._notice: ui.element | None = None
        self._dirty = False

    def draw(self) -> None:
        """Make the inputs where the caller stands."""
        self._notice = ui.element("div").props('aria-live="polite"')
        self._draw(self._fields)

    def _draw(self, fields: Sequence[Field]) -> None:
        with ui.element("div").classes("rc-fields"):
            for field in fields:
                made = _input_of(field, _shown(field, self._given[field.name]))
                made.classes("rc-wide" if field.wide or field.kind in ("area", "lines", "json") else "")
                made.on_value_change(self._touched)
                self._inputs[field.name] = made

    def part(self, place: ui.element, fields: Sequence[Field], values: Mapping[str, Any]) -> None:
        """More fields within `place`, instead of those that were there."""
        for field in self._parts.get(place.id, ()):
            self._fields.remove(field)
            del self._inputs[field.name], self._given[field.name]
        self._parts[place.id] = fields
        self._fields += fields
        self._given |= {field.name: _at(values, field.name) for field in fields}
        place.clear()
        with place:
            self._draw(fields)

    def input(self, name: str) -> Any:
        """The input of a field, to have something follow it."""
        return self._inputs[name]

    def body(self) -> dict[str, Any]:
        """What is to be sent. Raises ValueError for what cannot be read as its kind."""
        told: dict[str, Any] = {}
        values = {field.name: _value(field, self._inputs[field.name]) for field in self._fields}
        changed = {
            field.name.partition(".")[0]
            for field in self._fields
            if values[field.name] != _read(field, _shown(field, self._given[field.name]))
        }
        for field in self._fields:
            value = values[field.name]
            if self._whole:
                if value not in (None, "", []) or field.empty != "":
                    _put(told, field.name, value)
            elif field.name.partition(".")[0] in changed:
                # A member that is an object is replaced as a whole.
                _put(told, field.name, value)
        return told

    async def save(self, send: Callable[[dict[str, Any]], Awaitable[T]]) -> T | None:
        """Send the body; None where it was refused, which is shown at its fields then."""
        self._clear()
        try:
            answer = await send(self.body())
        except ProblemError as problem:
            self._refused(problem)
            return None
        except _Unreadable as fault:
            self._inputs[fault.name].error = str(fault)
            return None
        self._dirty = False
        if self._guarded:
            ui.run_javascript(_UNGUARD)
        return answer

    def _touched(self) -> None:
        if self._guarded and not self._dirty:
            self._dirty = True
            ui.run_javascript(_GUARD)

    def _clear(self) -> None:
        for each in self._inputs.values():
            if hasattr(each, "error"):
                each.error = None
        if self._notice is not None:
            self._notice.clear()

    def _refused(self, problem: ProblemError) -> None:
        placed = False
        for path, words in problem.fields.items():
            if (name := self._name_for(path)) is not None:
                remedy = f" {problem.remedy}" if path == problem.field and problem.kind != "invalid-input" else ""
                self._inputs[name].error = f"{words}{remedy}"
                placed = True
        if self._notice is None:
            return
        with self._notice:
            if problem.status == 412:
                _conflict()
            elif not placed or problem.status != 422:
                problem_notice(problem)
            else:
                text("p", _("Please look at the fields that are marked."), "rc-problem").props('role="alert"')

    def _name_for(self, path: str) -> str | None:
        """The field that the API means: `contact.email`, `contact`, or what is within a list (`tags.0`, `kinds[0]`)."""
        while path:
            if path in self._inputs and hasattr(self._inputs[path], "error"):
                return path
            path = path.rpartition("[" if path.endswith("]") else ".")[0]
        return None


class _Unreadable(ValueError):
    """What was filled in is not of its kind."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


def _conflict() -> None:
    with ui.element("div").classes("rc-problem").props('role="alert"'):
        ui.icon("sync_problem", size="22px")
        with ui.element("div").classes("rc-stack rc-tight"):
            text("p", _("Somebody changed this meanwhile. Nothing of yours was saved."))
            script = f"{_UNGUARD} location.reload()"
            ui.button(_("Look at what is there now"), on_click=lambda: ui.run_javascript(script), color=None).props(
                "outline color=negative"
            )


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for part in above:
        body = body.setdefault(part, {})
    body[last] = value


def _shown(field: Field, value: Any) -> Any:
    """A value of the API as the input has it."""
    if field.kind == "words":
        return ", ".join(value or ())
    if field.kind == "lines":
        return "\n".join(value or ())
    if field.kind == "toggle":
        return bool(value)
    if field.kind in ("many", "rows"):
        return list(value or ())
    if field.kind == "moment":
        return "" if not value else str(value)[:16]
    if field.kind == "json":
        return "" if value is None else _json(value)
    if field.kind == "choice":
        return field.empty if value is None and field.empty in dict.fromkeys(field.options) else value
    return "" if value is None else str(value)


def _read(field: Field, value: Any) -> Any:
    """An input's value as the API wants it. Raises _Unreadable."""
    if field.kind == "rows":
        return [
            {each.name: row[each.name] for each in field.columns if row.get(each.name) is not None} for row in value
        ]
    if field.kind in ("toggle", "many", "choice"):
        return value
    told = str(value or "").strip() if field.kind != "secret" else str(value or "")
    if field.kind == "words":
        return [word for each in told.split(",") if (word := each.strip())]
    if field.kind == "lines":
        return [line for each in told.splitlines() if (line := each.strip())]
    if not told:
        return None if field.kind in ("number", "whole", "amount", "moment", "json") else field.empty
    if field.kind in ("number", "whole"):
        return _number(field, told)
    if field.kind == "amount":
        return told.replace(",", ".")
    if field.kind == "moment":
        return f"{datetime.fromisoformat(told).replace(tzinfo=UTC).isoformat()}".replace("+00:00", "Z")
    return _parsed(field, told) if field.kind == "json" else told


def _value(field: Field, made: Any) -> Any:
    """What is in an input. Raises _Unreadable, of a row in the name of the whole list."""
    try:
        return _read(field, made.value)
    except _Unreadable as fault:
        raise _Unreadable(field.name, str(fault)) from fault


def _number(field: Field, told: str) -> float | int:
    try:
        return int(told) if field.kind == "whole" else float(told.replace(",", "."))
    except ValueError as error:
        raise _Unreadable(field.name, _("This is no number.")) from error


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _parsed(field: Field, told: str) -> Any:
    try:
        return orjson.loads(told)
    except orjson.JSONDecodeError as error:
        raise _Unreadable(field.name, _("This is no JSON: {why}", why=str(error))) from error


def _input_of(field: Field, value: Any) -> Any:
    if field.kind == "toggle":
        made: Any = ui.checkbox(field.label, value=value)
        if field.help:
            made.tooltip(field.help)
        return made
    if field.kind == "rows":
        return Rows(field.label, field.help, field.one, value, partial(_row_of, field.columns))
    if field.kind in ("choice", "many"):
        options = dict(field.options) if isinstance(field.options, Mapping) else {each: each for each in field.options}
        made = _select(field, options, value)
    elif field.kind in ("area", "lines", "json"):
        made = ui.textarea(field.label, value=value).props("autogrow")
    else:
        made = ui.input(field.label, value=value, password=field.kind == "secret")
        kinds = {"moment": "datetime-local", "whole": "number", "time": "time"}
        if field.kind in kinds:
            made.props(f"type={kinds[field.kind]}")
    made.props("outlined dense stack-label")
    if field.help:
        made.props["hint"] = field.help
    return made


def _row_of(columns: Sequence[Field], _number: int, row: Mapping[str, Any]) -> list[Any]:
    return [(each.name, _input_of(each, _shown(each, row.get(each.name))), partial(_read, each)) for each in columns]


def _select(field: Field, options: dict[Any, str], value: Any) -> Any:
    several = field.kind == "many"
    if several:
        value = [each for each in value if each in options]
    elif value not in options:
        value = None
    made = ui.select(options, label=field.label, value=value, multiple=several, with_input=len(options) > 12)
    made.props["aria-label"] = field.label
    return made.props("use-chips") if several else made
