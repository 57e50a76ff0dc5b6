"""The queue: what is put is there once for each channel that wants it, with what it tells of or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from engine.deliveries.queue import enqueue, message_id, withdraw
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.deliveries import deliveries
from engine.stores.sql.tables.outbox import outbox
from tests.engine.deliveries.rows import add_channel, queued

AT = 1_767_225_600_000_000


async def put(database: Database, key: str = "alert:1", **more: Any) -> int:
    said: dict[str, Any] = {"network": "north", "kind": "alert.opened", "subject": "It is broken", "payload": {"id": 1}}
    async with database.write() as connection:
        return await enqueue(connection, more.pop("at", AT), key=key, **(said | more))


async def test_a_message_goes_to_whoever_subscribes_to_it_and_to_no_other_network(database: Database) -> None:
    await add_channel(database, "all", kinds=["*"])
    await add_channel(database, "alerts-north", network="north", kinds=["alert.*"])
    await add_channel(database, "alerts-south", network="south", kinds=["alert.*"])
    await add_channel(database, "narrowed-to-south", kinds=["*"], narrowed="south")
    await add_channel(database, "sessions", network="north", kinds=["session.ended", "session.started"])
    await add_channel(database, "disabled", network="north", kinds=["*"], enabled=False)
    await add_channel(database, "silent", network="north")
    assert await put(database) == 2
    assert {row.channel for row in await queued(database)} == {"all", "alerts-north"}


async def test_severity_keeps_what_is_less_from_whoever_wants_no_more(database: Database) -> None:
    await add_channel(database, "worst", kinds=["*"], severity="critical")
    await add_channel(database, "most", kinds=["*"], severity="minor")
    assert [await put(database, each, severity=each) for each in ("warning", "minor", "major", "critical")] == [
        *(0, 1, 1, 2)
    ]
    # What has no severity is no less than anything.
    assert await put(database, "s", kind="session.ended") == 2


async def test_the_same_key_is_there_once_and_what_is_rolled_back_is_not(database: Database) -> None:
    async def undone() -> None:
        async with database.write() as connection:
            await enqueue(connection, AT, network=None, kind="alert.opened", key="k", subject="", payload={})
            raise ZeroDivisionError

    await add_channel(database, "all", kinds=["*"])
    with pytest.raises(ZeroDivisionError):
        await undone()
    await put(database, payload={"n": 1})
    await put(database, payload={"n": 2})
    assert [(row.key, row.payload, row.state) for row in await queued(database)] == [("alert:1", {"n": 1}, "waiting")]


async def test_what_has_not_left_can_be_renewed_and_withdrawn(database: Database) -> None:
    await add_channel(database, "all", kinds=["*"])
    updated: dict[str, Any] = {"kind": "session.updated", "stream": "session:1", "renews": True}
    await put(database, "u:1", payload={"n": 1}, due=AT + 5, **updated)
    await put(database, "u:1", payload={"n": 2}, due=AT + 9, **updated)
    (row,) = await queued(database)
    assert (row.payload, row.due) == ({"n": 2}, AT + 5)
    async with database.write() as connection:
        await connection.execute(update(deliveries).values(lease="somebody"))
    await put(database, "u:1", payload={"n": 3}, **updated)
    await put(database, "u:2", payload={"n": 4}, **updated)
    async with database.write() as connection:
        await withdraw(connection, "session:1", "session.updated")
    assert [row.payload for row in await queued(database)] == [{"n": 2}], "what is in hand stays as it is"


async def test_named_channels_get_it_subscribed_or_not_but_never_another_networks(database: Database) -> None:
    await add_channel(database, "silent", network="north")
    await add_channel(database, "other", network="south")
    await add_channel(database, "wants", network="north", kinds=["*"])
    assert await put(database, only=["silent", "other", "nobody"]) == 1
    assert [row.channel for row in await queued(database)] == ["silent"]


async def test_people_are_written_to_once(database: Database) -> None:
    for _ in range(2):
        await put(database, to=["ann@example.org", "ann@example.org", "bob@example.org"], text="Have a look.")
    async with database.read() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.recipient))).all()
    assert [(row.recipient, row.subject, row.body) for row in rows] == [
        ("ann@example.org", "It is broken", "Have a look."),
        ("bob@example.org", "It is broken", "Have a look."),
    ]
    assert await queued(database) == []


def test_ids_grow_with_time_and_within_one_moment() -> None:
    ids = [message_id(AT), message_id(AT), message_id(AT + 1), message_id(AT + 10**12)]
    assert ids == sorted(set(ids))
