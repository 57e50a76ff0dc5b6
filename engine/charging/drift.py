"""Measure how far a station's clock is off, from the times it says.

A message's lag (received minus said) is the clock's error plus how long the message was under way or queued. The
smallest lag of a window is therefore the clock's error with the least delay; a backlog's large lags never win.
"""

from __future__ import annotations

from engine.charging.config import MachineConfig
from engine.charging.messages import Instant
from engine.charging.state import ChargePointState
from engine.clock import SECOND


def observe(state: ChargePointState, at: Instant, config: MachineConfig) -> None:
    """Take one message's time into account. `state.drift` is in microseconds, positive when the station is behind."""
    if at.said is None:
        return
    lag = at.received - at.believed
    least = state.drift_least
    if at.received >= state.drift_until or least is None:
        state.drift_until = at.received + int(config.drift_window_s * SECOND)
        state.drift_least = lag
        # The window that just closed stays in force until the new one has seen something better than a backlog.
        state.drift = lag if state.drift is None or least is None else min(lag, least)
    elif lag < least:
        state.drift_least = state.drift = lag
