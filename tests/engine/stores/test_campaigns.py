"""Campaigns in SQL, in each dialect: candidates, claims, counts, pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from engine.campaigns.course import Plan
from engine.campaigns.port import Campaign, Wanted
from engine.charging.operations import IdToken, StartCharging
from engine.errors import NotFound
from engine.stores.campaigns import Campaigns
from engine.stores.installation_key import InstallationKey
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database
from engine.stores.sql.models import campaigns, charge_points, command_consequences, commands
from tests.engine.stores.doors import Noted

AT = 1_767_225_600_000_000
CAMPAIGN = Campaign(
    "k1",
    "night",
    StartCharging(5, IdToken("TAG")),
    Plan(6.5, 3, 2, 0.25, AT + 9),
    30.0,
    "running",
    "",
    "me",
    AT,
    None,
    0,
    {"vendor": "V"},
)


async def store_with(database: Database, folder: Path, *names: str) -> Campaigns:
    registry = Registry(database, Noted(), InstallationKey.load(folder))
    await registry.create_many([NewChargePoint(name) for name in names])
    return Campaigns(database)


async def test_a_campaign_comes_back_as_it_was(database: Database, tmp_path: Path) -> None:
    store = await store_with(database, tmp_path, "A", "B")
    await store.create(CAMPAIGN, ["A", "B"])
    assert await store.get("k1") == CAMPAIGN
    assert await store.running() == [CAMPAIGN]
    for number in range(3):
        await store.create(replace(CAMPAIGN, id=f"k{number + 2}", created=AT + 5), ["A"])
    first = await store.page(after=None, limit=2)
    rest = await store.page(after=(first[-1].created, first[-1].id), limit=9)
    assert [row.id for row in await store.page(after=None, limit=9, ascending=True)] == [
        row.id for row in reversed([*first, *rest])
    ]
    assert await store.page(after=None, limit=9, state="paused", created_by="nobody") == []
    assert [row.id for row in [*first, *rest]] == ["k4", "k3", "k2", "k1"]
    with pytest.raises(NotFound):
        await store.get("nothing")
    async with database.write() as connection:
        newer = update(campaigns).where(campaigns.c.id == "k2")
        await connection.execute(newer.values(operation={"v": 99, "kind": "teleport", "fields": {}}))
    assert sorted(row.id for row in await store.running()) == ["k1", "k3", "k4"], "the others go on"


async def test_candidates_are_in_service_and_fit(database: Database, tmp_path: Path) -> None:
    store = await store_with(database, tmp_path, "A", "B", "C", "D")
    await Registry(database, Noted(), InstallationKey.load(tmp_path)).retire("D")
    async with database.write() as connection:
        for name, vendor, firmware in (("A", "Acme", "1"), ("B", "ACME", "2"), ("C", "Other", "1"), ("D", "Acme", "1")):
            statement = update(charge_points).where(charge_points.c.id == name)
            await connection.execute(statement.values(vendor=vendor, firmware=firmware))
    assert await store.candidates(Wanted()) == ["A", "B", "C"]
    assert await store.candidates(Wanted(vendor="acme")) == ["A", "B"]
    assert await store.candidates(Wanted(vendor="acme", firmware="2")) == ["B"]
    assert await store.candidates(Wanted(ids=("c", "D", "nothing"))) == ["C"]
    registry = Registry(database, Noted(), InstallationKey.load(tmp_path))
    await registry.change("A", {"tags": ["Fast", "north"]})
    await registry.change("B", {"tags": ["fast"]})
    assert await store.candidates(Wanted(tags=("FAST",), station="default", network="default")) == ["A", "B"]
    assert await store.candidates(Wanted(tags=("fast", "north"))) == ["A"]
    assert await store.candidates(Wanted(station="elsewhere")) == await store.candidates(Wanted(network="acme")) == []
    many = tuple(f"nothing-{number}" for number in range(40_000))
    assert await store.candidates(Wanted(ids=("B", *many, "a"))) == ["A", "B"]


async def test_a_target_is_claimed_once_and_only_while_the_campaign_runs(database: Database, tmp_path: Path) -> None:
    store = await store_with(database, tmp_path, "A", "B")
    await store.create(CAMPAIGN, ["A", "B"])
    first, second = await store.due("k1", AT, 9)
    claimed = await store.claim(first, "c1", AT)
    assert claimed is not None
    assert (claimed.command, claimed.attempts) == ("c1", 1)
    assert await store.claim(first, "c2", AT) is None
    assert [target for _, target in await store.asked()] == [claimed]
    await store.wish("k1", "pause", AT)
    assert await store.claim(second, "c3", AT) is None
    await store.postpone(claimed, AT + 7)
    assert [target.charge_point for target in await store.due("k1", AT + 6, 9)] == ["B"]
    assert [target.charge_point for target in await store.due("k1", AT + 7, 9)] == ["B", "A"]


async def test_a_job_that_failed_later_counts_as_a_failure(database: Database, tmp_path: Path) -> None:
    store = await store_with(database, tmp_path, "A", "B", "C")
    await store.create(CAMPAIGN, ["A", "B", "C"])
    for number, target in enumerate(await store.due("k1", AT, 9)):
        claimed = await store.claim(target, f"c{number}", AT + number)
        assert claimed is not None
        await store.end(claimed, "NotConnected" if number == 2 else "Accepted", "", AT)
    job = {"command": "c1", "kind": "job", "subject": "firmware", "charge_point": "B", "began": 1, "updated": 1}
    async with database.write() as connection:
        await connection.execute(insert(command_consequences), [job | {"state": "failed"}])
    tally = await store.tally("k1")
    assert (tally.succeeded, tally.failed, tally.unreached, tally.last_asked) == (1, 1, 1, AT + 2)


async def test_the_ledger_tells_how_a_command_ended(database: Database, tmp_path: Path) -> None:
    store = await store_with(database, tmp_path)
    row = {"charge_point": "A", "action": "Reset", "updated": 1}
    async with database.write() as connection:
        for name, state, outcome in (("sent", "sent", ""), ("ended", "ended", "TimedOut")):
            await connection.execute(insert(commands), [row | {"id": name, "state": state, "outcome": outcome}])
    assert [await store.outcome_of(name) for name in ("sent", "ended", "unheard")] == ["", "TimedOut", ""]
