"""What a station has to say and has not been answered yet: one CALL under way, two queues behind it.

`prompt` calls (boot, heartbeat, authorise) belong to the connection and die with it. `durable` ones (transactions,
meter values, status) wait for the next connection and leave in the order in which they were made, with their first
content.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Transaction:
    """A charging transaction as the station knows it. `number` is 1.6's, None until StartTransaction is answered."""

    connector: int
    id_tag: str
    number: int | None = None
    started: int = 0
    ended: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One CALL and its attempts. `said` is the timestamp inside; `transaction` lends its number when the call leaves;
    `opens` is the one that gets its number from the answer.

    `on_answer(payload, now)` gets the CALLRESULT's payload, or None when the call is given up.
    """

    action: str
    payload: dict[str, Any]
    durable: bool = False
    connector: int = 0
    said: str = ""
    samples: int = 0
    transaction: Transaction | None = None
    opens: Transaction | None = None
    repeat: bool = False
    on_answer: Callable[[dict[str, Any] | None, int], None] | None = None
    message_id: str = ""
    attempts: int = 0
    refusals: int = 0
    sent: int = 0
    detail: dict[str, object] = field(default_factory=dict)


class Outbox:
    """The two queues and the call under way."""

    __slots__ = ("durable", "prompt", "under_way")

    def __init__(self) -> None:
        self.prompt: list[Call] = []
        self.durable: deque[Call] = deque()
        self.under_way: Call | None = None

    def put(self, call: Call) -> None:
        (self.durable if call.durable else self.prompt).append(call)

    def put_back(self, call: Call) -> None:
        """To the front: nothing of the same queue may overtake it."""
        if call.durable:
            self.durable.appendleft(call)
        else:
            self.prompt.insert(0, call)

    def next(self, *, boot_only: bool, durable: bool) -> Call | None:
        """Take the call that should leave now and mark it as under way; None if none may.

        `boot_only`: not registered yet. `durable`: whether the durable queue may move (no retry pause is on).
        """
        if self.under_way is not None:
            return None
        call: Call | None = None
        if boot_only:
            call = next((waiting for waiting in self.prompt if waiting.action == "BootNotification"), None)
            if call is not None:
                self.prompt.remove(call)
        elif self.prompt:
            call = self.prompt.pop(0)
        elif self.durable and durable:
            call = self.durable.popleft()
        self.under_way = call
        return call

    def settle(self, message_id: object) -> Call | None:
        """The call under way, if this is its id: it is under way no more."""
        call = self.under_way
        if call is None or call.message_id != message_id:
            return None
        self.under_way = None
        return call

    def connection_lost(self) -> list[Call]:
        """Keep what is durable, in order; return the prompt calls, which are lost."""
        call, self.under_way = self.under_way, None
        lost, self.prompt = self.prompt, []
        if call is not None:
            if call.durable:
                self.durable.appendleft(call)
            else:
                lost.insert(0, call)
        return lost
