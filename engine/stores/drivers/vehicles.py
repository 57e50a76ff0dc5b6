"""Drivers' vehicles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores import audit
from engine.stores.drivers.driver import MAX_VEHICLES, VEHICLES, Driver, Vehicle, check_vehicle, digest, plate_of
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import vehicles

_V = vehicles.c
_COLUMNS = [_V[field.name] for field in fields(Vehicle)]


class Vehicles:
    """The repository. All methods take a driver that the caller may see, and raise StoreUnavailable."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, driver: Driver) -> Sequence[Vehicle]:
        """All of a driver, the oldest first: there are few."""
        query = select(*_COLUMNS).where(_V.driver == driver.id).order_by(_V.created, _V.id)
        async with self._database.read() as connection:
            return [_of_row(row) for row in await connection.execute(query)]

    async def get(self, driver: Driver, id: str) -> Vehicle:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, driver, id)

    async def add(self, driver: Driver, vehicle: Vehicle) -> Vehicle:
        """Raises InvalidInput, and Conflict for one too many."""
        now = self._clock.now()
        made = replace(vehicle, id=new_id(), driver=driver.id, version=1, created=now, updated=now)
        check_vehicle(made)
        async with self._database.write() as connection:
            there = select(func.count()).select_from(vehicles).where(_V.driver == driver.id)
            if int((await connection.execute(there)).scalar_one()) >= MAX_VEHICLES:
                raise Conflict(
                    f"A driver has at most {MAX_VEHICLES} vehicles.", field="driver", remedy="Remove one first."
                )
            await connection.execute(insert(vehicles), _row(made))
            await audit.note(connection, now, "created", "vehicle", made.id, network=driver.network)
        return made

    async def change(self, driver: Driver, id: str, changes: Mapping[str, Any], version: int | None = None) -> Vehicle:
        """Change any of `VEHICLES`. Raises NotFound, InvalidInput, Changed."""
        if unknown := changes.keys() - VEHICLES:
            raise InvalidInput(f"A vehicle's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, driver, id, version)
            after = replace(before, **changes, version=before.version + 1, updated=now)
            check_vehicle(after)
            await connection.execute(update(vehicles).where(_V.id == id).values(_row(after)))
            await audit.note(connection, now, "changed", "vehicle", id, network=driver.network, after=digest(changes))
        return after

    async def remove(self, driver: Driver, id: str, version: int | None = None) -> None:
        """Raises NotFound, Changed."""
        async with self._database.write() as connection:
            await _one(connection, driver, id, version)
            await connection.execute(delete(vehicles).where(_V.id == id))
            await audit.note(connection, self._clock.now(), "deleted", "vehicle", id, network=driver.network)


async def _one(connection: AsyncConnection, driver: Driver, id: str, version: int | None = None) -> Vehicle:
    query = select(*_COLUMNS).where(_V.id == id, _V.driver == driver.id)
    row = (await connection.execute(query.with_for_update())).one_or_none()
    if row is None:
        raise NotFound("There is no such vehicle.", field="id", remedy="See the list of vehicles.")
    vehicle = _of_row(row)
    if version is not None and version != vehicle.version:
        raise Changed
    return vehicle


def _of_row(row: Any) -> Vehicle:
    vehicle = Vehicle(*row)
    return replace(vehicle, connector_types=tuple(vehicle.connector_types))


def _row(vehicle: Vehicle) -> dict[str, Any]:
    row = {column.name: getattr(vehicle, column.name) for column in _COLUMNS}
    return row | {
        "connector_types": list(vehicle.connector_types),
        "plate_folded": plate_of(vehicle.plate),
        "ev_mac": vehicle.ev_mac.upper().replace("-", ":"),
    }
