"""Who waits for a command's end in this host. The truth about commands is the machine's; this only wakes waiters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from engine.charging.effects import CommandEnded
from engine.charging.events import CommandOutcome
from engine.errors import NotFound


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, in a form that crosses process borders."""

    command: str
    outcome: str
    payload: Any = None
    error_code: str = ""
    error_description: str = ""
    action: str = ""
    """The OCPP action that it became."""


class CommandWaiters:
    """Futures by command id, each with the charge point that it is about."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[Ended]]] = {}
        self._charge_points: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, command: str, charge_point: str, timeout_s: float) -> Ended:
        """Wait for the end; a host that does not hear of it in time says TimedOut (the record may still be written).

        Raises NotFound when the charge point's actor leaves this host: whoever has it then is to be asked.
        """
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(command, []).append(future)
        self._charge_points[command] = charge_point
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
                self._charge_points.pop(command, None)

    def left(self, charge_point: str) -> None:
        """The charge point's actor has ended in this host: commands that wait go on elsewhere."""
        for command in [c for c, whose in self._charge_points.items() if whose == charge_point]:
            for future in self._waiting.get(command, ()):
                if not future.done():
                    future.set_exception(NotFound(f"{charge_point} is activated elsewhere."))

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
