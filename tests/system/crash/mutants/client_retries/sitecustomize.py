"""Mutant: the Redis client repeats by itself what it got no answer to, and no commit number tells a repeat.

The retries alone do no harm here, since the script knows a commit by its number. So the mutant is the system without
this: a client that retries, and commits that rely on it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from engine.errors import JournalUnavailable
from engine.journal import redis_link

_load = redis_link.load_script
_exchange = redis_link.RedisLink._exchange
_NUMBERS = ("if last_number == number then", "if tonumber(number) ~= tonumber(last_number) + 1 then")


def _without_numbers(name: str) -> redis_link.Script:
    script = _load(name)
    if name != "commit":
        return script
    text = script.text
    for check in _NUMBERS:
        if check not in text:
            raise LookupError("The commit script knows repeats in other words now: mutate those.")
        text = text.replace(check, "if false then")
    return redis_link.Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


async def _again(self: redis_link.RedisLink, commands: Sequence[redis_link.Command], patience_s: float) -> list[Any]:
    for pause in (0.05, 0.1, 0.2, 0.4, 0.8):
        try:
            return await _exchange(self, commands, patience_s)
        except JournalUnavailable:
            await asyncio.sleep(pause)
    return await _exchange(self, commands, patience_s)


redis_link.load_script = _without_numbers
redis_link.RedisLink._exchange = _again  # type: ignore[method-assign]
