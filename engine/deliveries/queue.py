"""Putting a message into the queue: in the caller's own transaction, once for each channel that wants it.

A message that is put and rolled back is not there; one that is put twice with the same key is there once. So whoever
tells of something exactly once in SQL is heard exactly once by each channel's queue.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.deliveries.kinds import wants
from engine.ids import new_id
from engine.outbox.letter import Letter, put
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.deliveries import channels, deliveries, subscriptions

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
_counter = itertools.count(int.from_bytes(os.urandom(2), "big"))


async def enqueue(
    connection: AsyncConnection,
    at: int,
    *,
    network: str | None,
    kind: str,
    key: str,
    subject: str,
    payload: Mapping[str, Any],
    text: str = "",
    severity: str = "",
    stream: str = "",
    due: int | None = None,
    renews: bool = False,
    only: Collection[str] | None = None,
    to: Sequence[str] = (),
) -> int:
    """Have a message delivered once the caller's transaction is committed. Returns how many channels will get it.

    `network` is whose event it is, None the whole installation's. `subject` (one line) and `text` are for people, who
    get them by e-mail and chat; `payload` is what webhooks get as `data`. `at` and `due` in microseconds: when it
    happened, and before when it does not leave. Messages of one `stream` leave in the order in which they were put, to
    each channel. The same `key` goes to a channel once; with `renews` it takes the place of what has not left yet.

    It goes to the channels that subscribe to it, or to `only` these (ids), subscribed or not. `to` are people's e-mail
    addresses: they get `subject` and `text` as a letter by the outbox besides, once for each key.
    """
    ids = await _channels_for(connection, network, kind, severity, only)
    line = " ".join(subject.split())
    row = {
        "key": key,
        "network": network,
        "kind": kind,
        "severity": severity,
        "subject": line,
        "body": text,
        "payload": dict(payload),
        "stream": stream,
        "created": at,
        "due": at if due is None else due,
    }
    if ids:
        statement = upsert(connection.dialect.name, deliveries)
        unique = [deliveries.c.channel, deliveries.c.key]
        if renews:
            fresh = {name: statement.excluded[name] for name in ("subject", "body", "payload", "severity", "created")}
            not_left = (deliveries.c.state == WAITING) & (deliveries.c.attempts == 0) & (deliveries.c.lease == "")
            statement = statement.on_conflict_do_update(index_elements=unique, set_=fresh, where=not_left)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=unique)
        await connection.execute(statement, [row | {"id": message_id(at), "channel": channel} for channel in ids])
    for address in dict.fromkeys(to):
        letter = Letter(address, kind.replace(".", "_"), line, text, network=network, key=f"{key}:{address}")
        await put(connection, at, letter)
    return len(ids)


async def withdraw(connection: AsyncConnection, stream: str, kind: str) -> None:
    """Take back the messages of one kind in a stream that have not left: what comes now says it all."""
    await connection.execute(
        delete(deliveries).where(
            deliveries.c.channel.in_(select(channels.c.id)),
            deliveries.c.stream == stream,
            deliveries.c.kind == kind,
            deliveries.c.state == WAITING,
            deliveries.c.attempts == 0,
            deliveries.c.lease == "",
        )
    )


def message_id(at: int) -> str:
    """A fresh, unguessable id that is greater than those of earlier messages of this process; `at` in microseconds."""
    return f"msg_{max(at, 0):014x}{next(_counter) & 0xFFFFF:05x}{new_id()[:13]}"


async def _channels_for(
    connection: AsyncConnection, network: str | None, kind: str, severity: str, only: Collection[str] | None
) -> list[str]:
    """Of the channels that are enabled, those that want it; never another network's."""
    own = or_(channels.c.network.is_(None), channels.c.network == network)
    if only is not None:
        query = select(channels.c.id).where(channels.c.id.in_(sorted(only)), channels.c.enabled, own)
        return list((await connection.execute(query.order_by(channels.c.id))).scalars())
    columns = (subscriptions.c.channel, subscriptions.c.kinds, subscriptions.c.severity)
    narrowed = or_(subscriptions.c.network.is_(None), subscriptions.c.network == network)
    query = select(*columns).join(channels, channels.c.id == subscriptions.c.channel)
    rows = await connection.execute(query.where(channels.c.enabled, own, narrowed))
    return sorted({row.channel for row in rows if wants(row.kinds, row.severity, kind, severity)})
