"""What tariffs are assigned to: networks, stations, charge points, connectors, for everybody or a group of tokens.

What is assigned later to the same target holds from then on; an assignment that has begun is ended, never deleted, so
that what held at any time can be told. Precedence: engine/tariffs/held.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND, Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.changes import TARIFF, Change, ChangeFeed
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, stations
from engine.stores.sql.tables.tariffs import tariff_assignments, tariffs
from engine.stores.tariffs.rows import AssignmentRow, assignment_row_of
from engine.tariffs.held import Assignment

_BACKDATED = 300 * SECOND
_TABLE = tariff_assignments.c
_LISTING = Listing(
    {"valid_from": (_TABLE.valid_from, int), "created": (_TABLE.created, int), "tariff": (_TABLE.tariff, str)},
    _TABLE.id,
    "-created",
)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What is asked for. The innermost place named is the target; with none it is the whole network of the tariff."""

    tariff: str
    station: str = ""
    charge_point: str = ""
    evse: int = 0
    connector: int = 0
    token_group: str = ""
    valid_from: int | None = None
    valid_until: int | None = None


@dataclass(frozen=True, slots=True)
class WhichAssignments:
    """Which assignments are wanted: all that is given must hold. `at`: those that hold then (microseconds)."""

    network: str | None = None
    tariff: str | None = None
    station: str | None = None
    charge_point: str | None = None
    token_group: str | None = None
    at: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        told = (
            (_TABLE.network_id, self.network),
            (_TABLE.tariff, self.tariff),
            (_TABLE.station, self.station),
            (_TABLE.charge_point, self.charge_point),
            (_TABLE.token_group, self.token_group),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in told if value is not None]
        if self.at is not None:
            found.append(_TABLE.valid_from <= self.at)
            found.append(_TABLE.valid_until.is_(None) | (_TABLE.valid_until > self.at))
        return found


class TariffAssignments:
    """The repository. All methods raise StoreUnavailable; what lies outside of `scope` is not found."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def assign(self, wanted: Assigned, *, scope: Scope = EVERYWHERE) -> AssignmentRow:
        """Raises NotFound for a tariff or place that is not there, InvalidInput for times or places of no sense."""
        now = self._clock.now()
        since = now if wanted.valid_from is None else wanted.valid_from
        if since < now - _BACKDATED:
            raise InvalidInput(
                "An assignment cannot begin in the past: sessions have begun without it.",
                field="valid_from",
                remedy="Use a time from now on, or leave it out for now.",
            )
        since = max(since, now)
        if wanted.valid_until is not None and wanted.valid_until <= since:
            raise InvalidInput(
                "The assignment would end before it begins.",
                field="valid_until",
                remedy="Use a time after valid_from.",
            )
        async with self._database.write() as connection:
            network = await _network_of(connection, wanted.tariff, scope)
            placed = await _placed(connection, wanted, network)
            made = replace(placed, id=new_id(), valid_from=since, valid_until=wanted.valid_until)
            row = AssignmentRow(made, 1, now, now)
            await connection.execute(insert(tariff_assignments), _values(row))
            shown = _audited(made)
            await note(connection, now, "created", "tariff_assignment", made.id, network=network, after=shown)
        await self._feed.announce([Change(TARIFF, wanted.tariff)])
        return row

    async def get(self, assignment: str, *, scope: Scope = EVERYWHERE) -> AssignmentRow:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _get(connection, assignment, scope)

    async def page(self, which: WhichAssignments, wanted: Wanted, *, scope: Scope = EVERYWHERE) -> Page[AssignmentRow]:
        """Assignments in the order wanted, the newest first unless it says otherwise."""
        query = select(tariff_assignments).where(scope.where(_TABLE.network_id), *which.conditions())
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, assignment_row_of)

    async def end(self, assignment: str, *, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """From now on it holds no more; one that has not begun is deleted. Raises NotFound, Changed, Conflict."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _get(connection, assignment, scope)
            if version is not None and version != row.version:
                raise Changed
            held = row.assigned
            if held.valid_until is not None and held.valid_until <= now:
                raise Conflict("This assignment has ended already.", remedy="Leave it: what has held is kept.")
            mine = _TABLE.id == assignment
            if held.valid_from > now:
                await connection.execute(delete_rows(tariff_assignments).where(mine))
            else:
                ended = {"valid_until": now, "version": row.version + 1, "updated": now}
                await connection.execute(update(tariff_assignments).where(mine).values(ended))
            await note(
                connection,
                now,
                "ended",
                "tariff_assignment",
                assignment,
                network=held.network,
                before=_audited(held),
            )
        await self._feed.announce([Change(TARIFF, held.tariff)])


async def _network_of(connection: AsyncConnection, tariff: str, scope: Scope) -> str:
    query = select(tariffs.c.network_id).where(tariffs.c.id == tariff, scope.where(tariffs.c.network_id))
    network: str | None = (await connection.execute(query)).scalar_one_or_none()
    if network is None:
        raise NotFound("There is no such tariff.", field="tariff", remedy="List what there is for you.")
    return network


async def _placed(connection: AsyncConnection, wanted: Assigned, network: str) -> Assignment:
    """The assignment to a place that is there, in the tariff's own network, named as it is registered."""
    if bool(wanted.evse) != bool(wanted.connector) or (wanted.connector and not wanted.charge_point):
        raise InvalidInput(
            "A connector is told by its charge point, EVSE and number.",
            field="connector",
            remedy="Give charge_point, evse and connector together.",
        )
    station, charge_point = wanted.station, wanted.charge_point
    if charge_point:
        query = select(charge_points.c.id).join(stations, stations.c.id == charge_points.c.station_id)
        query = query.where(charge_points.c.folded == charge_point.lower(), stations.c.network_id == network)
        if station:
            query = query.where(stations.c.id == station)
        charge_point, station = await _found(connection, query, "charge_point"), ""
    elif station:
        query = select(stations.c.id).where(stations.c.id == station, stations.c.network_id == network)
        station = await _found(connection, query, "station")
    place = (station, charge_point, wanted.evse, wanted.connector)
    return Assignment("", wanted.tariff, network, 0, None, *place, wanted.token_group)


async def _found(connection: AsyncConnection, query: Any, what: str) -> str:
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(
            f"The tariff's network has no such {what.replace('_', ' ')}.",
            field=what,
            remedy="Use one of the tariff's own network.",
        )
    return found


async def _get(connection: AsyncConnection, assignment: str, scope: Scope) -> AssignmentRow:
    query = select(tariff_assignments).where(_TABLE.id == assignment, scope.where(_TABLE.network_id))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such assignment.", field="id", remedy="List what there is for you.")
    return assignment_row_of(row)


def _values(row: AssignmentRow) -> dict[str, Any]:
    held = row.assigned
    return {
        "id": held.id,
        "tariff": held.tariff,
        "network_id": held.network,
        **_audited(held),
        "version": row.version,
        "created": row.created,
        "updated": row.updated,
    }


def _audited(held: Assignment) -> dict[str, Any]:
    names = ("tariff", "station", "charge_point", "evse", "connector", "token_group", "valid_from", "valid_until")
    return {name: getattr(held, name) for name in names}
