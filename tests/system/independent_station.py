"""A station that we did not write: the `ocpp` package's own ChargePoint, over the `websockets` client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from ocpp.exceptions import InternalError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransferStatus,
    RemoteStartStopStatus,
    ResetStatus,
    TriggerMessageStatus,
    UnlockStatus,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from loadtest.installation import Installation


class IndependentStation(ChargePoint):  # type: ignore[misc]
    """Answers every command of the core profile. `asked` are those it was given; `worn_out` fails ClearCache."""

    def __init__(self, identity: str, connection: Any) -> None:
        super().__init__(identity, connection)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.worn_out = False

    async def _note(self, action: str, **payload: Any) -> None:
        self.asked.append((action, payload))

    @on(Action.remote_start_transaction)
    async def remote_start(self, **payload: Any) -> Any:
        await self._note("RemoteStartTransaction", **payload)
        return call_result.RemoteStartTransaction(RemoteStartStopStatus.accepted)

    @on(Action.remote_stop_transaction)
    async def remote_stop(self, **payload: Any) -> Any:
        await self._note("RemoteStopTransaction", **payload)
        return call_result.RemoteStopTransaction(RemoteStartStopStatus.accepted)

    @on(Action.get_configuration)
    async def get_configuration(self, **payload: Any) -> Any:
        await self._note("GetConfiguration", **payload)
        known = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
        return call_result.GetConfiguration([known], ["NoSuchKey"])

    @on(Action.change_configuration)
    async def change_configuration(self, **payload: Any) -> Any:
        await self._note("ChangeConfiguration", **payload)
        return call_result.ChangeConfiguration(ConfigurationStatus.reboot_required)

    @on(Action.reset)
    async def reset(self, **payload: Any) -> Any:
        await self._note("Reset", **payload)
        return call_result.Reset(ResetStatus.accepted)

    @on(Action.change_availability)
    async def change_availability(self, **payload: Any) -> Any:
        await self._note("ChangeAvailability", **payload)
        return call_result.ChangeAvailability(AvailabilityStatus.scheduled)

    @on(Action.unlock_connector)
    async def unlock(self, **payload: Any) -> Any:
        await self._note("UnlockConnector", **payload)
        return call_result.UnlockConnector(UnlockStatus.not_supported)

    @on(Action.trigger_message)
    async def trigger(self, **payload: Any) -> Any:
        await self._note("TriggerMessage", **payload)
        return call_result.TriggerMessage(TriggerMessageStatus.accepted)

    @on(Action.data_transfer)
    async def data_transfer(self, **payload: Any) -> Any:
        await self._note("DataTransfer", **payload)
        return call_result.DataTransfer(DataTransferStatus.accepted, data="a vendor's answer")

    @on(Action.clear_cache)
    async def clear_cache(self, **payload: Any) -> Any:
        await self._note("ClearCache", **payload)
        if self.worn_out:
            raise InternalError(description="The flash is worn out.")
        return call_result.ClearCache(ClearCacheStatus.accepted)


@asynccontextmanager
async def independent_station(
    system: Installation, identity: str, password: str | None = None
) -> AsyncIterator[IndependentStation]:
    """A connected station whose loop runs."""
    headers = {} if password is None else {"Authorization": build_authorization_basic(identity, password)}
    url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp/{identity}"
    async with connect(url, subprotocols=[Subprotocol("ocpp1.6")], additional_headers=headers, proxy=None) as socket:
        station = IndependentStation(identity, socket)
        loop = asyncio.create_task(station.start())
        try:
            yield station
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await loop
