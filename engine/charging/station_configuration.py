"""The station's configuration as we last read it: what it told when asked, and what it accepted when changed.

It is kept as the bytes of its snapshot part, since it is large and hardly ever looked at.
"""

from __future__ import annotations

from typing import Any

import orjson

from engine.charging.facts import ConfigurationLearned
from engine.charging.secrecy import HIDDEN, SECRET_KEYS
from engine.charging.state import CONF, ChargePointState

MAX_KEYS = 1000


def learn(state: ChargePointState, fact: ConfigurationLearned) -> None:
    """Take over what an answer told about the configuration. Secrets' values are hidden."""
    known = _loaded(state)
    for key, value, readonly in fact.settings:
        known[key] = [_shown(key, value), readonly]
    _store(state, known)


def _shown(key: str, value: str | None) -> str | None:
    if value is None:
        return None
    return HIDDEN if key.lower() in SECRET_KEYS else value


def _loaded(state: ChargePointState) -> dict[str, list[Any]]:
    if not state.conf:
        return {}
    keys: dict[str, list[Any]] = orjson.loads(state.conf)["keys"]
    return keys


def _store(state: ChargePointState, known: dict[str, list[Any]]) -> None:
    kept = dict(list(known.items())[:MAX_KEYS])
    state.conf = orjson.dumps({"v": 1, "keys": kept})
    state.dirty.add(CONF)
