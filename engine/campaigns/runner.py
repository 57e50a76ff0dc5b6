"""Carries campaigns out: asks targets at their pace and writes down how each one ended.

A target is never asked twice for the same thing. Its command's id is in the store before the command is sent; whoever
goes on after a kill asks by the same id, and the charge point's actor tells what became of it instead of sending again.
Only what was never sent (the station was not there) gets a new id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog

from engine.campaigns.course import DONE, REFUSED, STOPPED, UNREACHED, Ask, Expire, Finish, Stop, next_step
from engine.campaigns.links import Links, NoLinks
from engine.campaigns.port import Campaign, CampaignStore, Target
from engine.charging.operations import Operation
from engine.clock import SECOND, Clock, SystemClock
from engine.errors import InvalidInput, Unavailable
from engine.faults import reach
from engine.ids import new_id

log = structlog.get_logger("campaigns")
LOOK_EVERY_S = 0.5
LOOKED_AT = 500
"""Most targets whose connection is looked at in one go: some more than may be asked, as some will be offline."""

AGAIN_AFTER = 30 * SECOND
"""When a station that was offline is looked at again."""


class Outcome(Protocol):
    """How an operation ended."""

    @property
    def outcome(self) -> str: ...

    @property
    def error_code(self) -> str: ...

    @property
    def error_description(self) -> str: ...


class Fleet(Protocol):
    """The charge points."""

    async def states(self, charge_points: Sequence[str]) -> Mapping[str, Mapping[str, Any]]: ...

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> Outcome: ...


class CampaignRunner:
    """One at a time looks after all campaigns; a second one would find every target claimed already."""

    def __init__(
        self,
        store: CampaignStore,
        fleet: Fleet,
        links: Links | None = None,
        clock: Clock | None = None,
        *,
        look_every_s: float = LOOK_EVERY_S,
        again_after: int = AGAIN_AFTER,
    ) -> None:
        self._store, self._fleet = store, fleet
        self._links = links or NoLinks()
        self._clock = clock or SystemClock()
        self._look_every_s, self._again_after = look_every_s, again_after
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.trouble = ""

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop. Raises StoreUnavailable: whoever runs it starts it again."""
        for campaign, target in await self._store.asked():
            self._spawn(campaign, target, resumed=True)
        try:
            while not stopping.is_set():
                for campaign in await self._store.running():
                    await self.advance(campaign)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), timeout=self._look_every_s)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        self._asking.clear()

    async def advance(self, campaign: Campaign) -> None:
        """One look at a running campaign."""
        now = self._clock.now()
        tally = await self._store.tally(campaign.id)
        step = next_step(campaign.plan, tally, now)
        if isinstance(step, Ask):
            await self._ask_some(campaign, step.count, now)
        elif isinstance(step, Stop):
            log.warning("campaign_stopped", campaign=campaign.id, reason=step.reason)
            await self._store.close(campaign.id, STOPPED, step.reason, now)
        elif isinstance(step, Expire):
            await self._store.expire(campaign.id, now)
        elif isinstance(step, Finish):
            log.info("campaign_done", campaign=campaign.id, succeeded=tally.succeeded, failed=tally.failed)
            await self._store.close(campaign.id, DONE, "", now)

    async def _ask_some(self, campaign: Campaign, count: int, now: int) -> None:
        """Ask so many of those that are there; look at the others later, or leave them out."""
        due = await self._store.due(campaign.id, now, min(LOOKED_AT, 20 + 4 * count))
        states = await self._fleet.states([target.charge_point for target in due])
        there = [target for target in due if states.get(target.charge_point, {}).get("link") == "connected"]
        for target in there[:count]:
            reach("campaigns:before-claim")
            claimed = await self._store.claim(target, new_id(), now)
            reach("campaigns:after-claim")
            if claimed is not None:
                self._spawn(campaign, claimed, resumed=False)
        absent = [target.charge_point for target in due if target not in there]
        if absent:
            # At once: thousands may be offline, and each transaction is a write of the disk that the journal shares.
            deadline = campaign.plan.deadline
            until = None if deadline is None else min(now + self._again_after, deadline)
            await self._store.absent(campaign.id, absent, until, now)

    def _spawn(self, campaign: Campaign, target: Target, *, resumed: bool) -> None:
        key = (target.campaign, target.charge_point)
        if key in self._asking:
            return
        task = asyncio.create_task(self._ask(campaign, target, resumed))
        self._asking[key] = task
        task.add_done_callback(lambda _: self._asking.pop(key, None))

    async def _ask(self, campaign: Campaign, target: Target, resumed: bool) -> None:
        """Ask one target, for as long as it takes to learn how it ended."""
        pause = 0.2
        while True:
            try:
                known = await self._store.outcome_of(target.command) if resumed else ""
                outcome, error = (known, "") if known else await self._outcome(campaign, target)
                await self._links.ended(campaign, target, outcome)
                reach("campaigns:before-end")
                await self._ended(campaign, target, outcome, error)
                return
            except Unavailable as trouble:
                self.trouble = str(trouble)
                log.info("target_asked_again", campaign=campaign.id, charge_point=target.charge_point, why=str(trouble))
            except Exception as error:  # one target's trouble must not leave it asked for ever
                self.trouble = f"{type(error).__name__}: {error}"
                log.error("target_not_asked", campaign=campaign.id, charge_point=target.charge_point, exc_info=True)
            resumed = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, 10.0)

    async def _outcome(self, campaign: Campaign, target: Target) -> tuple[str, str]:
        try:
            ended = await self._fleet.operate(
                target.charge_point,
                await self._links.whole(campaign, target),
                timeout_s=campaign.timeout_s,
                wait=False,
                requested_by=f"campaign {campaign.id}",
                command_id=target.command,
            )
        except InvalidInput as refused:
            return REFUSED, " ".join(part for part in (refused.message, refused.remedy) if part)
        return ended.outcome, ": ".join(part for part in (ended.error_code, ended.error_description) if part)

    async def _ended(self, campaign: Campaign, target: Target, outcome: str, error: str) -> None:
        now = self._clock.now()
        deadline = campaign.plan.deadline
        if outcome in UNREACHED and deadline is not None and now < deadline:
            await self._store.postpone(target, min(now + self._again_after, deadline))
        else:
            await self._store.end(target, outcome, error[:500], now)
        self.trouble = ""
