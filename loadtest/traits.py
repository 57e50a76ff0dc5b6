"""What a simulated station is like, and who watches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from loadtest.quirks import Quirk


class Observer(Protocol):
    """What is told while it happens, for statistics. Times in microseconds."""

    def answered(self, action: str, micros: int, error: str) -> None:
        """A CALL was answered; `error` is the CALLERROR's code or ""."""

    def unanswered(self, action: str) -> None:
        """A CALL timed out or its connection broke."""

    def noted(self, what: str) -> None:
        """Something happened: connected, disconnected, session started, session stopped, fault, command NAME …"""


class Unobserved:
    """Nobody watches."""

    def answered(self, action: str, micros: int, error: str) -> None:
        return

    def unanswered(self, action: str) -> None:
        return

    def noted(self, what: str) -> None:
        return


@dataclass(frozen=True, slots=True)
class Traits:
    """What a station is like. Durations in seconds.

    `meter_interval_s` may be below one for load; it holds until the CSMS configures MeterValueSampleInterval, as
    `retry_interval_s` does until TransactionMessageRetryInterval is set. `speed`: a car takes an hour's energy in
    1/speed hours. `resend_status`: whether a StatusNotification that got no answer is sent again. `soc`: meter values
    tell the state of charge, as a fifth sampled value. `stop_data`: StopTransaction carries one last reading.
    `version` is the subprotocol that the station offers and speaks. `start_at` is where a 2.x transaction starts and
    stops: PowerPathClosed (a card was accepted) or EVConnected (the cable is in).
    """

    version: str = "ocpp1.6"
    start_at: str = "PowerPathClosed"

    connectors: int = 1
    vendor: str = "Raycharge"
    model: str = "Simulated 11"
    firmware: str = "1.0.0"
    max_power_w: float = 11_000.0
    meter_interval_s: float = 60.0
    soc: bool = False
    stop_data: bool = False
    speed: float = 1.0
    call_timeout_s: float = 30.0
    timeouts_before_hangup: int = 3
    boot_retry_s: float = 10.0
    retry_interval_s: int = 10
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    reboot_s: float = 3.0
    backlog_limit: int = 20_000
    resend_status: bool = True
    quirks: frozenset[Quirk] = field(default_factory=frozenset)
