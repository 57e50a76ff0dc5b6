"""Mutant: a host answers as soon as a message is enqueued, not after the commit."""

from __future__ import annotations

from typing import Any

from engine.journal.activation import Activation, Callback, Landing
from engine.journal.committer import Committer
from engine.journal.port import Record

_enqueue = Committer.enqueue


def _answer_first(
    self: Committer, activation: Activation, records: list[Record], done: Callback | None = None, **more: Any
) -> None:
    if isinstance(done, Landing):
        done.landed()
    elif done is not None:
        done()
    _enqueue(self, activation, records, **more)


Committer.enqueue = _answer_first  # type: ignore[method-assign]
