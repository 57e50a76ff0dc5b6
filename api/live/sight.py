"""What the reader of a live stream may see, asked anew while it lasts: a grant may go before its reader does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import Request

from api.access.principal import Principal
from engine.access.scope import NOWHERE, Scope
from engine.errors import Forbidden, Unauthenticated, Unavailable
from engine.stores.places.book import PlaceBook

log = structlog.get_logger("api.live")


class Sight:
    """`sees` is asked about every event. `wait_for_end` returns once nothing is to be seen any more.

    Whom an event is for follows from the network of its charge point at that moment, from memory.
    """

    def __init__(
        self,
        places: PlaceBook,
        scope: Scope,
        again: Callable[[], Awaitable[Principal]],
        operation: str,
        every_s: float,
        charge_point: str = "",
    ) -> None:
        self._places, self._scope, self._again = places, scope, again
        self._operation, self._every_s, self._charge_point = operation, every_s, charge_point

    @classmethod
    def of(cls, request: Request, places: PlaceBook, every_s: float, charge_point: str = "") -> Sight:
        """Of whoever made this request. With a charge point it ends when that one is not to be seen any more."""
        route: Any = request.scope["route"]
        state = request.state
        return cls(places, state.scope, state.again, route.operation_id, every_s, charge_point)

    def sees(self, charge_point: str) -> bool:
        """Whether what concerns this charge point ("": none) may be told."""
        return self._scope.everywhere or not charge_point or self._places.within(self._scope, charge_point)

    def end(self) -> None:
        """Nothing of anybody is to be seen any more."""
        self._scope = NOWHERE

    async def wait_for_end(self) -> None:
        """Ask again and again; return when the login or the permission is gone.

        While the store does not answer, what was permitted last stays so: our own trouble drops nobody.
        """
        while self.sees(self._charge_point):
            await asyncio.sleep(self._every_s)
            try:
                self._scope = (await self._again()).need(self._operation)
            except (Unauthenticated, Forbidden):
                return
            except Unavailable as error:
                log.warning("permission_not_checked", error=str(error))
