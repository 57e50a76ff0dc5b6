"""Who waits for a command's end."""

from __future__ import annotations

import asyncio

import pytest

from actors.commands import CommandWaiters
from engine.charging.effects import CommandEnded
from engine.errors import NotFound
from tests.actors.world import turns


async def test_all_who_wait_for_a_command_are_told_and_nobody_else() -> None:
    waiters = CommandWaiters()
    asking = [asyncio.create_task(waiters.wait(name, "CP-1", 5.0)) for name in ("a", "a", "b")]
    await turns()
    waiters.ended(CommandEnded("a", "Accepted", {"status": "Accepted"}))
    told = await asyncio.gather(*asking[:2])
    assert [(each.outcome, each.payload, each.error_code) for each in told] == [
        ("Accepted", {"status": "Accepted"}, "")
    ] * 2
    assert not asking[2].done()
    waiters.ended(CommandEnded("b", "Failed", {"code": "InternalError", "description": "worn out"}))
    failed = await asking[2]
    assert (failed.error_code, failed.error_description, failed.payload) == ("InternalError", "worn out", None)
    assert len(waiters) == 0


async def test_who_waits_too_long_is_told_timed_out() -> None:
    waiters = CommandWaiters()
    assert (await waiters.wait("a", "CP-1", 0.01)).outcome == "TimedOut"
    waiters.ended(CommandEnded("a", "Accepted"))
    assert len(waiters) == 0


async def test_when_an_actor_leaves_its_waiters_are_sent_on() -> None:
    waiters = CommandWaiters()
    here, there = (asyncio.create_task(waiters.wait(name, name, 5.0)) for name in ("CP-1", "CP-2"))
    await turns()
    waiters.left("CP-1")
    with pytest.raises(NotFound):
        await here
    assert not there.done()
    waiters.ended(CommandEnded("CP-2", "Rejected"))
    assert (await there).outcome == "Rejected"
    assert len(waiters) == 0
