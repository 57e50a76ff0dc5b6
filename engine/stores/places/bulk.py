"""Many stations, charge points and connectors written at once: all of them or nothing, and twice is as once.

What a file does not mention stays as it is; nothing is deleted. Export gives rows that an import takes as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Conflict
from engine.places.bulk import Plan
from engine.places.columns import CHARGE_POINT, COLUMNS, CONNECTOR, STATION
from engine.stores.audit import note_all
from engine.stores.changes import ALL, Change, ChangeFeed
from engine.stores.changes import CHARGE_POINT as CHARGE_POINT_CHANGED
from engine.stores.changes import STATION as STATION_CHANGED
from engine.stores.places.comparison import DESCRIBED_OF_CHARGE_POINT, Comparison, Key, Known, Outcome, Writes
from engine.stores.places.connectors import Described, described, made_of, row_of, said_of
from engine.stores.places.stations import COLUMNS as STATION_COLUMNS
from engine.stores.places.stations import DESCRIBED, Station, WhichStations, audited, tagged, without_tags
from engine.stores.places.tags import set_tags, tags_of
from engine.stores.registration import parts
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import (
    DEFAULT_NETWORK,
    charge_point_tags,
    charge_points,
    connector_descriptions,
    networks,
    station_tags,
    stations,
)

STATIONS_AT_ONCE = 200
"""Stations that an export reads at a time."""

_PLACE = ("charge_point", "evse", "connector")
_CHARGE_POINT = ("id", "folded", *DESCRIBED_OF_CHARGE_POINT[:-1], "security_profile", "retired", "version")
_CHARGE_POINTS: Select[Any] = select(*(charge_points.c[name] for name in _CHARGE_POINT), stations.c.network_id).join(
    stations, stations.c.id == charge_points.c.station_id
)


class Bulk:
    """Import and export. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def check(self, plan: Plan, *, scope: Scope) -> Outcome:
        """What an import of this plan would do, or what is wrong with it. Changes nothing."""
        async with self._database.read() as connection:
            known = await _known(connection, plan, scope, locked=False)
        return (await asyncio.to_thread(Comparison, plan, known, scope, self._clock.now())).outcome

    async def write(self, plan: Plan, *, scope: Scope) -> Outcome:
        """Do it, in one transaction, unless there are faults. Raises Conflict if somebody else was faster."""
        if plan.faults:
            return await self.check(plan, scope=scope)
        now = self._clock.now()
        try:
            async with self._database.write() as connection:
                known = await _known(connection, plan, scope, locked=True)
                # In a thread: 20,000 rows take half a second, for which nobody else should have to wait.
                compared = await asyncio.to_thread(Comparison, plan, known, scope, now)
                if compared.outcome.faults:
                    return compared.outcome
                await _write_stations(connection, compared, now)
                await _write_charge_points(connection, compared, now)
                await _write_connectors(connection, compared, now)
        except IntegrityError as error:
            raise Conflict(
                "Something of this was registered meanwhile.", field="body", remedy="Import it again."
            ) from error
        if compared.changes_anything:
            await self._feed.announce([Change(STATION_CHANGED, ALL), Change(CHARGE_POINT_CHANGED, ALL)])
        return compared.outcome

    async def rows(
        self, which: WhichStations, *, station: str = "", scope: Scope = EVERYWHERE
    ) -> AsyncIterator[dict[str, Any]]:
        """The rows of an export by the names of their columns, in the order of ids; retired charge points left out."""
        after = ""
        query = which.narrow(select(*STATION_COLUMNS)).where(scope.where(stations.c.network_id))
        if station:
            query = query.where(stations.c.id == station)
        while True:
            page = query.where(stations.c.id > after).order_by(stations.c.id).limit(STATIONS_AT_ONCE)
            async with self._database.read() as connection:
                found = await tagged(connection, [Station(*row) for row in await connection.execute(page)])
                there = await _standing(connection, [row.id for row in found])
                names = [row["id"] for rows in there.values() for row in rows]
                connectors = await described(connection, names)
            for row in found:
                for cells in _cells(row, there.get(row.id, []), connectors):
                    yield cells
            if len(found) < STATIONS_AT_ONCE:
                return
            after = found[-1].id


def _cells(
    station: Station, there: Sequence[Mapping[str, Any]], connectors: Mapping[str, Sequence[Described]]
) -> Iterable[dict[str, Any]]:
    said = _said(STATION, asdict(station))
    if not there:
        yield said
    for charge_point in there:
        of = said | _said(CHARGE_POINT, charge_point)
        found = connectors.get(charge_point["id"], ())
        if not found:
            yield of
        for each in found:
            yield of | _said(CONNECTOR, row_of(each))


def _said(of: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: values[column.field] for column in COLUMNS if column.of == of}


