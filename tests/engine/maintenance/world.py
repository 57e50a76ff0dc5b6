"""A charge point with two connectors and a technician, in real SQL."""

from __future__ import annotations

from sqlalchemy import insert

from engine.clock import ManualClock
from engine.stores.sql.engine import Database
from engine.stores.sql.tables import people, places

CHARGE_POINT, TECHNICIAN = "CP-1", "u-tech"


async def furnish(database: Database, clock: ManualClock) -> None:
    """Put them in: CP-1 at the station `default` of the network `default`."""
    at = {"created": clock.now(), "updated": clock.now()}
    async with database.write() as connection:
        point = {"id": CHARGE_POINT, "folded": CHARGE_POINT.lower(), "station_id": "default"}
        await connection.execute(insert(places.charge_points), point | at)
        person = {"id": TECHNICIAN, "email": "tech@example.org", "password_hash": ""}
        await connection.execute(insert(people.users), person | at)
        grant = {"id": "g1", "account": TECHNICIAN, "role": "operations", "network": "default", "created": clock.now()}
        await connection.execute(insert(people.grants), grant)
