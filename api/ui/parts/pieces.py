"""Small pieces: cards, tiles, lists of facts, parts drawn anew, ids that can be copied, and how far long work is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from api.ui.parts import figures
from api.ui.parts.notices import done, text
from api.ui.texts import _


@contextmanager
def card(title: str = "", classes: str = "") -> Iterator[ui.element]:
    """A card with a title."""
    with ui.element("section").classes(f"rc-card {classes}") as made:
        if title:
            text("h2", title)
        yield made


class Part:
    """A part of a page that is drawn anew when what it shows has changed, and only then.

    A button that is replaced between press and release is not clicked, whoever reads loses the line, and what is marked
    is marked no more: a page that renews itself leaves alone what is as it was.
    """

    def __init__(self, classes: str = "") -> None:
        self.element = ui.element("div").classes(classes)
        self._shown = ""

    def draw(self, shown: Any, draw: Callable[[], None]) -> None:
        """`shown` is all that the content depends on."""
        if repr(shown) == self._shown:
            return
        self._shown = repr(shown)
        self.element.clear()
        with self.element:
            draw()


def of_the_page(action: Callable[[], Awaitable[Any] | None]) -> Callable[[], Awaitable[None]]:
    """A button's action that belongs to the page: its questions stay and its outcome is told, though the button went.

    NiceGUI has it run where the button lies; once that is drawn anew there is no such place, and nothing can be told.
    """
    client = ui.context.client

    async def act() -> None:
        with client:
            doing = action()
            if doing is not None:
                await doing

    return act


class Tile:
    """A figure with its label. `show` changes it."""

    def __init__(self, label: str, href: str = "") -> None:
        with ui.element("a" if href else "div").classes("rc-tile") as self.element:
            if href:
                self.element.props(f'href="{href}"')
            self._figure = ui.label("–").classes("rc-figure")
            text("span", label, "rc-label")
            self._note = ui.label("").classes("rc-soft rc-small")

    def show(self, figure: str, note: str = "") -> None:
        self._figure.set_text(figure)
        self._note.set_text(note)


def facts(rows: Mapping[str, str | None]) -> None:
    """Names and values; what has none is left out."""
    with ui.element("dl").classes("rc-facts"):
        for name, value in rows.items():
            if value:
                text("dt", name)
                text("dd", value)


def copyable(id: str, shown: str = "") -> None:
    """An id with a button that copies it."""

    async def copy() -> None:
        await ui.run_javascript(f"raycharge.copy({json.dumps(id)})")
        done(_("Copied."))

    with ui.element("span").classes("rc-row rc-tight"):
        text("code", shown or id, "rc-code")
        ui.button(icon="content_copy", on_click=copy).props(
            f'flat round dense size="sm" color="" aria-label="{_("Copy")} {shown or id}"'
        )


class Progress:
    """How far long work is. `show` takes what is done of how much; None for a total that is not known yet."""

    def __init__(self, label: str) -> None:
        with ui.element("div").classes("rc-stack rc-tight"):
            self._words = ui.label(label)
            self._bar = ui.linear_progress(value=0, show_value=False).props(f'rounded aria-label="{label}"')
        self._label = label

    def show(self, done: int, total: int | None, words: str = "") -> None:
        self._bar.props(remove="indeterminate") if total else self._bar.props("indeterminate")
        self._bar.set_value(done / total if total else 0)
        told = _("{done} of {total}", done=figures.number(done), total=figures.number(total)) if total else ""
        self._words.set_text(" · ".join(filter(None, [words or self._label, told])))
