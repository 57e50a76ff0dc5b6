"""What each connector is, and what it does at the moment: the operator's description beside the station's own word.

Every connector has a public code, given once and never changed: its QR code is printed and glued on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.places.connectors import Connector, checked_connector, fresh_code
from engine.stores.audit import note
from engine.stores.changes import CHARGE_POINT, Change, ChangeFeed
from engine.stores.registration import parts
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, connector_descriptions, stations
from engine.stores.whereabouts import unknown_charge_point

MAX_CONNECTORS = 100
"""Of one charge point."""

_TABLE = connector_descriptions.c
_WORDS = tuple(each.name for each in fields(Connector))


@dataclass(frozen=True, slots=True)
class Described:
    """A connector as described: whose it is, what it is, its public code. Times in microseconds."""

    charge_point: str
    connector: Connector
    code: str
    created: int
    updated: int
    version: int

    @property
    def label(self) -> str:
        """What is written on it: "CP-01 / 1" unless an operator says otherwise."""
        return self.connector.label or default_label(self.charge_point, self.connector)


def default_label(charge_point: str, connector: Connector) -> str:
    """The charge point and the EVSE, with the connector's letter where an EVSE has more than one."""
    letter = "" if connector.connector == 1 else chr(ord("A") + (connector.connector - 1) % 26)
    return f"{charge_point} / {connector.evse}{letter}"


class Connectors:
    """The repository. All methods raise StoreUnavailable; charge points outside of `scope` are not found."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def of(self, names: Sequence[str]) -> dict[str, list[Described]]:
        """The described connectors of these charge points (ids as registered), in order; none for most is no error."""
        async with self._database.read() as connection:
            return await described(connection, names)

    async def by_code(self, code: str) -> Described:
        """The connector with this public code, in any case. Raises NotFound, also where it is retired."""
        query = (
            select(connector_descriptions)
            .join(charge_points, charge_points.c.id == _TABLE.charge_point)
            .where(_TABLE.code == code.upper(), charge_points.c.retired.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such connector.", field="code", remedy="Read the code on the charger again.")
        return made_of(row)

    async def put(
        self,
        charge_point: str,
        evse: int,
        connector: int,
        changes: Mapping[str, Any],
        *,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
    ) -> Described:
        """Describe one, or change its description. Raises NotFound (charge point), InvalidInput, Changed, Conflict."""
        now = self._clock.now()
        async with self._database.write() as connection:
            name, network = await _held(connection, charge_point, scope)
            known = {(each.connector.evse, each.connector.connector): each for each in await _of(connection, name)}
            before = known.get((evse, connector))
            if version is not None and version != (0 if before is None else before.version):
                raise Changed()
            if before is None and len(known) >= MAX_CONNECTORS:
                raise Conflict(
                    f"A charge point has {MAX_CONNECTORS} connectors at most.", field="connector", remedy="Delete some."
                )
            told = _merged(before, evse, connector, changes)
            made = (
                Described(name, told, fresh_code(), now, now, 1)
                if before is None
                else replace(before, connector=told, updated=now, version=before.version + 1)
            )
            await _write(connection, made, new=before is None)
            await note(
                connection,
                now,
                "created" if before is None else "changed",
                "connector",
                f"{name}/{evse}/{connector}",
                network=network,
                before=None if before is None else said_of(before.connector),
                after=said_of(told),
            )
        await self._feed.announce([Change(CHARGE_POINT, name)])
        return made

    async def delete(
        self,
        charge_point: str,
        evse: int,
        connector: int,
        *,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
    ) -> None:
        """Take a description away; its code is not given again. Raises NotFound, Changed, Conflict."""
        async with self._database.write() as connection:
            name, network = await _held(connection, charge_point, scope)
            row = (await connection.execute(_one(name, evse, connector))).one_or_none()
            if row is None:
                raise NotFound("There is no such connector.", field="connector", remedy="List what there is.")
            if version is not None and version != row.version:
                raise Changed()
            await connection.execute(
                delete(connector_descriptions).where(
                    _TABLE.charge_point == name, _TABLE.evse == evse, _TABLE.connector == connector
                )
            )
            await note(
                connection,
                self._clock.now(),
                "deleted",
                "connector",
                f"{name}/{evse}/{connector}",
                network=network,
                before=said_of(made_of(row).connector),
            )
        await self._feed.announce([Change(CHARGE_POINT, name)])


async def described(connection: AsyncConnection, names: Iterable[str]) -> dict[str, list[Described]]:
    """As `Connectors.of`, in the caller's transaction."""
    found: dict[str, list[Described]] = {}
    order = (_TABLE.charge_point, _TABLE.evse, _TABLE.connector)
    for part in parts(sorted(names)):
        query = select(connector_descriptions).where(_TABLE.charge_point.in_(part)).order_by(*order)
        for row in await connection.execute(query):
            found.setdefault(row.charge_point, []).append(made_of(row))
    return found


def row_of(one: Described) -> dict[str, Any]:
    """As it is written."""
    kept = {"code": one.code, "created": one.created, "updated": one.updated, "version": one.version}
    return {"charge_point": one.charge_point, **said_of(one.connector), **kept}


def said_of(connector: Connector) -> dict[str, Any]:
    """Its members by name. `asdict` would copy each of them."""
    return {name: getattr(connector, name) for name in _WORDS}


async def _of(connection: AsyncConnection, charge_point: str) -> list[Described]:
    return (await described(connection, [charge_point])).get(charge_point, [])


def _one(charge_point: str, evse: int, connector: int) -> Any:
    return select(connector_descriptions).where(
        _TABLE.charge_point == charge_point, _TABLE.evse == evse, _TABLE.connector == connector
    )


def made_of(row: Any) -> Described:
    """A row of the table."""
    said = row._mapping
    connector = Connector(**{name: said[name] for name in _WORDS})
    return Described(row.charge_point, connector, row.code, row.created, row.updated, row.version)


def _merged(before: Described | None, evse: int, connector: int, changes: Mapping[str, Any]) -> Connector:
    given = {name: value for name, value in changes.items() if name in _WORDS and name not in ("evse", "connector")}
    if before is not None:
        return checked_connector(replace(before.connector, **given))
    for name in ("type", "format", "power_type"):
        if name not in given:
            raise InvalidInput(f"{name} is missing.", field=name, remedy="Say what kind of connector it is.")
    return checked_connector(Connector(evse=evse, connector=connector, **given))


async def _held(connection: AsyncConnection, charge_point: str, scope: Scope) -> tuple[str, str]:
    """Id and network of a charge point that is locked until the transaction ends. Raises NotFound, Conflict."""
    query = (
        select(charge_points.c.id, charge_points.c.retired, stations.c.network_id)
        .join(stations, stations.c.id == charge_points.c.station_id)
        .where(charge_points.c.folded == charge_point.lower(), scope.where(stations.c.network_id))
        .with_for_update(of=charge_points)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise unknown_charge_point()
    if row.retired is not None:
        raise Conflict("This charge point has been retired.", field="charge_point_id", remedy="Register a new one.")
    return row.id, row.network_id


async def _write(connection: AsyncConnection, one: Described, *, new: bool) -> None:
    row = row_of(one)
    if new:
        await connection.execute(insert(connector_descriptions), row)
        return
    where = (
        _TABLE.charge_point == one.charge_point,
        _TABLE.evse == one.connector.evse,
        _TABLE.connector == one.connector.connector,
    )
    changed = {name: row[name] for name in (*_WORDS, "updated", "version") if name not in ("evse", "connector")}
    await connection.execute(update(connector_descriptions).where(*where).values(changed))
