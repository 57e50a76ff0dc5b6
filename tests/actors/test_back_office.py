"""The back office's workers are each started again alone, and what ailed one is told only as long as it does."""

from __future__ import annotations

import asyncio

from actors.back_office import keep_working


async def until(condition: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await condition.wait()


class Troubles(dict[str, str]):
    """Says when one was taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.cleared = asyncio.Event()

    def pop(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.cleared.set()
        return super().pop(key, default)


async def test_a_worker_that_failed_works_again_and_is_well_after_a_while() -> None:
    stopping, troubles = asyncio.Event(), Troubles()
    seen: list[dict[str, str]] = []

    async def worker(stop: asyncio.Event) -> None:
        seen.append(dict(troubles))
        if len(seen) == 1:
            raise ValueError("no letters today")
        await stop.wait()

    task = asyncio.create_task(keep_working("outbox", worker, stopping, troubles, pause_s=0.0, recovered_s=0.05))
    await until(troubles.cleared)
    assert seen == [{}, {"outbox": "outbox: no letters today"}]
    assert troubles == {}
    stopping.set()
    await asyncio.wait_for(task, 5)


async def test_a_worker_does_not_outlive_who_keeps_it() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def worker(_: asyncio.Event) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(keep_working("starts", worker, asyncio.Event(), {}))
    await until(began)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(ended)
