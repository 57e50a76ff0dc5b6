"""What a charge point's machine tells a session's.

Meter values (`MetersReported`) and 2.x's events (`TransactionReported`) are handed on as they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.charging.messages import Instant, MeterReading, MetersReported, TransactionReported


@dataclass(frozen=True, slots=True)
class Opened:
    """The session's first message. `meter_start` in Wh, None when no Start told it; `command` the RemoteStart or "".

    `group` is the token's, "" where it has none or is not known.
    """

    evse: int
    connector: int
    transaction: str
    id_token: str
    authorisation: str
    meter_start: Decimal | None
    at: Instant
    command: str = ""
    doubts: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Commanded:
    """The remote start `command`, for this token, is what this session, which was open before, charges on."""

    command: str
    id_token: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ConnectorMoved:
    """The session's connector took on one of Charging, SuspendedEV, SuspendedEVSE, Finishing."""

    status: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Stopped:
    """The station said Stop. `readings` are its transactionData."""

    meter_stop: Decimal
    id_token: str
    reason: str
    at: Instant
    readings: tuple[MeterReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Superseded:
    """Another Start came on this session's connector, and no Stop before it."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Joined:
    """The Start has come after the Stop that named no transaction of ours. `meter_start` in Wh, `started` believed."""

    evse: int
    connector: int
    transaction: str
    id_token: str
    authorisation: str
    group: str
    meter_start: Decimal
    started: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """After the Stop: the session's connector is free since `at` (believed), or is taken for free with a `doubt`."""

    at: int
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class PriceDue:
    """A minute is over in which the session may have cost something though nothing was said about it."""


@dataclass(frozen=True, slots=True)
class Finalise:
    """The time in which late meter values are expected is over."""


SessionMessage = (
    Opened
    | Commanded
    | MetersReported
    | TransactionReported
    | ConnectorMoved
    | Stopped
    | Superseded
    | Joined
    | Released
    | PriceDue
    | Finalise
)
