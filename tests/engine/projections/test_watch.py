"""Watching: each observer is told of each event once, and one that stumbles takes nothing else with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.charging.events import LinkChanged, StatusChanged
from engine.clock import ManualClock
from engine.errors import StaleEpoch
from engine.projections.dead_letters import DeadLetters
from engine.projections.positions import PASSED_OVER_ENTRIES, PASSED_OVER_S, read_positions
from engine.projections.watch import Watch
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log
from tests.engine.projections.events import T0, entry


def status(charge_point: str, word: str = "Faulted") -> StatusChanged:
    return StatusChanged(charge_point, 1, 1, word, "Available", "NoError", "", "", "", None, T0, T0)


def link(charge_point: str) -> LinkChanged:
    return LinkChanged(charge_point, T0, "connected", 1, "ocpp1.6", "", 0, "")


class Scribe:
    """Writes down what it is told; stumbles over charge point `stumbles_at`."""

    def __init__(self, name: str, stumbles_at: str = "") -> None:
        self.name, self._stumbles_at = name, stumbles_at
        self.kinds = frozenset({StatusChanged.kind})
        self.forgot = 0

    async def observe(self, connection: AsyncConnection, at: int, event: Mapping[str, Any], place: str) -> None:
        row = {"id": f"{self.name}-{place}", "at": at, "actor_kind": "observer", "actor": self.name, "action": "saw"}
        row |= {"kind": "charge_point", "subject": event["charge_point"]}
        await connection.execute(insert(audit_log).values(row))
        if event["charge_point"] == self._stumbles_at:
            raise ValueError("I cannot read this.")

    def forget(self) -> None:
        self.forgot += 1


async def seen(database: Database) -> list[tuple[str, str]]:
    async with database.read() as connection:
        rows = await connection.execute(
            select(audit_log.c.actor, audit_log.c.subject)
            .where(audit_log.c.actor_kind == "observer")
            .order_by(audit_log.c.subject, audit_log.c.actor)
        )
        return [(row.actor, row.subject) for row in rows]


async def watching(database: Database, *observers: Scribe, clock: ManualClock | None = None) -> Watch:
    watch = Watch(database, observers, clock or ManualClock(T0))
    await watch.open(1)
    return watch


async def test_each_observer_is_told_of_each_event_once_however_often_it_is_read(database: Database) -> None:
    one, other = Scribe("one"), Scribe("other")
    watch = await watching(database, one, other)
    await watch.apply([entry(1, [status("A"), link("A")]), entry(2, [status("B")])])
    assert watch.dead == 0
    everything = [("one", "A"), ("other", "A"), ("one", "B"), ("other", "B")]
    assert await seen(database) == everything
    paused = await watching(database, one, other)
    await watch.apply([entry(3, [link("A"), status("C")])])
    with pytest.raises(StaleEpoch):
        await paused.apply([entry(3, [status("D")])])
    assert await seen(database) == [*everything, ("one", "C"), ("other", "C")]
    assert (one.forgot, other.forgot) == (1, 1)


async def test_an_observer_that_stumbles_takes_neither_another_nor_another_event_with_it(database: Database) -> None:
    one, other = Scribe("one", stumbles_at="B"), Scribe("other")
    watch = await watching(database, one, other)
    await watch.apply([entry(1, [status("A"), status("B"), status("C")])])
    assert await seen(database) == [
        ("one", "A"),
        ("other", "A"),
        ("other", "B"),
        ("one", "C"),
        ("other", "C"),
    ]
    # Both for the whole batch that was given up, one for its event when each was watched by itself.
    assert (watch.dead, one.forgot, other.forgot) == (1, 2, 1)
    assert await DeadLetters(database).counts() == {"watch": 1}
    assert await read_positions(database, "watch") == {0: 1}


async def test_what_concerns_nobody_costs_no_transaction_but_is_not_read_for_ever(database: Database) -> None:
    clock = ManualClock(T0)
    watch = await watching(database, Scribe("one"), clock=clock)
    await watch.apply([entry(number, [link("A")]) for number in range(1, 11)])
    assert await read_positions(database, "watch") == {0: 0}
    clock.advance(PASSED_OVER_S)
    await watch.apply([entry(11, [link("A")])])
    assert await read_positions(database, "watch") == {0: 11}
    await watch.apply([entry(12, [link("A")])])
    await watch.apply([entry(13, [status("B")])])
    assert await read_positions(database, "watch") == {0: 13}
    await watch.apply([entry(14 + number, []) for number in range(PASSED_OVER_ENTRIES)])
    assert await read_positions(database, "watch") == {0: 13 + PASSED_OVER_ENTRIES}
    assert await (await watching(database)).open(1) == {0: 13 + PASSED_OVER_ENTRIES}
