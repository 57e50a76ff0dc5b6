"""How long the supervisor lets a child be silent. Real children die in `tests/system`; here their silence is acted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ray.exceptions import ActorUnavailableError

from actors import supervisor
from actors.children import Child
from actors.supervisor import LONGEST_PATIENCE_S, START_PATIENCE_S, STUCK_AFTER_S, Supervisor, Watched

ALIVE = {"incarnation": "one", "pid": 0, "ready": True}


class Handle:
    """Answers a ping with what `told` is at that time; an exception is raised."""

    def __init__(self) -> None:
        self.told: Any = TimeoutError()
        self.ping = self

    async def remote(self) -> Any:
        if isinstance(self.told, BaseException):
            raise self.told
        return self.told


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    monkeypatch.setattr(supervisor.ray, "kill", lambda handle, no_restart: made.append(handle))
    return made


async def silent_for(seconds: float, watched: Watched) -> None:
    """One look after so much silence."""
    watched.answered = asyncio.get_running_loop().time() - seconds
    await Supervisor.__new__(Supervisor)._look_after(watched, asyncio.get_running_loop().time())


async def test_a_process_that_starts_is_given_time_and_each_next_one_more(kills: list[Any]) -> None:
    handle = Handle()
    watched = Watched(Child("host-0", "host", 0), handle)
    await silent_for(START_PATIENCE_S - 1, watched)
    assert kills == []
    for number, patience in enumerate((START_PATIENCE_S, 2 * START_PATIENCE_S, 4 * START_PATIENCE_S), 1):
        await silent_for(patience - 1, watched)
        assert len(kills) == number - 1
        await silent_for(patience + 1, watched)
        assert len(kills) == number
    watched.unheard = 100
    assert watched.patience_s == LONGEST_PATIENCE_S


async def test_one_that_has_answered_is_killed_after_ten_seconds_of_silence(kills: list[Any]) -> None:
    handle = Handle()
    watched = Watched(Child("host-0", "host", 0), handle, unheard=3)
    handle.told = ALIVE
    await silent_for(0, watched)
    assert (watched.starting, watched.unheard) == (False, 0)
    handle.told = TimeoutError()
    await silent_for(STUCK_AFTER_S - 1, watched)
    assert kills == []
    await silent_for(STUCK_AFTER_S + 1, watched)
    assert (kills, watched.starting) == ([handle], True)


async def test_one_that_ray_restarts_is_starting_and_one_that_is_stopped_is_not(kills: list[Any]) -> None:
    handle = Handle()
    watched = Watched(Child("host-0", "host", 0), handle, starting=False)
    handle.told = ActorUnavailableError("RpcError: keepalive watchdog timeout", b"0" * 16)
    await silent_for(STUCK_AFTER_S + 1, watched)
    assert kills == [handle]
    watched.starting = False
    handle.told = ActorUnavailableError("IOError: The actor is restarting.", b"0" * 16)
    await silent_for(STUCK_AFTER_S + 1, watched)
    assert (kills, watched.starting) == ([handle], True)
    await silent_for(STUCK_AFTER_S + 1, watched)
    assert kills == [handle]
