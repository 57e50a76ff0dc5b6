"""The façade as a Ray actor. What it serves is named by the launcher, because the API layer is above this one."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass

from actors.config import ClusterConfig
from actors.fleet import RayFleet
from actors.resident import Resident
from actors.stores import Stores, open_stores


@dataclass(frozen=True, slots=True)
class FacadeContext:
    """What a façade is given. It calls `listening` once it answers, and returns when `stopping` is set."""

    config: ClusterConfig
    stores: Stores
    fleet: RayFleet
    stopping: asyncio.Event
    actor: FacadeActor

    def listening(self) -> None:
        """The façade answers requests from now on."""
        self.actor.ready, self.actor.trouble = True, ""


class FacadeActor(Resident):
    """The Ray actor named `facade`: runs `config.facade` ("module:function") in its event loop."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._stores: Stores | None = None
        self._following: asyncio.Task[None] | None = None
        await super().__init__(name, config)

    async def run(self) -> None:
        stores = self._stores = await open_stores(self.config)
        await stores.keep(stores.business.offers)
        self._following = asyncio.create_task(stores.follow_changes())
        module, _, function = self.config.facade.partition(":")
        serve = getattr(importlib.import_module(module), function)
        await serve(FacadeContext(self.config, stores, RayFleet(self.config, stores), self.stopping, self))

    async def leave(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None
        stores, self._stores = self._stores, None
        if stores is not None:
            await stores.aclose()
