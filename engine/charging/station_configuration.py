"""The station's configuration as we last read it: GetConfiguration's answers and accepted ChangeConfigurations.

It is kept as the bytes of its snapshot part, since it is large and hardly ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from engine.charging.messages import Json
from engine.charging.secrecy import HIDDEN, SECRET_KEYS
from engine.charging.state import CONF, ChargePointState

MAX_KEYS = 1000


def learn(state: ChargePointState, action: str, payload: Mapping[str, Json], answer: Json) -> None:
    """Take over what an accepted command tells about the configuration. Secrets' values are hidden."""
    if action == "GetConfiguration" and isinstance(answer, Mapping):
        listed = answer.get("configurationKey")
        entries = listed if isinstance(listed, list) else []
        known = _loaded(state)
        for entry in entries:
            if isinstance(entry, Mapping) and isinstance(entry.get("key"), str):
                key = entry["key"]
                known[key] = [_shown(key, entry.get("value")), bool(entry.get("readonly"))]
        _store(state, known)
    elif action == "ChangeConfiguration" and isinstance(payload.get("key"), str):
        known = _loaded(state)
        key = payload["key"]
        known[key] = [_shown(key, payload.get("value")), False]
        _store(state, known)


def _shown(key: str, value: Any) -> str | None:
    if value is None:
        return None
    return HIDDEN if key.lower() in SECRET_KEYS else str(value)


def _loaded(state: ChargePointState) -> dict[str, list[Any]]:
    if not state.conf:
        return {}
    keys: dict[str, list[Any]] = orjson.loads(state.conf)["keys"]
    return keys


def _store(state: ChargePointState, known: dict[str, list[Any]]) -> None:
    kept = dict(list(known.items())[:MAX_KEYS])
    state.conf = orjson.dumps({"v": 1, "keys": kept})
    state.dirty.add(CONF)
