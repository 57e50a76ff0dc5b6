"""Queries of the façade to ClickHouse, through clickhouse-connect's asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from engine.errors import StoreUnavailable

TIMEOUT_S = 20


class ClickHouseReader:
    """`url` as in the settings: http://user:password@host:8123/database. Connects when first asked."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a query with `{name:Type}` parameters. Raises StoreUnavailable."""
        try:
            client = await self._connected()
            answer = await asyncio.wait_for(client.query(sql, parameters=dict(parameters)), TIMEOUT_S)
        except (ClickHouseError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"ClickHouse does not answer: {type(error).__name__}: {error}") from error
        rows: Sequence[Sequence[Any]] = answer.result_rows
        return rows

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await clickhouse_connect.get_async_client(
                    dsn=self._url, connect_timeout=5, send_receive_timeout=TIMEOUT_S
                )
            return self._client

    async def aclose(self) -> None:
        """Close its connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None
