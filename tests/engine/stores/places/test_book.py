"""Where charge points stand, from memory: what a change makes of it, in this process and in others."""

from __future__ import annotations

import asyncio

from sqlalchemy import insert, update

from engine.access.scope import EVERYWHERE, Scope
from engine.stores.changes import NETWORK, Change, PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import HeardAtOnce
from engine.stores.places.book import PlaceBook
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import networks, stations
from tests.engine.stores.doors import Noted


async def two_networks(database: Database) -> None:
    """`default` as it is there from the start, and `acme` in India with a station that says nothing of itself."""
    acme = {"name": "Acme", "country": "IN", "region": "KA", "time_zone": "Asia/Kolkata", "currency": "INR"}
    async with database.write() as connection:
        await connection.execute(insert(networks), {"id": "acme", "created": 1, **acme})
        await connection.execute(insert(stations), {"id": "mall", "network_id": "acme", "name": "Mall", "created": 1})
        abroad = {"country": "LK", "time_zone": "Asia/Colombo"}
        await connection.execute(
            insert(stations), {"id": "abroad", "network_id": "acme", "name": "Port", "created": 1, **abroad}
        )


async def test_what_this_process_registers_and_moves_its_book_knows_at_once(database: Database) -> None:
    await two_networks(database)
    book, told = PlaceBook(database), Noted()
    registry = Registry(database, HeardAtOnce(told, (book,)), InstallationKey(bytes(32)))
    assert book.place("CP-1") is None
    await registry.create(NewChargePoint("CP-1"))
    place = book.place("cp-1")
    assert place is not None
    assert (place.charge_point, place.network, place.zone) == ("CP-1", "default", "UTC")
    await registry.update("CP-1", station_id="mall")
    place = book.place("CP-1")
    assert place is not None
    assert (place.network, place.station, place.zone, place.country, place.region, place.currency) == (
        "acme",
        "mall",
        "Asia/Kolkata",
        "IN",
        "KA",
        "INR",
    )
    assert book.charge_points_of("acme") == {"CP-1"} == book.charge_points_at("mall")
    assert book.charge_points_of("default") == frozenset()
    await registry.retire("CP-1")
    assert book.network_of("CP-1") == "acme", "its sessions still belong to somebody"
    assert told.changes, "and the others are told"


async def test_another_process_reads_only_what_has_changed(database: Database) -> None:
    await two_networks(database)
    told = Noted()
    registry = Registry(database, told, InstallationKey(bytes(32)))
    await registry.create_many([NewChargePoint(f"CP-{n}", station_id="abroad") for n in range(3)])
    book = PlaceBook(database)
    await book.read_anew()
    assert len(book) == 3
    assert book.networks() == {"acme", "default"}
    place = book.place("CP-0")
    assert place is not None
    assert (place.zone, place.country, place.region) == ("Asia/Colombo", "LK", ""), "no region of another country"
    await registry.update("CP-1", station_id="default")
    for change in told.changes[-1:]:
        book.changed(change)
    await book.catch_up()
    assert book.charge_points_of("acme") == {"CP-0", "CP-2"}
    async with database.write() as connection:
        await connection.execute(update(networks).where(networks.c.id == "acme").values(currency="LKR"))
    book.changed(Change(NETWORK, "acme"))
    await book.catch_up()
    place = book.place("CP-2")
    assert place is not None
    assert place.currency == "LKR"


async def test_what_is_not_registered_lies_in_the_whole_installation_only(database: Database) -> None:
    book = PlaceBook(database)
    await book.read_anew()
    assert book.within(EVERYWHERE, "stranger")
    assert not book.within(Scope(frozenset({"default"})), "stranger")


async def test_what_one_process_changes_another_knows_within_a_second(database: Database) -> None:
    listening, caught_up = asyncio.Event(), asyncio.Event()

    class Book(PlaceBook):
        async def read_changes(self) -> None:
            await super().read_changes()
            caught_up.set()

    feed, other = PubSubChangeFeed(MemoryPubSub()), Book(database)
    registry = Registry(database, feed, InstallationKey(bytes(32)))

    async def follow() -> None:
        async with feed.listen() as changes:
            await other.read_anew()
            listening.set()
            async for change in changes:
                other.changed(change)

    tasks = [asyncio.create_task(follow()), asyncio.create_task(other.keep_current())]
    await listening.wait()
    await registry.create(NewChargePoint("CP-1"))
    async with asyncio.timeout(1.0):
        await caught_up.wait()
    assert other.network_of("CP-1") == "default"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
