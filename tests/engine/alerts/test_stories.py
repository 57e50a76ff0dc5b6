"""From what stations say to alerts in SQL: opened once, repeated, told, closed; on both databases."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from engine.access.acting import Actor, acting_as
from engine.access.scope import EVERYWHERE, Scope
from engine.alerts.alert import ACKNOWLEDGED, OPEN, RESOLVED
from engine.alerts.clerk import Clerk
from engine.alerts.windows import NewWindow
from engine.clock import SECOND
from engine.errors import Conflict, InvalidInput, NotFound
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_jobs
from tests.engine.alerts.world import World, world_of
from tests.engine.projections.events import T0, booted, changed, linked, started, status, stopped

OPS = Actor("user", "ops", "ops@example.org")


@pytest.fixture
async def world(database: Database) -> World:
    return await world_of(database)


async def test_a_fault_opens_one_alert_collects_repeats_and_closes_after_the_hysteresis(world: World) -> None:
    await world.said(world.faulted())
    alert = await world.only()
    assert (alert.rule, alert.severity, alert.state, alert.network) == ("faulted", "major", OPEN, "default")
    assert alert.title == "CP-1 connector 1/1: faulted, GroundFailure, vendor code E42"
    assert (alert.says["error"], alert.says["vendor_error"], alert.told) == ("GroundFailure", "E42", ("ops",))
    world.clock.advance(5)
    await world.said(world.faulted(), world.faulted(vendor_error="E43"))
    alert = await world.only()
    assert (alert.count, alert.last, alert.title[-3:]) == (3, world.clock.now(), "E43")
    await world.said(world.available())
    await world.later(59)
    assert (await world.only()).state == OPEN
    await world.later(1)
    alert = await world.only()
    assert (alert.state, alert.resolution, alert.resolved) == (RESOLVED, "condition", world.clock.now())
    assert await world.history(alert) == ["opened", "repeated", "resolved"]
    assert [subject[:20] for _, subject in await world.letters()] == ["[major] CP-1 connect", "[major] Resolved: CP"]


async def test_a_fault_of_what_was_said_to_be_well_before_ends_as_any_other(world: World) -> None:
    for faults in (1, 2):
        await world.said(world.available())
        await world.said(world.faulted())
        assert [each.state for each in await world.all()] == [RESOLVED] * (faults - 1) + [OPEN]
        await world.said(world.available())
        await world.later(60)
        assert [each.state for each in await world.all()] == [RESOLVED] * faults


async def test_another_fault_is_a_new_alert_that_names_the_one_before(world: World) -> None:
    await world.said(world.faulted())
    await world.said(world.available())
    await world.later(60)
    await world.said(world.faulted())
    first, second = await world.all()
    assert (second.previous, second.state, first.state) == (first.id, OPEN, RESOLVED)
    await world.said(world.faulted("CP-2"), world.faulted(connector=2))
    assert len(await world.all(state="open")) == 3


async def test_what_the_operator_took_out_of_service_is_no_alert(world: World) -> None:
    await world.said(status("Unavailable"), status("Reserved"), status("SuspendedEV"))
    await world.later(3600)
    assert await world.all() == []


async def test_offline_beyond_the_time_is_an_alert_and_coming_back_before_is_none(world: World) -> None:
    await world.said(linked("CP-1", "reconnecting"), linked("CP-2", "reconnecting"))
    await world.said(linked("CP-1", "offline"), linked("CP-2", "offline"))
    await world.later(599)
    assert await world.all() == []
    await world.said(linked("CP-2"))
    await world.later(1)
    alert = await world.only()
    assert (alert.rule, alert.charge_point, alert.opened) == ("offline", "CP-1", T0 + 600 * SECOND)
    await world.said(linked("CP-1"))
    await world.later(60)
    assert (await world.only()).state == RESOLVED


async def test_nobody_acknowledges_and_the_next_step_is_told_once(world: World) -> None:
    await world.said(world.faulted())
    await world.later(899)
    assert {to for to, _ in await world.letters()} == {"ops@example.org"}
    await world.later(1)
    await world.later(3600)
    assert [to for to, _ in await world.letters()] == ["boss@example.org", "ops@example.org"]
    assert await world.history(await world.only()) == ["opened", "escalated"]


async def test_two_clerks_at_once_open_and_escalate_once(world: World) -> None:
    another = Clerk(world.database, world.clock)
    await world.said(linked("CP-1", "reconnecting"), world.faulted("CP-2"))
    world.clock.advance(900)
    await asyncio.gather(*(each.work() for each in (world.clerk, another, world.clerk, another)))
    await world.work()
    histories = {each.rule: await world.history(each) for each in await world.all()}
    assert histories == {"offline": ["opened"], "faulted": ["opened", "escalated"]}
    assert len(await world.letters()) == 3


async def test_who_acknowledges_ends_the_escalation_and_a_second_time_is_no_news(world: World) -> None:
    await world.said(world.faulted())
    alert = await world.only()
    with acting_as(OPS):
        alert = await world.alerts.acknowledge(alert.id, EVERYWHERE, note="On my way")
        assert await world.alerts.acknowledge(alert.id, EVERYWHERE) == alert
        alert = await world.alerts.assign(alert.id, "ops", EVERYWHERE)
        await world.alerts.comment(alert.id, "Fuse", EVERYWHERE)
    await world.later(3600)
    assert "boss@example.org" not in {to for to, _ in await world.letters()}
    alert = await world.only()
    assert (alert.state, alert.acknowledged_by, alert.assignee) == (ACKNOWLEDGED, "ops", "ops")
    assert await world.history(alert) == ["opened", "acknowledged", "assigned", "commented"]
    with pytest.raises(NotFound):
        await world.alerts.assign(alert.id, "stranger", EVERYWHERE)


async def test_a_person_resolves_and_it_does_not_open_again_before_it_was_over(world: World) -> None:
    await world.said(world.faulted())
    with acting_as(OPS):
        alert = await world.alerts.resolve((await world.only()).id, EVERYWHERE, note="Known")
    assert (alert.resolution, alert.resolved_by) == ("person", "ops")
    await world.said(world.faulted())
    await world.later(600)
    assert len(await world.all()) == 1
    await world.said(world.available(), world.faulted())
    assert [each.state for each in await world.all()] == [RESOLVED, OPEN]
    with pytest.raises(Conflict):
        await world.alerts.acknowledge(alert.id, EVERYWHERE)
    with pytest.raises(NotFound):
        await world.alerts.get(alert.id, Scope(frozenset({"elsewhere"})))


async def test_within_a_maintenance_window_nothing_opens_until_its_end(world: World) -> None:
    now = world.clock.now()
    new = NewWindow(None, "", "CP-1", 1, 1, now, now + 3600 * SECOND, "New cable")
    window = await world.windows.create(new, EVERYWHERE)
    assert window.network == "default"
    await world.said(world.faulted(), world.faulted(connector=2))
    assert (await world.only()).connector == 2
    await world.later(3599)
    assert len(await world.all()) == 1
    await world.later(1)
    assert sorted(each.connector or 0 for each in await world.all()) == [1, 2]


async def test_a_window_that_is_taken_back_hides_nothing_any_more(world: World) -> None:
    now = world.clock.now()
    window = await world.windows.create(
        NewWindow("default", "", "", None, None, now, now + 9999 * SECOND, "x"), EVERYWHERE
    )
    await world.said(world.faulted())
    assert await world.all() == []
    await world.windows.delete(window.id, EVERYWHERE)
    await world.work()
    assert (await world.only()).state == OPEN
    with pytest.raises(InvalidInput) as refused:
        await world.windows.create(NewWindow(None, "", "", None, None, now, now, "x"), EVERYWHERE)
    assert refused.value.field == "ends_at"


async def test_a_rule_is_changed_for_one_network_turned_off_and_reset(world: World) -> None:
    rules = world.rules
    await rules.change("faulted", "default", {"severity": "critical", "clear_s": 5}, EVERYWHERE)
    await world.said(world.faulted())
    assert (await world.only()).severity == "critical"
    off = await rules.change("faulted", "default", {"enabled": False}, EVERYWHERE, version=1)
    await world.work()
    assert ((await world.only()).state, (await world.only()).resolution) == (RESOLVED, "rule")
    await world.said(world.faulted("CP-2"))
    assert len(await world.all()) == 1
    back = await rules.reset("faulted", "default", EVERYWHERE, version=off.version)
    assert (back.source, back.rule.severity) == ("default", "major")
    await world.work()
    assert sorted(each.charge_point for each in await world.all(state="open")) == ["CP-1", "CP-2"]


async def test_wrong_rules_are_refused_with_the_field_and_the_remedy(world: World) -> None:
    for changes, field in (
        ({"severity": "awful"}, "severity"),
        ({"hold_s": -1}, "hold_s"),
        ({"thresholds": {"connections": 0}}, "thresholds.connections"),
        ({"thresholds": {"moons": 1}}, "thresholds.moons"),
        ({"steps": [{"after_s": 5}]}, "steps.0.after_s"),
        ({"remind_s": 5}, "remind_s"),
        ({"steps": [{"after_s": 0, "roles": ["operators"]}]}, "steps.0.roles"),
        ({"steps": [{"after_s": 0, "users": ["stranger"]}]}, "steps.0.users"),
        ({"steps": [{"after_s": 0, "channels": ["pager"]}]}, "steps.0.channels"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await world.rules.change("flapping", "default", changes, EVERYWHERE)
        assert (refused.value.field, bool(refused.value.remedy)) == (field, True)
    with pytest.raises(NotFound):
        await world.rules.get("journal_full", "default", EVERYWHERE)


async def test_quiet_hours_hold_letters_back_and_sum_them_up_but_critical_ones_go_through(world: World) -> None:
    # Midnight in UTC: quiet until seven.
    await world.preferences.change("ops", {"quiet_from": 22 * 60, "quiet_to": 7 * 60}, EVERYWHERE)
    await world.rules.change("offline", "default", {"severity": "critical", "hold_s": 0}, EVERYWHERE)
    await world.said(world.faulted(), world.faulted("CP-2"), linked("CP-2", "reconnecting"))
    assert [subject for _, subject in await world.letters()] == ["[critical] CP-2: no connection"]
    with acting_as(OPS):
        for alert in await world.all(rule="faulted"):
            await world.alerts.resolve(alert.id, EVERYWHERE)
    await world.later(7 * 3600 - 1)
    assert "4 alerts while it was quiet" not in [subject for _, subject in await world.letters()]
    await world.later(1)
    await world.later(60)
    assert [subject for _, subject in await world.letters()].count("4 alerts while it was quiet") == 1


async def test_flapping_and_boot_loops_are_counted(world: World) -> None:
    for _ in range(6):
        await world.said(linked("CP-1"))
    for number in range(4):
        # Asked for by a command: no loop.
        await world.said(booted("CP-1", received=T0 + number), booted("CP-2", command="reset", received=T0 + number))
    assert sorted((each.rule, each.charge_point) for each in await world.all()) == [
        ("boot_loop", "CP-1"),
        ("flapping", "CP-1"),
    ]


async def test_a_session_without_energy_and_one_without_end(world: World) -> None:
    await world.said(started("s1"), started("s2", connector=2))
    for minute in range(1, 40):
        now = world.clock.advance(60)
        flows = changed("s2", connector=2, energy_wh=str(minute * 100), received=now, believed=now)
        stands = changed("s1", energy_wh="250.5", received=now, believed=now)
        await world.said(flows, stands)
        await world.work()
    (alert,) = await world.all()
    assert (alert.rule, alert.connector, alert.name) == ("no_energy", 1, "s1")
    await world.said(stopped("s1", received=world.clock.now(), doubts=()))
    await world.later(60)
    assert (await world.only()).state == RESOLVED
    await world.later(86_400)
    stuck = (await world.all(rule="session_stuck"))[0]
    assert (stuck.rule, stuck.name) == ("session_stuck", "s2")


async def test_what_is_unregistered_belongs_to_nobody_but_the_installation(world: World) -> None:
    await world.said(world.faulted("STRANGER"))
    alert = await world.only()
    assert (alert.network, alert.told, alert.job) == (None, (), "")


async def test_a_fault_brings_a_job_that_ends_with_it_whoever_closed_the_alert_before(world: World) -> None:
    await world.said(world.faulted(), world.faulted(connector=2))
    assert await jobs(world) == {1: "new", 2: "new"}
    assert all(each.job for each in await world.all())
    with acting_as(OPS):
        await world.alerts.resolve((await world.all())[0].id, EVERYWHERE)
    assert await jobs(world) == {1: "new", 2: "new"}, "the fault lasts"
    await world.said(world.available(), world.available(connector=2))
    await world.later(60)
    assert await jobs(world) == {1: "done", 2: "done"}


async def test_a_rule_that_is_turned_off_leaves_the_job(world: World) -> None:
    await world.said(world.faulted())
    await world.rules.change("faulted", "default", {"enabled": False}, EVERYWHERE)
    await world.work()
    assert ((await world.only()).state, await jobs(world)) == (RESOLVED, {1: "new"})


async def jobs(world: World) -> dict[int, str]:
    """The states of the maintenance jobs by connector."""
    async with world.database.read() as connection:
        rows = await connection.execute(select(maintenance_jobs.c.connector, maintenance_jobs.c.state))
        return {row.connector: row.state for row in rows}
