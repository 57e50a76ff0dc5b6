"""What changes while one looks at many charge points: noted at once, told to the browser at an even pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from nicegui import ui

from api.live.image import ChargePointImage
from api.live.sight import Sight
from api.routes.desks import fleet_state
from api.ui.visit import Visit

PACE_S = 0.5
AT_ONCE = 1000
"""Charge points told at a time; the others wait for the next, so that no browser gets more than it can draw."""


class FleetFeed:
    """Notes which charge points changed, of those that the visitor may see and wants. `within(id)` narrows it."""

    def __init__(self, visit: Visit, within: Callable[[str], bool] = lambda _: True) -> None:
        self._visit, self._within = visit, within
        self._sight: Sight = visit.sight("listFleet")
        self._changed: dict[str, ChargePointImage] = {}
        self._some = asyncio.Event()

    def start(self, tell: Callable[[Sequence[ChargePointImage]], None]) -> None:
        """Have `tell` called with what changed, at most twice a second, while the page is open."""
        self._visit.client.on_delete(self._visit.context.image.follow(self._note))
        self._visit.keep(self._run(tell))

    def _note(self, image: ChargePointImage) -> None:
        if self._sight.sees(image.id) and self._within(image.id):
            self._changed[image.id] = image
            self._some.set()

    async def _run(self, tell: Callable[[Sequence[ChargePointImage]], None]) -> None:
        while True:
            await self._some.wait()
            told = [self._changed.pop(id) for id in list(self._changed)[:AT_ONCE]]
            if not self._changed:
                self._some.clear()
            tell(told)
            await asyncio.sleep(PACE_S)


def tell_table(images: Sequence[ChargePointImage]) -> None:
    """To the table in the browser: each as its id and the last columns of /fleet."""
    changes: list[list[Any]] = [[image.id, *fleet_state(image)] for image in images]
    ui.run_javascript(f"raycharge.fleet.update({orjson.dumps(changes).decode()})")
