"""The worker that takes messages to where they go: take in hand, send, mark.

waiting ── take ──► send ──► delivered
   ▲                  │ failed, a kill at any line: again after a while, under the same id
   └──────────────────┤
                      └─► dead: tried in vain for two days, or never to be taken; shown, and replayed on demand

Each message has a task of its own and each channel few of them: a slow receiver holds up nobody else. Marks that gather
while one is being written are written together; none waits for anything else.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping

import structlog

from engine.clock import SECOND, Clock
from engine.deliveries.desk import DeliveryDesk, Held, Tried, untried
from engine.deliveries.senders.port import Outcome, Sender
from engine.errors import StoreUnavailable
from engine.faults import reach

log = structlog.get_logger("deliveries")
POLL_S = 0.5
LEASE_S = 25.0
"""Longer than any send takes; what a killed worker had in hand is tried again after it."""
MARK_AGAIN_S = 0.5


class DeliveryWorker:
    """`senders`: kind of channel → who sends there."""

    def __init__(
        self, desk: DeliveryDesk, senders: Mapping[str, Sender], clock: Clock, *, lease_s: float = LEASE_S
    ) -> None:
        self._desk, self._senders, self._clock = desk, senders, clock
        self._lease_us = round(lease_s * SECOND)
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_hand: dict[str, str] = {}
        self._unmarked: list[Tried] = []
        self._marking = asyncio.Lock()
        self._ended = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver what is due until `stop` is set. Raises StoreUnavailable while SQL does not answer."""
        try:
            while not stop.is_set():
                self._ended.clear()
                if not await self.deliver_due():
                    await self._rest(stop)
        finally:
            # What is on its way is seen through, so that it need not be sent again.
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._lease_us / SECOND)
            for task in self._tasks:
                task.cancel()
            for sender in self._senders.values():
                await sender.aclose()

    async def deliver_due(self) -> int:
        """Begin to deliver what is due and there is room for; returns how much that was."""
        taken = await self._desk.take(self._lease_us, self._in_hand)
        for held in taken:
            self._in_hand[held.message.id] = held.channel
            task = asyncio.create_task(self._deliver(held))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(taken)

    async def settle(self) -> None:
        """Wait for all that is in hand."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until there may be something to do: a message has left its channel, or a moment has passed."""
        waiting = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._ended.wait())}
        try:
            await asyncio.wait(waiting, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _deliver(self, held: Held) -> None:
        try:
            reach("deliveries:held")
            began, start = self._clock.now(), time.monotonic()
            outcome = await self._sent(held)
            took = round((time.monotonic() - start) * 1000)
            reach("deliveries:sent-before-mark")
            # Spreads retries; nothing depends on its being unguessable.
            await self._mark(Tried(held, outcome, began, took, random.random()))
            said = {"message": held.message.id, "about": held.message.kind, "channel": held.channel}
            log.info(
                "delivered" if outcome.delivered else "delivery_failed",
                **said,
                attempt=held.message.attempt,
                status=outcome.status,
                error=outcome.error,
                ms=took,
            )
        finally:
            del self._in_hand[held.message.id]
            self._ended.set()

    async def _sent(self, held: Held) -> Outcome:
        if held.target is None:
            return untried(held)
        try:
            return await self._senders[held.target.kind].send(held.target, held.message)
        except Exception as error:
            # A sender's own fault: the message is tried again as after any failure, and the log has the rest.
            log.error("sender_failed", message=held.message.id, error=repr(error), exc_info=error)
            return Outcome(False, None, f"{type(error).__name__}: {error}"[:500])

    async def _mark(self, tried: Tried) -> None:
        """Have it written down, if need be for as long as a lease again: what is not marked goes out again."""
        self._unmarked.append(tried)
        until = self._clock.now() + self._lease_us
        while True:
            async with self._marking:
                if tried not in self._unmarked:
                    return
                batch = list(self._unmarked)
                try:
                    await self._desk.mark(batch)
                except StoreUnavailable as error:
                    log.warning("delivery_not_marked", message=tried.held.message.id, error=str(error))
                else:
                    self._unmarked = [each for each in self._unmarked if each not in batch]
                    return
            if self._clock.now() >= until:
                self._unmarked.remove(tried)
                return
            await asyncio.sleep(MARK_AGAIN_S)
