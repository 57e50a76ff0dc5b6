"""On whose behalf the running task changes something: set at the door, read where the audit log is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind`: user, api_key, driver, system, or anonymous on an open address.

    `address` is where the request came from, "" for the system itself. `label` is how people know the actor (an e-mail
    address, a key's name). It is empty for drivers, whose names may have to be forgotten.
    """

    kind: str
    id: str
    label: str = ""
    address: str = ""
    correlation: str = ""


SYSTEM = Actor("system", "system")
_acting: ContextVar[Actor] = ContextVar("acting", default=SYSTEM)


def acting() -> Actor:
    """Who acts in this task."""
    return _acting.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Within the block, `actor` is who acts."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)
