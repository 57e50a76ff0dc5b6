"""Waiting for something to become true, instead of for a time to pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any


async def eventually(ask: Callable[[], Any], what: str, *, within_s: float = 20.0, every_s: float = 0.1) -> Any:
    """The first true answer of `ask`, which runs in a thread. Raises AssertionError with the last one."""
    deadline = time.monotonic() + within_s
    while True:
        answer = await asyncio.to_thread(ask)
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not {what} within {within_s:.0f} s: {answer!r}"
        await asyncio.sleep(every_s)
