"""Mutant: a host answers as soon as a message is enqueued, not after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.journal.committer import Activation, Callback, Committer
from engine.journal.port import Record

_enqueue = Committer.enqueue


def _answer_first(
    self: Committer, activation: Activation, records: Sequence[Record], done: Callback | None = None, **more: Any
) -> None:
    if done is not None:
        done()
    _enqueue(self, activation, records, **more)


Committer.enqueue = _answer_first  # type: ignore[method-assign]
