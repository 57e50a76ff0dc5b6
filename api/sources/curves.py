"""Meter curves from ClickHouse, through clickhouse-connect's asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from api.ports import MeterPoint, SessionRow
from engine.clock import SECOND
from engine.errors import StoreUnavailable

TIMEOUT_S = 20
_SLACK_US = 24 * 3600 * SECOND

_WHERE = """
FROM meter_values
WHERE charge_point = {charge_point:String} AND session = {session:String} AND value IS NOT NULL
  AND received >= fromUnixTimestamp64Micro({earliest:Int64}, 'UTC')
  AND ({measurand:String} = '' OR measurand = {measurand:String})
"""
_EVERY = f"""
SELECT toUnixTimestamp64Micro(believed) AS at, measurand, phase, location, toString(value), base_unit, 1
{_WHERE}
ORDER BY at, measurand, phase, location
LIMIT {{limit:UInt32}}
"""
_LAST_OF_STEP = f"""
SELECT max(toUnixTimestamp64Micro(believed)) AS at, measurand, phase, location,
  toString(argMax(value, (believed, partition_no, entry, idx))), base_unit, count()
{_WHERE}
GROUP BY intDiv(toUnixTimestamp64Micro(believed), {{step:Int64}}), measurand, phase, location, base_unit
ORDER BY at, measurand, phase, location
LIMIT {{limit:UInt32}}
"""


class ClickHouseCurves:
    """The `Analytics` port. `url` as in the settings: http://user:password@host:8123/database. Connects when asked."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def meter_curve(
        self, session: SessionRow, *, measurand: str | None, step_s: int | None, limit: int
    ) -> Sequence[MeterPoint]:
        """In order of believed time. Raises StoreUnavailable."""
        wanted = {
            "charge_point": session.charge_point,
            "session": session.id,
            "measurand": measurand or "",
            "step": (step_s or 1) * SECOND,
            "limit": limit,
            # Arrival is after measurement but for the station's clock: this spares reading the years before.
            "earliest": max(0, (session.started or 0) - _SLACK_US),
        }
        sql = _EVERY if step_s is None else _LAST_OF_STEP
        rows = await self._rows(sql, wanted)
        if not rows and wanted["earliest"]:
            rows = await self._rows(sql, wanted | {"earliest": 0})
        return [MeterPoint(*row) for row in rows]

    async def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        try:
            client = await self._connected()
            answer = await asyncio.wait_for(client.query(sql, parameters=parameters), TIMEOUT_S)
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
