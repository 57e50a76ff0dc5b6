"""What integrators are told of events: each once, in the journal's order, updates once a minute, nobody's others'."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
from sqlalchemy import insert

from engine.charging.events import (
    LinkChanged,
    SessionChanged,
    SessionSettled,
    SessionStarted,
    SessionStopped,
    StatusChanged,
)
from engine.clock import SECOND, ManualClock, to_iso
from engine.deliveries.observer import Webhooks
from engine.deliveries.subscriptions import SubscriptionBook
from engine.projections.positions import read_positions
from engine.projections.watch import Watch
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, stations
from engine.stores.sql.tables.places import networks
from tests.engine.deliveries.rows import add_channel, queued
from tests.engine.projections.events import T0, entry

STARTED = SessionStarted("CP-1", "S1", 1, 1, "17", "TAG", "Accepted", "1000", None, T0, T0, "", (), "north")
CHANGED = SessionChanged("CP-1", "S1", 1, 1, "charging", "500", "11000", T0, T0, "1.20", "EUR")
STOPPED = SessionStopped(
    *("CP-1", "S1", 1, 1, "17", "TAG", "", "1000", "9000", "8000", T0, None, T0 + 3600 * SECOND, T0 + 3600 * SECOND),
    *(3600, "Local", ()),
)
SETTLED = SessionSettled(
    *("CP-1", "S1", 1, 1, "17", "TAG", "", T0, T0 + 3600 * SECOND, T0 + 3600 * SECOND, "8000", "Local", ()),
    *(None, None, "3.20", "EUR", T0 + 3600 * SECOND),
)
FAULTED = StatusChanged("CP-1", 1, 1, "Faulted", "Available", "GroundFailure", "", "acme", "E17", None, T0, T0)
LINK = LinkChanged("CP-1", T0, "offline", 1, "ocpp1.6", "", 1006, "gone")


@pytest_asyncio.fixture
async def books(database: Database) -> AsyncIterator[Database]:
    at = {"created": 1, "updated": 1}
    async with database.write() as connection:
        await connection.execute(insert(networks), [{"id": each, "name": each, **at} for each in ("north", "south")])
        station = {"id": "mall", "network_id": "north", "name": "Mall", **at}
        await connection.execute(insert(stations), station)
        await connection.execute(insert(charge_points), {"id": "CP-1", "folded": "cp-1", "station_id": "mall", **at})
    yield database


async def watching(database: Database) -> tuple[Watch, SubscriptionBook]:
    book = SubscriptionBook(database)
    await book.read_anew()
    watch = Watch(database, [Webhooks(book)], ManualClock(T0))
    await watch.open(1)
    return watch, book


async def test_each_event_is_put_once_for_each_channel_of_its_network(books: Database) -> None:
    await add_channel(books, "north", network="north", kinds=["*"])
    await add_channel(books, "south", network="south", kinds=["*"])
    await add_channel(books, "ended", kinds=["session.ended"])
    watch, _ = await watching(books)
    await watch.apply([entry(1, [STARTED, FAULTED, LINK]), entry(2, [STOPPED, SETTLED])])
    assert watch.dead == 0
    rows = await queued(books)
    assert [(row.channel, row.kind, row.network) for row in rows if row.channel != "north"] == [
        ("ended", "session.ended", "north")
    ]
    mine = {row.kind: row.payload for row in rows if row.channel == "north"}
    assert list(mine) == [
        *("session.started", "charge_point.link", "connector.status", "session.ended", "session.settled")
    ]
    assert mine["session.ended"] == {
        "id": "S1",
        "charge_point": "CP-1",
        "evse": 1,
        "connector": 1,
        "transaction": "17",
        "started_at": to_iso(T0),
        "stopped_at": to_iso(T0 + 3600 * SECOND),
        "meter_start_wh": "1000",
        "meter_stop_wh": "9000",
        "energy_wh": "8000",
        "duration_s": 3600,
        "reason": "Local",
        "doubts": [],
    }
    assert (mine["connector.status"]["status"], mine["connector.status"]["vendor_error_code"]) == ("Faulted", "E17")
    assert not any("TAG" in str(row.payload) for row in rows), "who charged is nobody's business here"


async def test_a_status_that_is_said_again_is_no_news(books: Database) -> None:
    await add_channel(books, "all", kinds=["connector.status"])
    watch, _ = await watching(books)
    await watch.apply([entry(1, [FAULTED, replace(FAULTED, previous="Faulted")])])
    assert len(await queued(books)) == 1


async def test_updates_leave_once_a_minute_with_the_last_word_and_not_after_the_end(books: Database) -> None:
    await add_channel(books, "all", kinds=["session.*"])
    watch, _ = await watching(books)
    later = [replace(CHANGED, received=T0 + n * 10 * SECOND, energy_wh=str(n)) for n in range(1, 10)]
    await watch.apply([entry(1, [STARTED, *later])])
    told = [(row.kind, row.payload.get("energy_wh"), (row.due - T0) // SECOND) for row in await queued(books)]
    assert told == [("session.started", None, 0), ("session.updated", "5", 60), ("session.updated", "9", 120)]
    await watch.apply([entry(2, [STOPPED])])
    assert [row.kind for row in await queued(books)] == ["session.started", "session.ended"]


async def test_with_no_subscription_no_event_is_looked_at_and_soon_after_one_it_is(books: Database) -> None:
    watch, book = await watching(books)
    await watch.apply([entry(1, [STARTED, FAULTED])])
    assert await read_positions(books, "watch") == {0: 0}, "not even a transaction was needed"
    await add_channel(books, "all", kinds=["session.started"])
    await book.read_anew()
    await watch.apply([entry(2, [replace(STARTED, session="S2"), FAULTED])])
    assert [row.kind for row in await queued(books)] == ["session.started"]


async def test_before_the_book_is_read_nothing_is_missed(books: Database) -> None:
    await add_channel(books, "all", kinds=["*"])
    watch = Watch(books, [Webhooks(SubscriptionBook(books))], ManualClock(T0))
    await watch.open(1)
    await watch.apply([entry(1, [STARTED])])
    assert [row.kind for row in await queued(books)] == ["session.started"]
