"""A customer whom a station forgets by our wish goes off its local authorization list as well (2.0.1, N10.FR.02)."""

from __future__ import annotations

import hashlib

from engine.charging.effects import Effect, Operate
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import CustomerForgotten
from engine.charging.operations import IdToken, ListedToken, SendLocalList
from engine.charging.state import ChargePointState
from engine.clock import SECOND

PATIENCE = 3600 * SECOND
"""How long the change of the list may wait for its turn."""


def forgotten(state: ChargePointState, fact: CustomerForgotten, command: str, now: int, effects: list[Effect]) -> None:
    """Take the token out of the list that the station has; which entries that has is the station's to know."""
    known = kept.load(state, kept.LOCAL_LIST)
    version = known.get("version") or 0
    if version <= 0 or known.get("entries") == 0:
        return
    change = SendLocalList(version + 1, (ListedToken(IdToken(fact.id_token, fact.kind), None),), full=False)
    own = hashlib.blake2b(f"{command}\x00local-list".encode(), digest_size=16).hexdigest()
    effects.append(Operate(own, change, now + PATIENCE))
