"""The campaigns' runner as a Ray actor of its own: one in the whole installation, looked after by the supervisor."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.config import ClusterConfig
from actors.fleet import RayFleet
from actors.resident import Resident
from actors.stores import Stores, file_exchange, open_stores
from engine.campaigns.links import CampaignLinks
from engine.campaigns.runner import CampaignRunner
from engine.stores.campaigns import Campaigns


class CampaignActor(Resident):
    """The Ray actor named `campaigns`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._stores: Stores | None = None
        self._following: asyncio.Task[None] | None = None
        self.runner: CampaignRunner | None = None
        await super().__init__(name, config)

    async def run(self) -> None:
        stores = self._stores = await open_stores(self.config)
        # Whether a charge point has a host of its own is read from a book that follows the registry.
        self._following = asyncio.create_task(stores.follow_changes())
        self.runner = CampaignRunner(
            Campaigns(stores.database),
            RayFleet(self.config, stores),
            CampaignLinks(file_exchange(self.config, stores.database)),
        )
        self.ready, self.trouble = True, ""
        await self.runner.run(self.stopping)

    async def leave(self) -> None:
        self.runner = None
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None
        stores, self._stores = self._stores, None
        if stores is not None:
            await stores.aclose()

    async def ping(self) -> dict[str, Any]:
        told = await super().ping()
        if self.runner is not None and self.runner.trouble:
            told["trouble"] = self.runner.trouble
        return told
