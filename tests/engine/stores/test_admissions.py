"""How boots are to be answered: only exceptions are kept, and hosts hear of a change at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.stores.admissions import AdmissionBook, Admissions
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database
from tests.actors.world import until
from tests.engine.stores.doors import Noted


async def registered(database: Database, folder: Path, *names: str) -> None:
    registry = Registry(database, Noted(), InstallationKey.load(folder))
    await registry.create_many([NewChargePoint(name) for name in names])


async def test_only_exceptions_are_kept(database: Database, tmp_path: Path) -> None:
    await registered(database, tmp_path, "A", "B", "C")
    admissions = Admissions(database, Noted())
    await admissions.set("A", "pending")
    await admissions.set("B", "pending")
    await admissions.set("B", "rejected")
    assert await admissions.exceptions() == {"A": "pending", "B": "rejected"}
    assert await admissions.of(["B", "C"]) == {"B": "rejected"}
    await admissions.set("A", "accepted")
    await admissions.set("C", "accepted")
    assert await admissions.exceptions() == {"B": "rejected"}
    with pytest.raises(InvalidInput) as refused:
        await admissions.set("A", "perhaps")
    assert (refused.value.field, "pending" in refused.value.remedy) == ("admission", True)


async def test_a_host_hears_of_a_change(database: Database, tmp_path: Path) -> None:
    await registered(database, tmp_path, "A")
    feed = PubSubChangeFeed(MemoryPubSub())
    admissions = Admissions(database, feed)
    book = AdmissionBook(admissions)
    await book.read()
    assert book.registration("A") is None
    keeping = asyncio.create_task(book.keep_current())
    try:
        async with feed.listen() as changes:
            await admissions.set("A", "pending")
            book.changed(await anext(changes))
        await until(lambda: book.registration("A") == "Pending", "read again")
    finally:
        keeping.cancel()
