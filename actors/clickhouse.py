"""chDB behind its ClickHouse HTTP gateway, as the one Ray actor that may have the folder open."""

from __future__ import annotations

import asyncio

from actors.chdb_gateway.engine import Limits
from actors.chdb_gateway.server import ChdbGateway, Credentials
from actors.config import ClusterConfig
from actors.resident import Resident
from engine.stores.installation_key import InstallationKey

WRITER = "raycharge"
LOOPBACK = "127.0.0.1"
"""The gateway listens nowhere else, whatever RAYCHARGE_BIND says: its reader needs no password."""


def writer_password(key: InstallationKey) -> str:
    """The writer's password: made from the installation's key, so that it need not be kept anywhere."""
    return key.digest("clickhouse writer").hex()


class ClickHouse(Resident):
    """The Ray actor named `clickhouse`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._gateway: ChdbGateway | None = None
        await super().__init__(name, config)

    async def run(self) -> None:
        settings = self.config.settings
        key = InstallationKey.load(self.config.data_dir)
        self._gateway = ChdbGateway(
            self.config.data_dir / "chdb",
            LOOPBACK,
            settings.clickhouse_port,
            Credentials(WRITER, writer_password(key)),
            Limits(memory_mb=settings.clickhouse_max_memory_mb),
        )
        await self._gateway.start()
        self.ready, self.trouble = True, ""
        await asyncio.shield(self.stopping.wait())

    async def leave(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            await gateway.stop()
