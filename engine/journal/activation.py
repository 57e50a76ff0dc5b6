"""One actor's side of the committer: what it has enqueued, and who waits for it to be on disk."""

from __future__ import annotations

from collections.abc import Callable

from engine.journal.port import Record


class Landing:
    """What waits for its commit as an object of its own: `landed` is called where a callback would be.

    The answer to every message is one. A function object with what it has to know would be two more for each.
    """

    __slots__ = ()

    def landed(self) -> None:
        """All that was enqueued with this is on disk."""
        raise NotImplementedError


Callback = Callable[[], None] | Landing
PartsProvider = Callable[[], dict[str, bytes | None]]


class Activation:
    """One actor's side of the committer.

    `pending` are snapshot parts that go with the next flight (None deletes one): an actor that encodes them right after
    its step finds its state still in the processor's cache. Or `parts` gives those that changed since it was last
    asked, once a flight, when the flight leaves. `on_stale` is told when the journal refuses the epoch, or `parts`
    fails: nothing of this activation will be committed any more.
    """

    __slots__ = (
        "bytes",
        "callbacks",
        "charge_point",
        "droppable",
        "droppable_bytes",
        "epoch",
        "forget",
        "on_stale",
        "partition",
        "parts",
        "pending",
        "queued",
        "records",
        "stale",
    )

    def __init__(
        self,
        charge_point: str,
        partition: int,
        epoch: int,
        *,
        parts: PartsProvider | None = None,
        on_stale: Callable[[], None] | None = None,
    ) -> None:
        self.charge_point = charge_point
        self.partition = partition
        self.epoch = epoch
        self.parts = parts
        self.on_stale = on_stale
        self.stale = False
        self.queued = False
        self.records: list[Record] = []
        self.droppable: list[Record] = []
        self.callbacks: list[Callback] = []
        self.forget: list[str] = []
        self.pending: dict[str, bytes | None] = {}
        self.bytes = 0
        self.droppable_bytes = 0

    def take_parts(self) -> dict[str, bytes | None]:
        """Hand over the snapshot parts that are to be written."""
        parts, self.pending = self.pending, {}
        return parts if self.parts is None else parts | self.parts()

    def unload(self) -> tuple[list[Record], list[Callback], list[str]]:
        """Hand over all that waits, and begin anew."""
        records, callbacks, forget = self.records, self.callbacks, self.forget
        if self.droppable:
            records += self.droppable
            self.droppable = []
        self.records, self.callbacks = [], []
        if forget:
            self.forget = []
        self.bytes = self.droppable_bytes = 0
        return records, callbacks, forget
