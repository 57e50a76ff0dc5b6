"""Where drivers can be sent, from memory: the same as SQL says, after every change."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert

from engine.access.scope import EVERYWHERE
from engine.clock import ManualClock
from engine.places.bulk import plan_of
from engine.places.geography import Box
from engine.places.tables import read_csv
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import HeardAtOnce
from engine.stores.places.bulk import Bulk
from engine.stores.places.connectors import Connectors
from engine.stores.places.locations import Locations, Sought
from engine.stores.places.offers import OfferBook
from engine.stores.places.stations import Stations
from engine.stores.registry import Registry
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import networks
from tests.api.places.test_locations import COLUMNS, PLACES
from tests.engine.stores.doors import Noted

WORLD = Box(-90.0, -180.0, 90.0, 180.0)


async def test_the_book_is_what_sql_says_after_every_change(database: Database) -> None:
    clock, book, other = ManualClock(), OfferBook(database), OfferBook(database)
    told = Noted()
    feed = HeardAtOnce(told, (book,))
    async with database.write() as connection:
        await connection.execute(insert(networks), {"id": "acme", "name": "Acme", "created": 1})
    stations, connectors = Stations(database, feed, clock), Connectors(database, feed, clock)
    registry, locations = Registry(database, feed, InstallationKey(bytes(32)), clock=clock), Locations(database)

    async def same() -> Mapping[str, tuple[str, ...]]:
        """What both books hold, once they have read what they were told; the other one is in another process."""
        for change in told.changes:
            other.changed(change)
        told.changes.clear()
        await other.catch_up()
        found = await locations.within(WORLD, Sought(), scope=EVERYWHERE)
        spots = {}
        for each in await locations.locations([one.id for one in found], scope=EVERYWHERE):
            for held in (book, other):
                site = held.sites.get(each.station.id)
                assert site is not None, each.station.id
                assert (site.latitude, site.longitude) == (each.station.latitude, each.station.longitude)
                assert (site.name, site.network) == (each.station.name, each.station.network_id)
                own = [(one.charge_point, one.code, one.connector.power_w) for one in each.connectors]
                assert [(spot.charge_point, spot.code, spot.power_w) for spot in site.spots] == own
                spots[site.id] = tuple(spot.charge_point for spot in site.spots)
        assert len(book.sites) == len(other.sites) == len(found)
        return spots

    await book.read_anew()
    assert await same() == {}
    await Bulk(database, feed, clock).write(plan_of(read_csv((COLUMNS + PLACES).encode())), scope=EVERYWHERE)
    assert await same() == {"near": ("N-1", "N-1"), "far": ("F-1",), "other": ("A-1",)}
    await stations.change("near", {"latitude": 13.1, "longitude": 77.7, "name": "Nearer"})
    await registry.update("F-1", station_id="near")
    assert await same() == {"near": ("F-1", "N-1", "N-1"), "other": ("A-1",)}
    await connectors.delete("N-1", 1, 2)
    await registry.retire("A-1")
    assert await same() == {"near": ("F-1", "N-1")}
    await stations.change("near", {"public": False})
    assert await same() == {}
