"""Limits of the gateway: what one connection may do, how fast handshakes are admitted, and who guesses passwords.

Addresses are never limited as such, because thousands of chargers share one carrier's NAT: only failed authentications
count against an address, and they only slow down those that still have something to prove.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from engine.settings import Settings

MAX_TRACKED_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may do. Sizes in bytes after decompression, rates in frames a second."""

    max_frame_bytes: int
    frames_per_s: float
    frames_burst: int
    max_unanswered: int = 64
    handshake_timeout_s: float = 15.0
    ping_interval_s: float = 30.0
    max_connections: int = 19_000

    @classmethod
    def of(cls, settings: Settings) -> ConnectionLimits:
        return cls(
            max_frame_bytes=settings.max_frame_bytes,
            frames_per_s=settings.frames_per_s,
            frames_burst=settings.frames_burst,
            ping_interval_s=settings.ping_interval_s,
        )


class Pace:
    """Spaces events evenly at `per_s`, allowing a burst of one second's worth. Times are loop seconds."""

    __slots__ = ("_burst", "_free_at", "_gap")

    def __init__(self, per_s: float) -> None:
        self._gap = 1.0 / per_s
        self._burst = 1.0
        self._free_at = 0.0

    def delay(self, now: float) -> float:
        """Take the next place and return how many seconds to wait for it (0.0: go on at once)."""
        self._free_at = max(self._free_at, now - self._burst) + self._gap
        return max(0.0, self._free_at - now)


class FailureLimit:
    """Counts failed authentications by address in a leaking bucket: `burst` at once, then one every `refill_s`."""

    __slots__ = ("_burst", "_by_address", "_refill_s")

    def __init__(self, burst: int = 30, refill_s: float = 2.0) -> None:
        self._burst = burst
        self._refill_s = refill_s
        self._by_address: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def failed(self, address: str, now: float) -> None:
        """Note one failure."""
        self._by_address[address] = (self._level(address, now) + 1.0, now)
        self._by_address.move_to_end(address)
        if len(self._by_address) > MAX_TRACKED_ADDRESSES:
            self._by_address.popitem(last=False)

    def retry_after(self, address: str, now: float) -> float:
        """Seconds until this address may try an unproven credential again; 0.0 when it may now."""
        return max(0.0, (self._level(address, now) + 1.0 - self._burst) * self._refill_s)

    def _level(self, address: str, now: float) -> float:
        level, at = self._by_address.get(address, (0.0, now))
        return max(0.0, level - (now - at) / self._refill_s)
