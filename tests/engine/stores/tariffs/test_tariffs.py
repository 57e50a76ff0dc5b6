"""Tariffs in SQL: what holds is never changed, and what every host knows follows each change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.access.scope import Scope
from engine.clock import SECOND, ManualClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores.changes import PubSubChangeFeed
from engine.stores.kept_book import HeardAtOnce
from engine.stores.places.book import PlaceBook
from engine.stores.pubsub import MemoryPubSub
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log
from engine.stores.tariffs.assignments import Assigned, TariffAssignments
from engine.stores.tariffs.book import TariffBook
from engine.stores.tariffs.catalogue import Tariffs, Validity
from engine.stores.tariffs.source import HeldSource
from engine.tariffs.model import Dimension, Element, PriceComponent, Tariff

HOUR = 3600 * SECOND
ELSEWHERE = Scope(frozenset({"north"}))


def priced(price: str) -> Tariff:
    return Tariff("", 0, "INR", (Element((PriceComponent(Dimension.ENERGY, Decimal(price)),)),), name="Mall")


class Books:
    """The repositories, and the book that follows them."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock()
        self.book = TariffBook(HeldSource(database), PlaceBook(database))
        feed = HeardAtOnce(PubSubChangeFeed(MemoryPubSub()), [self.book])
        self.tariffs = Tariffs(database, feed, self.clock)
        self.assignments = TariffAssignments(database, feed, self.clock)

    def versions(self, tariff: str) -> list[int]:
        return [held.tariff.version for held in self.book.held.versions.get(tariff, ())]


async def test_a_version_that_holds_is_never_changed_and_a_new_one_takes_its_place(database: Database) -> None:
    books = Books(database)
    tariff = (await books.tariffs.create("default", priced("18"))).id
    assert books.versions(tariff) == []
    draft = await books.tariffs.change_draft(tariff, 1, priced("17"), version=1)
    with pytest.raises(Changed):
        await books.tariffs.change_draft(tariff, 1, priced("16"), version=1)
    await books.tariffs.publish(tariff, 1, Validity(), version=draft.version)
    assert books.versions(tariff) == [1]
    for change in (
        books.tariffs.change_draft(tariff, 1, priced("1")),
        books.tariffs.publish(tariff, 1, Validity()),
        books.tariffs.delete(tariff),
    ):
        with pytest.raises(Conflict):
            await change
    with pytest.raises(InvalidInput, match="past"):
        await books.tariffs.add_version(tariff, priced("19"), publish=Validity(books.clock.now() - HOUR))
    begins = books.clock.now() + HOUR
    await books.tariffs.add_version(tariff, priced("19"), publish=Validity(begins))
    row = await books.tariffs.get(tariff)
    holding = [row.version_at(at) for at in (begins - 1, begins)]
    assert [version.content.elements[0].components[0].price for version in holding if version] == [17, 19]
    async with database.read() as connection:
        told = await connection.execute(select(audit_log.c.action).order_by(audit_log.c.at, audit_log.c.id))
        assert sorted(told.scalars()) == ["changed", "created", "created", "published"]


async def test_what_does_not_hold_yet_is_undone_and_what_holds_is_ended(database: Database) -> None:
    books = Books(database)
    now = books.clock.now()
    tariff = (await books.tariffs.create("default", priced("18"), publish=Validity())).id
    await books.tariffs.add_version(tariff, priced("19"), publish=Validity(now + HOUR))
    undone = await books.tariffs.withdraw(tariff, 2)
    assert (undone.in_force, books.versions(tariff)) == (None, [1])
    books.clock.advance(3600)
    ended = await books.tariffs.withdraw(tariff, 1)
    assert (ended.valid_until, books.versions(tariff)) == (now + HOUR, [1])
    with pytest.raises(Conflict):
        await books.tariffs.withdraw(tariff, 1)
    unused = (await books.tariffs.create("default", replace(priced("1"), name="Unused"))).id
    await books.tariffs.delete(unused)
    with pytest.raises(NotFound):
        await books.tariffs.get(unused)


async def test_an_assignment_is_known_to_every_host_at_once_and_ended_rather_than_deleted(database: Database) -> None:
    books = Books(database)
    tariff = (await books.tariffs.create("default", priced("18"), publish=Validity())).id
    row = await books.assignments.assign(Assigned(tariff, station="default", token_group="Fleet"))
    (target,) = books.book.held.assignments
    assert str(target) == "station default, for token group fleet"
    for wrong, field in (
        (Assigned(tariff, charge_point="CP-9"), "charge_point"),
        (Assigned(tariff, connector=1, evse=1), "connector"),
        (Assigned("none"), "tariff"),
        (Assigned(tariff, valid_from=1), "valid_from"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await books.assignments.assign(wrong)
        assert refused.value.field == field
    books.clock.advance(3600)
    await books.assignments.end(row.id)
    ((assigned,),) = books.book.held.assignments.values()
    assert assigned.valid_until == books.clock.now()
    with pytest.raises(Conflict):
        await books.assignments.end(row.id)
    later = await books.assignments.assign(Assigned(tariff, valid_from=books.clock.now() + HOUR))
    await books.assignments.end(later.id)
    assert len(books.book.held.assignments) == 1


async def test_another_networks_tariffs_are_not_there(database: Database) -> None:
    books = Books(database)
    tariff = (await books.tariffs.create("default", priced("18"), publish=Validity())).id
    row = await books.assignments.assign(Assigned(tariff))
    for change in (
        books.tariffs.get(tariff, scope=ELSEWHERE),
        books.tariffs.rename(tariff, "Mine", scope=ELSEWHERE),
        books.tariffs.withdraw(tariff, 1, scope=ELSEWHERE),
        books.tariffs.create("default", priced("1"), scope=ELSEWHERE),
        books.assignments.get(row.id, scope=ELSEWHERE),
        books.assignments.end(row.id, scope=ELSEWHERE),
        books.assignments.assign(Assigned(tariff), scope=ELSEWHERE),
    ):
        with pytest.raises(NotFound):
            await change
