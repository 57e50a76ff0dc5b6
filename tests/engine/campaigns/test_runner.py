"""The runner over both stores: pace, absence, failures, and a kill at any place without asking anybody twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.campaigns.course import Plan
from engine.campaigns.memory import MemoryCampaigns
from engine.campaigns.port import Campaign, CampaignStore, Wanted
from engine.campaigns.runner import CampaignRunner
from engine.charging.operations import Operation, Reset
from engine.clock import SECOND, ManualClock
from engine.errors import Conflict, InvalidInput, StoreUnavailable
from engine.stores.campaigns import Campaigns
from engine.stores.installation_key import InstallationKey
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import connect
from tests.books import fresh_books, url_of
from tests.engine.stores.doors import Noted

NAMES = [f"CP-{number}" for number in range(5)]


@dataclass
class Ended:
    outcome: str
    error_code: str = ""
    error_description: str = ""


@dataclass
class Stations:
    """Stations that remember commands by their id, as actors do: the same id again is told its end, not sent again."""

    offline: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    away: Exception | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    async def states(self, charge_points: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return {name: {"link": "offline" if name in self.offline else "connected"} for name in charge_points}

    async def operate(self, charge_point: str, operation: Operation, *, command_id: str, **_: Any) -> Ended:
        if self.away is not None:
            raise self.away
        if command_id not in self.known:
            if charge_point in self.offline:
                return Ended("NotConnected")
            answer = self.answers.get(charge_point, "Accepted")
            if answer == "cannot":
                raise InvalidInput("It cannot.", field="evse", remedy="Leave it out.")
            self.known[command_id] = answer
            self.sent.append((charge_point, command_id))
        await self.gate.wait()
        return Ended(self.known[command_id])


def campaign(clock: ManualClock, **changes: Any) -> Campaign:
    plan = Plan(**({"per_minute": 60_000, "at_once": 10} | changes))
    return Campaign("k1", "night", Reset(), plan, 30.0, "running", "", "me", clock.now(), None, 0, {})


@pytest_asyncio.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CampaignStore]:
    if request.param == "memory":
        yield MemoryCampaigns(dict.fromkeys(NAMES, ("V", "M", "1")))
        return
    url = url_of(fresh_books())
    database = connect(url)
    registry = Registry(database, Noted(), InstallationKey.load(tmp_path))
    await registry.create_many([NewChargePoint(name) for name in NAMES])
    yield Campaigns(database)
    await database.aclose()


class Night:
    """A campaign under way."""

    def __init__(self, store: CampaignStore) -> None:
        self.store, self.stations, self.clock = store, Stations(), ManualClock()
        self.task: asyncio.Task[None] | None = None

    async def begin(self, **plan: Any) -> None:
        await self.store.create(campaign(self.clock, **plan), await self.store.candidates(Wanted()))
        self.go_on()

    def go_on(self) -> None:
        runner = CampaignRunner(self.store, self.stations, clock=self.clock, look_every_s=0.005, again_after=SECOND)
        self.task = asyncio.create_task(runner.run(asyncio.Event()))

    async def kill(self) -> None:
        """End the runner as a SIGKILL does: nothing is finished, nothing is written any more."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Let time pass, in the campaign's clock too, until something is true."""
        for _ in range(2000):
            if await condition():
                return
            self.clock.advance(0.05)
            await asyncio.sleep(0.005)
        pytest.fail(f"not {what}: {await targets(self.store)}")

    async def until_state(self, state: str) -> Campaign:
        async def reached() -> bool:
            return (await self.store.get("k1")).state == state

        await self.until(reached, state)
        return await self.store.get("k1")

    async def until_asked(self, count: int) -> None:
        async def reached() -> bool:
            return len(self.stations.sent) >= count

        await self.until(reached, f"{count} asked")


@pytest_asyncio.fixture
async def night(store: CampaignStore) -> AsyncIterator[Night]:
    night = Night(store)
    yield night
    await night.kill()


async def targets(store: CampaignStore) -> dict[str, str]:
    return {t.charge_point: t.outcome or t.state for t in await store.targets("k1", state=None, after="", limit=99)}


async def test_every_target_is_asked_once_and_the_campaign_ends(night: Night) -> None:
    night.stations.answers = {"CP-1": "Rejected", "CP-2": "cannot"}
    await night.begin()
    done = await night.until_state("done")
    assert done.ended is not None
    expected = dict.fromkeys(NAMES, "Accepted") | {"CP-1": "Rejected", "CP-2": "Refused"}
    assert await targets(night.store) == expected
    assert sorted(name for name, _ in night.stations.sent) == ["CP-0", "CP-1", "CP-3", "CP-4"]
    (refused,) = await night.store.targets("k1", state=None, after="CP-1", limit=1)
    assert refused.error == "It cannot. Leave it out."
    tally = await night.store.tally("k1")
    assert (tally.succeeded, tally.failed, tally.waiting, tally.asked) == (3, 2, 0, 0)


