"""Meter curves, and what connectors said of themselves, from ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence

from api.ports.facade import MeterPoint, SessionRow, StatusRow
from api.sources.clickhouse import ClickHouseReader
from engine.clock import SECOND

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
_STATUSES = """
SELECT toUnixTimestamp64Micro(believed) AS at, evse, connector, status, previous, error, info, vendor_error
FROM connector_status
WHERE charge_point = {charge_point:String}
  AND received >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND received < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
ORDER BY at, entry, idx
LIMIT {limit:UInt32}
"""


class ClickHouseCurves:
    """The `Analytics` port."""

    def __init__(self, reader: ClickHouseReader) -> None:
        self._reader = reader

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
        rows = await self._reader.rows(sql, wanted)
        if not rows and wanted["earliest"]:
            rows = await self._reader.rows(sql, wanted | {"earliest": 0})
        return [MeterPoint(*row) for row in rows]

    async def statuses(self, charge_point: str, *, since: int, until: int, limit: int) -> Sequence[StatusRow]:
        """In order of believed time. Raises StoreUnavailable."""
        wanted = {"charge_point": charge_point, "since": max(0, since), "until": until, "limit": limit}
        return [StatusRow(*row) for row in await self._reader.rows(_STATUSES, wanted)]
