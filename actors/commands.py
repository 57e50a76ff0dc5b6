"""Who waits for a command's end in this host. The truth about commands is the machine's; this only wakes waiters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from engine.charging.effects import CommandEnded
from engine.charging.events import CommandOutcome


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, in a form that crosses process borders."""

    command: str
    outcome: str
    payload: Any = None
    error_code: str = ""
    error_description: str = ""


class CommandWaiters:
    """Futures by command id."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[Ended]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, command: str, timeout_s: float) -> Ended:
        """Wait for the end; a host that does not hear of it in time says TimedOut (the record may still be written)."""
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(command, []).append(future)
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return Ended(command, CommandOutcome.TIMED_OUT)
        finally:
            left = [f for f in self._waiting.get(command, []) if f is not future]
            if left:
                self._waiting[command] = left
            else:
                self._waiting.pop(command, None)

    def ended(self, effect: CommandEnded) -> None:
        """Wake everybody who waits for this command."""
        payload = effect.payload
        error = payload if effect.outcome == CommandOutcome.FAILED and isinstance(payload, dict) else {}
        told = Ended(
            effect.command,
            effect.outcome,
            None if error else payload,
            str(error.get("code", "")),
            str(error.get("description", "")),
        )
        for future in self._waiting.pop(effect.command, []):
            if not future.done():
                future.set_result(told)