async def test_no_more_than_the_plan_says_are_under_way(night: Night) -> None:
    night.stations.gate.clear()
    await night.begin(at_once=2)
    await night.until_asked(2)
    await asyncio.sleep(0.1)
    assert len(night.stations.sent) == 2
    night.stations.gate.set()
    await night.until_state("done")
    assert len(night.stations.sent) == 5


async def test_who_is_offline_is_left_out_without_a_deadline(night: Night) -> None:
    night.stations.offline = {"CP-3"}
    await night.begin()
    await night.until_state("done")
    assert (await targets(night.store))["CP-3"] == "NotConnected"
    assert (await night.store.tally("k1")).unreached == 1


async def test_who_is_offline_is_waited_for_until_the_deadline(night: Night) -> None:
    night.stations.offline = {"CP-3", "CP-4"}
    await night.begin(deadline=night.clock.now() + 30 * SECOND)
    await night.until_asked(3)
    night.stations.offline = {"CP-4"}
    await night.until_asked(4)
    await night.until_state("done")
    assert await targets(night.store) == dict.fromkeys(NAMES, "Accepted") | {"CP-4": "Expired"}
    assert len(night.stations.sent) == 4


async def test_it_stops_itself_and_goes_on_when_an_operator_says_so(night: Night) -> None:
    night.stations.answers = dict.fromkeys(NAMES, "Rejected")
    await night.begin(stop_failures=2, at_once=1)
    stopped = await night.until_state("stopped")
    assert stopped.reason == "2 failures"
    assert len(night.stations.sent) == 2
    resumed = await night.store.wish("k1", "resume", night.clock.now())
    assert (resumed.state, resumed.forgiven) == ("running", 2)
    await night.until_state("stopped")
    assert len(night.stations.sent) == 4


async def test_a_pause_lets_finish_what_is_under_way_and_a_cancel_leaves_out_the_rest(night: Night) -> None:
    night.stations.gate.clear()
    await night.begin(at_once=1)
    await night.until_asked(1)
    await night.store.wish("k1", "pause", night.clock.now())
    night.stations.gate.set()

    async def answered() -> bool:
        return (await night.store.tally("k1")).succeeded == 1

    await night.until(answered, "answered")
    await asyncio.sleep(0.1)
    assert len(night.stations.sent) == 1
    cancelled = await night.store.wish("k1", "cancel", night.clock.now())
    assert cancelled.ended is not None
    tally = await night.store.tally("k1")
    assert (tally.succeeded, tally.skipped) == (1, 4)
    with pytest.raises(Conflict):
        await night.store.wish("k1", "resume", night.clock.now())


async def test_a_kill_while_targets_are_asked_asks_nobody_twice(night: Night) -> None:
    night.stations.gate.clear()
    await night.begin(at_once=3)
    await night.until_asked(3)
    await night.kill()
    night.go_on()
    await asyncio.sleep(0.1)
    assert len(night.stations.sent) == 3
    night.stations.gate.set()
    await night.until_state("done")
    assert sorted(name for name, _ in night.stations.sent) == NAMES


async def test_a_kill_between_claim_and_command_asks_under_the_claimed_id(night: Night) -> None:
    await night.store.create(campaign(night.clock), await night.store.candidates(Wanted()))
    (first, *_) = await night.store.due("k1", night.clock.now(), 9)
    assert await night.store.claim(first, "made-before", night.clock.now()) is not None
    assert await night.store.claim(first, "another", night.clock.now()) is None
    night.go_on()
    await night.until_state("done")
    assert ("CP-0", "made-before") in night.stations.sent
    assert len(night.stations.sent) == 5


@pytest.mark.parametrize("trouble", [StoreUnavailable("no host answers"), RuntimeError("nobody foresaw this")])
async def test_a_host_that_does_not_answer_is_asked_again_by_the_same_id(night: Night, trouble: Exception) -> None:
    night.stations.away = trouble
    await night.begin(at_once=5)

    async def claimed() -> bool:
        return (await night.store.tally("k1")).asked == 5

    await night.until(claimed, "claimed")
    claimed_ids = {t.command for t in await night.store.targets("k1", state=None, after="", limit=9)}
    night.stations.away = None
    await night.until_state("done")
    assert {command for _, command in night.stations.sent} == claimed_ids


@pytest.mark.parametrize("waits_s", [None, 600])
async def test_all_that_are_offline_take_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits_s: int | None
) -> None:
    clock, names = ManualClock(), [f"CP-{number:03}" for number in range(200)]
    url = url_of(fresh_books())
    database = connect(url)
    store = Campaigns(database)
    deadline = None if waits_s is None else clock.now() + waits_s * SECOND
    night = campaign(clock, deadline=deadline)
    await store.create(night, names)
    written = 0
    write = database.write

    def counted() -> Any:
        nonlocal written
        written += 1
        return write()

    monkeypatch.setattr(database, "write", counted)
    runner = CampaignRunner(store, Stations(offline=set(names)), clock=clock)
    await runner.advance(night)
    assert written == 1
    tally = await store.tally("k1")
    assert tally.waiting + tally.unreached == 200
    assert bool(tally.unreached) == (waits_s is None)
    await database.aclose()
