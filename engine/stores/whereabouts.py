"""Which network a charge point belongs to, asked of SQL: what decides who may see it and all that it says.

What was said by a charge point that is registered nowhere belongs to no network, so only those see it who see the whole
installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.errors import NotFound
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, networks, sessions, stations

_AT_ONCE = 500
"""Charge points named by one SELECT."""


class Whereabouts:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def network_of(self, charge_point: str) -> str | None:
        """The network of a charge point, its id in any case; None for one that is not registered."""
        async with self._database.read() as connection:
            return await network_of(connection, charge_point)

    async def networks_of(self, charge_points_: Sequence[str]) -> set[str]:
        """The networks of these charge points, by their ids as registered."""
        query = select(stations.c.network_id).join(charge_points, charge_points.c.station_id == stations.c.id)
        found: set[str] = set()
        async with self._database.read() as connection:
            for first in range(0, len(charge_points_), _AT_ONCE):
                some = charge_points.c.id.in_(charge_points_[first : first + _AT_ONCE])
                found |= set((await connection.execute(query.where(some).distinct())).scalars())
        return found

    async def need(self, scope: Scope, charge_point: str) -> None:
        """Raise NotFound, as for an unknown one, unless the charge point lies within `scope`."""
        if not scope.everywhere and not scope.covers(await self.network_of(charge_point)):
            raise unknown_charge_point()

    async def home(self, scope: Scope, network: str | None) -> str | None:
        """As `Scope.home`, of a network that is there."""
        chosen = scope.home(network)
        if chosen is not None:
            async with self._database.read() as connection:
                found = await connection.execute(select(networks.c.id).where(networks.c.id == chosen))
                if found.one_or_none() is None:
                    raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
        return chosen


async def network_of(connection: AsyncConnection, charge_point: str) -> str | None:
    """As `Whereabouts.network_of`, within the caller's transaction."""
    query = select(stations.c.network_id).join(charge_points, charge_points.c.station_id == stations.c.id)
    query = query.where(charge_points.c.folded == charge_point.lower())
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def network_of_station(connection: AsyncConnection, station: str) -> str | None:
    """The network of a station, None if there is no such station."""
    query = select(stations.c.network_id).where(stations.c.id == station)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found


def charge_points_within(scope: Scope) -> Select[Any]:
    """The ids of the charge points within `scope`, as a SELECT."""
    query = select(charge_points.c.id).join(stations, charge_points.c.station_id == stations.c.id)
    return query.where(scope.where(stations.c.network_id))


def said_within(scope: Scope, charge_point: Any) -> Any:
    """SQL's condition that what the charge point in this column has said may be seen within `scope`."""
    return true() if scope.everywhere else charge_point.in_(charge_points_within(scope))


def session_within(scope: Scope) -> Any:
    """SQL's condition that a session may be seen within `scope`: it stays its network's when the charge point moves.

    Where nobody knew the network when it began, today's of the charge point counts.
    """
    if scope.everywhere:
        return true()
    table = sessions.c
    return or_(
        scope.where(table.network), and_(table.network == "", table.charge_point.in_(charge_points_within(scope)))
    )


def unknown_charge_point() -> NotFound:
    """The one error for a charge point that is not there or not to be seen."""
    return NotFound("There is no such charge point.", field="charge_point_id", remedy="Register it first.")