async def _standing(connection: AsyncConnection, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for part in parts(names):
        query = _CHARGE_POINTS.where(charge_points.c.station_id.in_(part), charge_points.c.retired.is_(None))
        for row in await _with_tags(connection, query.order_by(charge_points.c.id)):
            found.setdefault(row["station_id"], []).append(row)
    return found


async def _with_tags(connection: AsyncConnection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [dict(row._mapping) for row in await connection.execute(query)]
    tags = await tags_of(connection, charge_point_tags, [row["id"] for row in rows])
    return [row | {"tags": list(tags.get(row["id"], ()))} for row in rows]


async def _known(connection: AsyncConnection, plan: Plan, scope: Scope, *, locked: bool) -> Known:
    """What is there of what the plan mentions; with `locked` nobody changes it before the transaction ends."""
    wanted = {each.said.get("network_id", DEFAULT_NETWORK) for each in plan.stations.values()}
    query = select(networks.c.id).where(networks.c.retired.is_(None), scope.where(networks.c.id))
    there = set((await connection.execute(query)).scalars())
    known_stations: dict[str, Station] = {}
    for part in parts(sorted(plan.stations)):
        of = select(*STATION_COLUMNS).where(stations.c.id.in_(part))
        there_now = [Station(*row) for row in await connection.execute(of.with_for_update() if locked else of)]
        known_stations |= {station.id: station for station in await tagged(connection, there_now)}
    known: dict[str, Mapping[str, Any]] = {}
    for part in parts(sorted(plan.charge_points)):
        of = _CHARGE_POINTS.where(charge_points.c.folded.in_(part))
        found = await _with_tags(connection, of.with_for_update(of=charge_points) if locked else of)
        known |= {row["folded"]: row for row in found}
    connectors: dict[Key, Described] = {}
    for name, rows in (await described(connection, [row["id"] for row in known.values()])).items():
        for each in rows:
            connectors[name.lower(), each.connector.evse, each.connector.connector] = each
    return Known(frozenset(wanted & there), known_stations, known, connectors, await _codes(connection, plan))


async def _codes(connection: AsyncConnection, plan: Plan) -> dict[str, Key]:
    codes = sorted({each.said["code"] for each in plan.connectors.values() if each.said.get("code")})
    found: dict[str, Key] = {}
    for part in parts(codes):
        query = select(connector_descriptions).where(connector_descriptions.c.code.in_(part))
        for row in await connection.execute(query):
            one = made_of(row)
            found[one.code] = (one.charge_point.lower(), one.connector.evse, one.connector.connector)
    return found


async def _write_stations(connection: AsyncConnection, compared: Comparison, now: int) -> None:
    new, changed = compared.stations.new, compared.stations.changed
    if new:
        await connection.execute(insert(stations), [without_tags(row) for row in new])
    await _update(connection, stations, ("id",), DESCRIBED, [after for _, after in changed])
    await _write_tags(connection, station_tags, compared.stations)
    await note_all(
        connection, now, "created", "station", [(row["id"], row["network_id"], None, audited(row)) for row in new]
    )
    told = [(after["id"], after["network_id"], audited(before), audited(after)) for before, after in changed]
    await note_all(connection, now, "changed", "station", told)


async def _write_charge_points(connection: AsyncConnection, compared: Comparison, now: int) -> None:
    new, changed = compared.charge_points.new, compared.charge_points.changed
    if new:
        await connection.execute(insert(charge_points), [without_tags(row) for row in new])
    await _update(connection, charge_points, ("id",), DESCRIBED_OF_CHARGE_POINT, [after for _, after in changed])
    await _write_tags(connection, charge_point_tags, compared.charge_points)
    network_of = compared.network_of
    made = [(row["id"], network_of[row["station_id"]], None, _audited(row)) for row in new]
    await note_all(connection, now, "created", "charge_point", made)
    told = [(after["id"], network_of[after["station_id"]], _audited(old), _audited(after)) for old, after in changed]
    await note_all(connection, now, "changed", "charge_point", told)


async def _write_connectors(connection: AsyncConnection, compared: Comparison, now: int) -> None:
    table = connector_descriptions
    for action, some in (
        ("created", [each for each in compared.connectors if each[0] is None]),
        ("changed", [each for each in compared.connectors if each[0] is not None]),
    ):
        rows = [row_of(made) for _, made in some]
        if rows and action == "created":
            await connection.execute(insert(table), rows)
        elif rows:
            described_by = [column.name for column in table.c if column.name not in (*_PLACE, "code", "created")]
            await _update(connection, table, _PLACE, described_by, rows)
        lines = [
            (
                f"{made.charge_point}/{made.connector.evse}/{made.connector.connector}",
                compared.network_at(made.charge_point),
                None if before is None else said_of(before.connector),
                said_of(made.connector),
            )
            for before, made in some
        ]
        await note_all(connection, now, action, "connector", lines)


async def _update(
    connection: AsyncConnection, table: Table, keys: Sequence[str], names: Sequence[str], rows: Sequence[Any]
) -> None:
    """Write these columns, and when and how often the row was changed, of many rows at once."""
    if not rows:
        return
    written = dict.fromkeys((*(name for name in names if name != "tags"), "updated", "version"))
    statement = update(table).where(*(table.c[key] == bindparam(f"b_{key}") for key in keys))
    values = {name: bindparam(f"b_{name}", type_=table.c[name].type) for name in written}
    told = [{f"b_{name}": row[name] for name in (*keys, *written)} for row in rows]
    await connection.execute(statement.values(values), told)


async def _write_tags(connection: AsyncConnection, table: Table, writes: Writes) -> None:
    tags = {row["id"]: row["tags"] for row in writes.new if row["tags"]}
    tags |= {after["id"]: after["tags"] for before, after in writes.changed if list(before["tags"]) != after["tags"]}
    await set_tags(connection, table, tags)


def _audited(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: row[name] for name in DESCRIBED_OF_CHARGE_POINT if name != "station_id"}
    return said | {"station": row["station_id"], "security_profile": row["security_profile"]}
