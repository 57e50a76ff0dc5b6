"""The guard tells of the installation, of certificates and of channels: once, and that it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import insert, update

from engine.access.scope import EVERYWHERE
from engine.alerts.guard import Guard, Process
from engine.clock import SECOND
from engine.errors import StoreUnavailable
from engine.projections.dead_letters import DeadLetter, DeadLetters
from engine.stores.sql.engine import Database
from engine.stores.sql.models import certificates, charge_points
from engine.stores.sql.tables.deliveries import channels
from tests.engine.alerts.world import World, world_of

DAY = 86_400


@dataclass
class Made:
    """An installation that is as the test says."""

    behind: dict[str, float | None] = field(default_factory=lambda: {"ledger": 0.0})
    full: float = 0.2
    made: list[Process] = field(default_factory=list)
    away: bool = False

    async def processes(self) -> Sequence[Process]:
        if self.away:
            raise StoreUnavailable("The supervisor does not answer.")
        return self.made

    async def lags(self) -> Mapping[str, float | None]:
        return self.behind

    async def fill(self) -> float:
        return self.full


@pytest.fixture
async def world(database: Database) -> World:
    return await world_of(database)


async def open_rules(world: World) -> list[str]:
    return sorted(each.rule for each in await world.all(state="open"))


async def test_a_consumer_that_is_behind_is_an_alert_until_it_has_caught_up(world: World) -> None:
    made = Made()
    guard = Guard(world.database, world.clock, made)
    await guard.look()
    made.behind = {"ledger": 90.0, "live": None}
    await guard.look()
    assert await world.all() == []
    await world.later(30)
    found = await world.all()
    assert sorted((each.rule, each.severity, each.name) for each in found) == [
        ("consumer_lag", "critical", "ledger"),
        ("consumer_lag", "critical", "live"),
    ]
    assert {each.network for each in found} == {None}
    await guard.look()
    assert len(await world.all()) == 2
    made.behind = {"ledger": 0.1, "live": 0.0}
    await guard.look()
    await world.later(60)
    assert await open_rules(world) == []


async def test_a_full_journal_and_a_restart_and_what_does_not_answer_says_nothing(world: World) -> None:
    made = Made(full=0.85, made=[Process("host-0", 1, world.clock.now()), Process("host-1", 0, 1)])
    guard = Guard(world.database, world.clock, made)
    await guard.look()
    assert await open_rules(world) == ["host_restart", "journal_full"]
    made.full, made.away = 0.3, True
    # Another guard, which has told of nothing yet.
    await Guard(world.database, world.clock, made).look()
    made.away = False
    await Guard(world.database, world.clock, made).look()
    await world.later(60)
    assert await open_rules(world) == ["host_restart"]
    assert len(await world.all(rule="host_restart")) == 1
    await world.later(900)
    assert await open_rules(world) == []
    await Guard(world.database, world.clock, made).look()
    assert await open_rules(world) == []
    made.made = [Process("host-0", 2, world.clock.now())]
    await guard.look()
    assert await open_rules(world) == ["host_restart"]


async def test_dead_letters_are_told_when_there_are_more(world: World) -> None:
    letters, guard = DeadLetters(world.database), Guard(world.database, world.clock, Made())
    await letters.add([DeadLetter("ledger", 0, 1, "e", 0, "{}", "KeyError", world.clock.now())])
    await guard.look()
    await guard.look()
    assert (await world.only()).title == "ledger: 1 rows refused for their content"
    world.clock.advance(60)
    await letters.add([DeadLetter("ledger", 0, 2, "e", 0, "{}", "KeyError", world.clock.now())])
    await guard.look()
    assert ((await world.only()).count, (await world.only()).says["letters"]) == (2, 2)


async def test_a_certificate_that_ends_soon_is_an_alert_until_it_has_a_successor(world: World) -> None:
    now, guard = world.clock.now(), Guard(world.database, world.clock, Made())

    async def issue(serial: str, days: int) -> None:
        row = {"serial_number": serial, "issuer": "CN=Root", "charge_point": "CP-1", "kind": "V2G", "subject": "CN=1"}
        times = {"not_before": now, "not_after": now + days * DAY * SECOND, "created": now}
        async with world.database.write() as connection:
            await connection.execute(insert(certificates), row | times | {"pem": ""})

    await issue("a1", 20)
    await guard.look()
    assert await world.all() == []
    await world.rules.change("certificate_expiry", "default", {"thresholds": {"days": 30}}, EVERYWHERE)
    await guard.look()
    alert = await world.only()
    assert (alert.rule, alert.charge_point, alert.network) == ("certificate_expiry", "CP-1", "default")
    await issue("a2", 365)
    await guard.look()
    await world.later(60)
    assert await open_rules(world) == []


async def test_a_channel_that_takes_nothing_for_long_is_an_alert(world: World) -> None:
    now, guard = world.clock.now(), Guard(world.database, world.clock, Made())
    row = {"id": "c1", "network": "default", "kind": "webhook", "name": "Hook", "address": b"x", "shown": "x"}
    async with world.database.write() as connection:
        await connection.execute(
            insert(channels), row | {"failing_since": now, "error": "503", "created": 1, "updated": 1}
        )
    await guard.look()
    await world.later(3600)
    alert = await world.only()
    assert (alert.rule, alert.network, alert.title) == (
        "undelivered",
        "default",
        "c1: Hook takes nothing any more, 503",
    )
    async with world.database.write() as connection:
        await connection.execute(update(channels).values(failing_since=None))
    await guard.look()
    await world.later(60)
    assert await open_rules(world) == []


async def test_what_was_wrong_with_a_retired_charge_point_is_over(world: World) -> None:
    await world.said(world.faulted(), world.faulted("CP-2"))
    async with world.database.write() as connection:
        await connection.execute(
            update(charge_points).where(charge_points.c.id == "CP-1").values(commissioning="retired")
        )
    await Guard(world.database, world.clock, Made()).look()
    await world.later(60)
    assert [(each.charge_point, each.state) for each in await world.all(state="open")] == [("CP-2", "open")]
