"""Fills the image from the fleet's views: at start, and whenever events may have been missed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from sys import intern
from typing import Any

import structlog

from api.live.image import ChargePointImage, ConnectorImage, FleetImage
from api.ports.facade import Fleet
from engine.errors import Unavailable

log = structlog.get_logger("api.live")

AT_ONCE = 100
"""Charge points read at a time: some ten milliseconds of this façade's processor."""

_PAUSE_S = 1.0


class Filling:
    """`run` fills whenever `again` was called. `names` lists the charge points that there are.

    The feed goes on meanwhile. What is told of a charge point while its view is on its way may be newer than the view:
    that one is read once more.
    """

    def __init__(self, image: FleetImage, fleet: Fleet, names: Callable[[], Iterable[str]]) -> None:
        self._image, self._fleet, self._names = image, fleet, names
        self._wanted = asyncio.Event()
        self._reading: set[str] = set()
        self._overtaken: set[str] = set()

    def again(self) -> None:
        """All of it is to be read (again)."""
        self._image.complete = False
        self._wanted.set()

    def told(self, charge_point: str) -> None:
        """The feed has told something about it."""
        if charge_point in self._reading:
            self._overtaken.add(charge_point)

    async def run(self) -> None:
        """Fill whenever it is wanted, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._image.filled = 0
            await self._fill(deque(dict.fromkeys([*self._names(), *(each.id for each in self._image)])))
            self._image.complete = not self._wanted.is_set()

    async def _fill(self, names: deque[str]) -> None:
        while names and not self._wanted.is_set():
            some = [names.popleft() for _ in range(min(AT_ONCE, len(names)))]
            try:
                names.extend(await self._read(some))
            except Unavailable as error:
                log.warning("image_waits", error=str(error), left=len(names) + len(some))
                names.extendleft(reversed(some))
                await asyncio.sleep(_PAUSE_S)
            except (ValueError, KeyError, TypeError):
                # One that cannot be read (a later release has written it, say) must not take the others along.
                if len(some) == 1:
                    log.exception("image_without", charge_point=some[0])
                else:
                    for name in some:
                        await self._fill(deque([name]))

    async def _read(self, names: list[str]) -> set[str]:
        """Take over these; returns which of them have to be read again."""
        self._reading, self._overtaken = set(names), set()
        try:
            views = await self._fleet.states(names)
            for name, view in views.items():
                if name not in self._overtaken:
                    self._image.put(image_of(view))
                    self._image.filled += 1
            return self._overtaken
        finally:
            self._reading = set()


def image_of(view: Mapping[str, Any]) -> ChargePointImage:
    """The image of a charge point by its view (engine/charging/view.py)."""
    boot = view["boot"] or {}
    vendor, model, firmware = (intern(boot.get(name) or "") for name in ("vendor", "model", "firmware"))
    return ChargePointImage(
        view["id"],
        intern(view["link"]),
        view["link_since"],
        intern(view["registration"]),
        vendor,
        model,
        firmware,
        view["last_seen"],
        [_connector(each) for each in view["connectors"]],
    )


def _connector(told: Mapping[str, Any]) -> ConnectorImage:
    image = ConnectorImage(
        told["evse"],
        told["connector"],
        intern(told["status"]),
        intern(told["error"]),
        intern(told.get("vendor_error", "")),
        told["since"],
        told["power_w"],
    )
    session = told["session"]
    if session is not None:
        image.session, image.started, image.energy_wh = session["id"], session["started"], session["energy_wh"]
        image.cost, image.currency = session.get("cost"), intern(session.get("currency") or "")
        start = session.get("meter_start_wh")
        image.meter_start = None if start is None else Decimal(start)
    return image
