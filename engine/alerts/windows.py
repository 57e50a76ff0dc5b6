"""Maintenance windows: when and where nothing is an alert, because somebody works there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.alerts.tracking import whereabouts
from engine.clock import Clock
from engine.errors import Changed, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.alerts import alert_conditions, maintenance_windows
from engine.stores.whereabouts import network_of_station

LONGEST = 366 * 86_400_000_000
"""A window lasts a year at most (µs): longer is forgotten, and hides what is wrong."""


@dataclass(frozen=True, slots=True)
class Window:
    """Of a network (None: all), a station, a charge point, or a connector of it. Times in microseconds."""

    id: str
    network: str | None
    station: str
    charge_point: str
    evse: int | None
    connector: int | None
    begins: int
    ends: int
    reason: str
    created_by: str
    version: int
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class NewWindow:
    """What is asked for; of a station or charge point the network is known."""

    network: str | None
    station: str
    charge_point: str
    evse: int | None
    connector: int | None
    begins: int
    ends: int
    reason: str


_COLUMNS = [maintenance_windows.c[each.name] for each in fields(Window)]
_LISTING = Listing(
    {"begins": (maintenance_windows.c.begins, int), "ends": (maintenance_windows.c.ends, int)},
    maintenance_windows.c.id,
    "-begins",
)


class Windows:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(
        self, scope: Scope, wanted: Wanted, *, network: str = "", charge_point: str = "", current: bool = False
    ) -> Page[Window]:
        """The latest first. `current`: those that have not ended."""
        table = maintenance_windows.c
        query = select(*_COLUMNS).where(scope.where(table.network))
        if network:
            query = query.where(table.network == network)
        if charge_point:
            query = query.where(table.charge_point == charge_point)
        if current:
            query = query.where(table.ends > self._clock.now())
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Window(*row))

    async def get(self, id: str, scope: Scope) -> Window:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, id, scope)

    async def create(self, new: NewWindow, scope: Scope) -> Window:
        """Raises NotFound for a place outside of the scope, InvalidInput."""
        now = self._clock.now()
        _check_times(new.begins, new.ends)
        if (new.connector is None) != (new.evse is None) or (new.connector is not None and not new.charge_point):
            raise InvalidInput(
                "A connector is named by its charge point, EVSE and number.",
                field="connector",
                remedy="Give charge_point, evse and connector, or no connector.",
            )
        async with self._database.write() as connection:
            network = await _network(connection, new, scope)
            row = asdict(new) | {"id": new_id(), "network": network, "created_by": acting().id}
            window = Window(**row, version=1, created=now, updated=now)
            await connection.execute(insert(maintenance_windows), asdict(window))
            await note(
                connection, now, "created", "maintenance_window", window.id, network=network, after=_seen(window)
            )
        return window

    async def change(self, id: str, changes: Mapping[str, Any], scope: Scope, *, version: int | None = None) -> Window:
        """Change `begins`, `ends` or `reason`. Raises NotFound, Changed, InvalidInput."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, id, scope, lock=True)
            if version is not None and version != before.version:
                raise Changed
            after = replace(before, **changes)
            if changes.keys() & {"begins", "ends"}:
                _check_times(after.begins, after.ends)
            after = replace(after, version=before.version + 1, updated=now)
            values = {name: getattr(after, name) for name in ("begins", "ends", "reason", "version", "updated")}
            await connection.execute(update(maintenance_windows).where(_is(id)).values(values))
            await _look_again(connection, before, now)
            told = {"before": _seen(before), "after": _seen(after)}
            await note(connection, now, "changed", "maintenance_window", id, network=before.network, **told)
        return after

    async def delete(self, id: str, scope: Scope, *, version: int | None = None) -> None:
        """It ends at once. Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, id, scope, lock=True)
            if version is not None and version != before.version:
                raise Changed
            await connection.execute(delete(maintenance_windows).where(_is(id)))
            await _look_again(connection, before, now)
            seen = _seen(before)
            await note(connection, now, "deleted", "maintenance_window", id, network=before.network, before=seen)


async def _network(connection: AsyncConnection, new: NewWindow, scope: Scope) -> str | None:
    """Whose window it is: the place's network, which must be the one that is named, if one is."""
    network = new.network
    if new.charge_point:
        network, station = await whereabouts(connection, new.charge_point)
        if network is None or not scope.covers(network) or new.station not in ("", station):
            raise NotFound("There is no such charge point there.", field="charge_point", remedy="List those of yours.")
    elif new.station:
        network = await network_of_station(connection, new.station)
        if network is None or not scope.covers(network):
            raise NotFound("There is no such station.", field="station", remedy="List those of yours.")
    if new.network not in (None, network):
        raise NotFound("The place is in another network.", field="network", remedy="Leave the network out.")
    return scope.home(network)


def _check_times(begins: int, ends: int) -> None:
    if not begins < ends <= begins + LONGEST:
        raise InvalidInput(
            "A window ends after it begins, within a year.", field="ends_at", remedy="Give a later time."
        )


async def _look_again(connection: AsyncConnection, window: Window, now: int) -> None:
    """What waited for the window's end is looked at now: it may be an alert."""
    table = alert_conditions.c
    waiting = update(alert_conditions).where(table.begins <= now, or_(table.due > now, table.due.is_(None)))
    waiting = waiting.where(table.open.is_(False), table.dismissed.is_(False))
    if window.network is not None:
        waiting = waiting.where(table.network == window.network)
    await connection.execute(waiting.values(due=now))


async def _one(connection: AsyncConnection, id: str, scope: Scope, *, lock: bool = False) -> Window:
    query = select(*_COLUMNS).where(_is(id), scope.where(maintenance_windows.c.network))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such maintenance window.", field="id", remedy="List what there is for you.")
    return Window(*row)


def _is(id: str) -> Any:
    return maintenance_windows.c.id == id


def _seen(window: Window) -> dict[str, Any]:
    return {each.name: getattr(window, each.name) for each in fields(Window) if each.name not in ("id", "updated")}
