"""Group commit for one host: gathers what its actors enqueue and commits it, one flight at a time.

    actor ── enqueue(activation, records, done) ──► dirty list of its partition
                                                        │ next flight: all that arrived while the last one was away
    callbacks ◄── after the fsync ── journal.commit ◄───┘

An activation's records, snapshot parts and callbacks stay together: one `Write` a flight. A flight whose fate is
unknown is repeated with the same number and the same bytes until the journal answers. No Future is made for a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from engine.errors import JournalUnavailable
from engine.faults import reach
from engine.journal.activation import Activation, Callback, Landing
from engine.journal.commit_metrics import CommitMetrics
from engine.journal.port import Committed, Journal, Record, Write

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Flight:
    """`riders` are the activations with the callbacks that this flight covers."""

    numbered: dict[int, tuple[int, list[Write]]]
    riders: dict[int, list[tuple[Activation, list[Callback]]]]
    messages: int
    records: int
    bytes: int


class Committer:
    """The one writer of a host. `incarnation` must be fresh for every life of the host.

    `backlog_bytes` counts what is enqueued or in flight. Above `backlog_limit` droppable records are thrown away, and
    `overfull` asks the host to stop reading from its sockets. `on_available(bool)` tells when the journal goes away and
    comes back; `on_lost(error)` that this incarnation can never commit again (the host must start anew).
    """

    def __init__(
        self,
        journal: Journal,
        incarnation: str,
        *,
        flight_messages: int = 500,
        flight_bytes: int = 2_000_000,
        backlog_limit: int = 128_000_000,
        on_available: Callable[[bool], None] | None = None,
        on_lost: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.incarnation = incarnation
        self.available = True
        self.lost: BaseException | None = None
        self.metrics = CommitMetrics()
        self.backlog_bytes = 0
        self.backlog_limit = backlog_limit
        self._journal = journal
        self._flight_messages = flight_messages
        self._flight_bytes = flight_bytes
        self._on_available = on_available
        self._on_lost = on_lost
        self._numbers = [0] * journal.partitions
        self._dirty: list[list[Activation]] = [[] for _ in range(journal.partitions)]
        self._droppable: list[Activation] = []
        self._task: asyncio.Task[None] | None = None
        self._scheduled = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def overfull(self) -> bool:
        return self.backlog_bytes > self.backlog_limit

    # --- what actors call ------------------------------------------------------------------------------------------

    def enqueue(
        self,
        activation: Activation,
        records: list[Record],
        done: Callback | None = None,
        *,
        forget: Sequence[str] = (),
    ) -> None:
        """Commit these with the next flight, and call `done` when they are on disk (with nothing to write: when all
        that the activation enqueued before is). On a stale activation this does nothing: `done` is never called.
        """
        if activation.stale or self.lost is not None:
            return
        size = 0
        for record in records:
            size += len(record[1])
        activation.records += records
        activation.bytes += size
        self.backlog_bytes += size
        if done is not None:
            activation.callbacks.append(done)
        if forget:
            activation.forget += forget
        if not activation.queued:
            self._queue(activation)

    def enqueue_droppable(self, activation: Activation, records: Sequence[Record]) -> None:
        """Commit these when there is room for them: the message log of frames that are answered at once."""
        if activation.stale or self.lost is not None:
            return
        size = sum(len(record.data) for record in records)
        if self.backlog_bytes + size > self.backlog_limit:
            self._drop_droppable()
            if self.backlog_bytes + size > self.backlog_limit:
                self.metrics.droppable_dropped += len(records)
                return
        if not activation.droppable:
            self._droppable.append(activation)
        activation.droppable += records
        activation.droppable_bytes += size
        self.backlog_bytes += size
        if not activation.queued:
            self._queue(activation)

    def discard(self, activation: Activation) -> None:
        """Drop what is not in flight yet, the callbacks too (the actor failed). What is in flight is finished."""
        self.backlog_bytes -= activation.bytes + activation.droppable_bytes
        activation.unload()
        activation.pending = {}
        if activation.queued:
            activation.queued = False
            self._dirty[activation.partition].remove(activation)

    async def flush(self) -> None:
        """Return when all that was enqueued is on disk. Waits as long as the journal is away.

        Raises what this committer was lost by, and JournalUnavailable when it was closed before.
        """
        await self._idle.wait()
        if self.lost is not None:
            raise self.lost
        if self.backlog_bytes or any(self._dirty):
            raise JournalUnavailable("The committer was closed before all was committed.")

    async def aclose(self) -> None:
        """Stop; what is not committed yet is left unacknowledged (its fate in the journal may be unknown)."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    # --- the flights -----------------------------------------------------------------------------------------------

    def _queue(self, activation: Activation) -> None:
        activation.queued = True
        self._dirty[activation.partition].append(activation)
        if not self._scheduled and self._task is None:
            # Not at once: what else is read in this turn of the loop shall come along.
            self._scheduled = True
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._launch)

    def _launch(self) -> None:
        self._scheduled = False
        self._task = asyncio.get_running_loop().create_task(self._fly())

    async def _fly(self) -> None:
        try:
            while (flight := self._take()) is not None:
                reach("host:before-commit")
                done = await self._commit(flight)
                reach("host:after-commit")
                self._land(flight, done)
                # One turn of the loop, so that the frames which came in meanwhile share the next flight.
                await asyncio.sleep(0)
        except Exception as error:
            # The journal does not know our numbers, or refuses what we send: no repeat would help.
            logger.exception("committer_lost", incarnation=self.incarnation)
            self._give_up(error)
        finally:
            self._task = None
            self._idle.set()

    def _take(self) -> _Flight | None:
        """Move what is dirty into a flight, at most so many messages and bytes a partition."""
        flight = _Flight({}, {}, 0, 0, 0)
        for partition, dirty in enumerate(self._dirty):
            if dirty:
                self._board(flight, partition, dirty)
        if not flight.numbered:
            return None
        self._droppable = [activation for activation in self._droppable if activation.droppable]
        return flight

    def _board(self, flight: _Flight, partition: int, dirty: list[Activation]) -> None:
        writes: list[Write] = []
        riders: list[tuple[Activation, list[Callback]]] = []
        broken: list[Activation] = []
        messages = size = taken = 0
        for activation in dirty:
            if messages >= self._flight_messages or size >= self._flight_bytes:
                break
            taken += 1
            activation.queued = False
            try:
                parts = activation.take_parts()
            except Exception:
                logger.exception("snapshot_failed", charge_point=activation.charge_point)
                broken.append(activation)
                continue
            messages += len(activation.callbacks) or 1
            size += activation.bytes + activation.droppable_bytes
            records, callbacks, forget = activation.unload()
            writes.append(Write(activation.charge_point, activation.epoch, records, parts, forget))
            riders.append((activation, callbacks))
            flight.records += len(records)
        del dirty[:taken]
        for activation in broken:
            self._refuse(activation)
        if not writes:
            return
        self._numbers[partition] += 1
        flight.numbered[partition] = (self._numbers[partition], writes)
        flight.riders[partition] = riders
        flight.messages += messages
        flight.bytes += size

    async def _commit(self, flight: _Flight) -> Mapping[int, Committed]:
        """Commit, again and again with the same numbers while the journal is away."""
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE_S
        while True:
            started = clock()
            try:
                done = await self._journal.commit(self.incarnation, flight.numbered)
            except JournalUnavailable as error:
                self.metrics.retries += 1
                if self.available:
                    logger.warning("journal_away", error=str(error), backlog_bytes=self.backlog_bytes)
                    self._tell_available(False)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            self.metrics.count_flight(flight.messages, clock() - started)
            if not self.available:
                logger.info("journal_back", backlog_bytes=self.backlog_bytes)
                self._tell_available(True)
            return done

    def _land(self, flight: _Flight, done: Mapping[int, Committed]) -> None:
        metrics = self.metrics
        metrics.commits += len(flight.numbered)
        metrics.records += flight.records
        self.backlog_bytes -= flight.bytes
        for partition, riders in flight.riders.items():
            committed = done[partition]
            metrics.repeats_dropped += committed.dropped
            refused = committed.refused
            for activation, callbacks in riders:
                if refused and activation.charge_point in refused:
                    self._refuse(activation)
                    continue
                self._call_all(callbacks)
            reach("host:amid-answers")

    def _refuse(self, activation: Activation) -> None:
        self.metrics.refused += 1
        if activation.stale:
            return
        activation.stale = True
        self.discard(activation)
        self._call(activation.on_stale)

    def _call_all(self, callbacks: list[Callback]) -> None:
        """Call each; one that fails must not keep the others from theirs."""
        for callback in callbacks:
            try:
                if isinstance(callback, Landing):
                    callback.landed()
                else:
                    callback()
            except Exception:
                self.metrics.callback_errors += 1
                logger.exception("commit_callback_failed")

    def _call(self, callback: Callable[..., None] | None, *args: object) -> None:
        """Call one, if there is one, as in `_call_all`."""
        if callback is None:
            return
        try:
            callback(*args)
        except Exception:
            self.metrics.callback_errors += 1
            logger.exception("commit_callback_failed")

    def _drop_droppable(self) -> None:
        for activation in self._droppable:
            self.metrics.droppable_dropped += len(activation.droppable)
            self.backlog_bytes -= activation.droppable_bytes
            activation.droppable, activation.droppable_bytes = [], 0
        self._droppable = []

    def heard(self, available: bool) -> None:
        """Somebody else of this host has asked the journal: with nothing to commit, this is how we come to know.

        A flight under way knows better that the journal is back: it is, when that flight has landed.
        """
        if available != self.available and not (available and self._task is not None):
            self._tell_available(available)

    def _tell_available(self, available: bool) -> None:
        self.available = available
        self._call(self._on_available, available)

    def _give_up(self, error: Exception) -> None:
        self.lost = error
        for dirty in self._dirty:
            for activation in list(dirty):
                self.discard(activation)
        self._call(self._on_lost, error)
