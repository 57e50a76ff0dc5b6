"""The local payment provider as a Ray actor: a process and a database of its own, spoken to over HTTP only."""

from __future__ import annotations

import asyncio

from actors.config import ClusterConfig
from actors.payment_provider.server import Merchant, PaymentServer
from actors.resident import Resident
from engine.payments.configured import WEBHOOKS, local_api_key, local_webhook_secret
from engine.stores.installation_key import InstallationKey


class PaymentActor(Resident):
    """The Ray actor named `payments`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._server: PaymentServer | None = None
        await super().__init__(name, config)

    async def run(self) -> None:
        settings, key = self.config.settings, InstallationKey.load(self.config.data_dir)
        webhooks = f"http://{settings.own_host}:{settings.api_port}{WEBHOOKS}"
        merchant = Merchant(local_api_key(key), webhooks, local_webhook_secret(key))
        self._server = PaymentServer(
            self.config.data_dir / "payment-provider",
            settings.bind,
            settings.payments_port,
            merchant,
            settings.payments_url or settings.facade_url.rpartition(":")[0] + f":{settings.payments_port}",
        )
        await self._server.start()
        self.ready, self.trouble = True, ""
        await asyncio.shield(self.stopping.wait())

    async def leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
