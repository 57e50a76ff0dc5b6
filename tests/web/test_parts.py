"""Parts of pages that are drawn anew, without a browser: what stays as it was, and what a button does that has gone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

from nicegui import Client, ui
from nicegui.slot import Slot

from api.ui.parts.pieces import Part, of_the_page


async def test_a_part_is_drawn_anew_when_what_it_shows_has_changed_and_only_then() -> None:
    with Client(ui.page("")):
        part, drawn = Part(), list[str]()

        def draw(words: str) -> None:
            drawn.append(words)
            ui.label(words)

        for words in ("one", "one", "two"):
            part.draw([words], lambda words=words: draw(words))
        part.draw([], lambda: None)
        assert drawn == ["one", "two"]
        assert part.element.default_slot.children == []


async def test_what_a_button_began_is_told_on_the_page_though_the_button_has_gone() -> None:
    client = Client(ui.page(""))
    asked, answered, told = asyncio.Event(), asyncio.Event(), list[Client]()

    async def command() -> None:
        asked.set()
        await answered.wait()
        told.append(ui.context.client)

    async def pressed(place: Slot, action: Callable[[], Awaitable[None]]) -> None:
        """As NiceGUI does it: where the button lies."""
        with place:
            await action()

    with client:
        part = Part()
        with part.element, ui.element("div") as line:
            action = of_the_page(command)
        doing = asyncio.create_task(pressed(line.default_slot, action))
        await asked.wait()
        del line
        part.draw("anew", lambda: None)
        gc.collect()
        answered.set()
        await doing
    assert told == [client]
    client.delete()
