"""The facts that machines put into the journal: what happened, in the past tense, whole enough to be read alone.

Every event has a `kind` (its stored name) and a `version`; `engine/journal/upcast.py` lifts older versions. Field names
are stored as they stand here. Times are microseconds since the Unix epoch; energies are Wh as decimal text (exact).
Consumers identify a charge point by `charge_point`, which is on every event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.charging.kept.notice_events import NoticeEvent


@dataclass(frozen=True, slots=True)
class BootReported:
    """A BootNotification and our answer's `status`. `command` is the Reset that led here, or ""."""

    kind: ClassVar[str] = "boot"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    status: str
    vendor: str
    model: str
    serial: str
    firmware: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial: str
    reason: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """`link`: connected, reconnecting, offline or unknown. `remote` is the peer's address."""

    kind: ClassVar[str] = "link"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    link: str
    connection: int
    subprotocol: str
    remote: str
    close_code: int
    reason: str


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A StatusNotification, each one (also when it repeats the state: the station said it)."""

    kind: ClassVar[str] = "status"
    version: ClassVar[int] = 1
    charge_point: str
    evse: int
    connector: int
    status: str
    previous: str
    error: str
    info: str
    vendor: str
    vendor_error: str
    said: str | None
    believed: int
    received: int


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """`authorisation` is the token's standing at the start; `command` the RemoteStart that led here, or "".

    `tariff`, its `tariff_version` and `currency` are frozen from here on; "" and 0 where there is none (yet). `network`
    is whose charge point it is, "" where that is not known.
    """

    kind: ClassVar[str] = "session.started"
    version: ClassVar[int] = 2
    charge_point: str
    session: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    authorisation: str
    meter_start_wh: str | None
    said: str | None
    believed: int
    received: int
    command: str
    doubts: tuple[str, ...]
    network: str = ""
    tariff: str = ""
    tariff_version: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class SessionIdentified:
    """More became known of a session that is under way (2.x tells bit by bit). The fields replace SessionStarted's."""

    kind: ClassVar[str] = "session.identified"
    version: ClassVar[int] = 2
    charge_point: str
    session: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    authorisation: str
    meter_start_wh: str | None
    said: str | None
    believed: int
    received: int
    command: str
    doubts: tuple[str, ...]
    tariff: str = ""
    tariff_version: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """A session's state moved on (metered, suspended …), or its energy or cost did: these at most once a minute.

    `cost` is the price so far, taxes included, decimal text in `currency`; None where there is no price or it is not
    sure.
    """

    kind: ClassVar[str] = "session.changed"
    version: ClassVar[int] = 2
    charge_point: str
    session: str
    evse: int
    connector: int
    state: str
    energy_wh: str
    power_w: str | None
    believed: int
    received: int
    cost: str | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """The station said Stop. Energy is meter_stop - meter_start from the registers; None where that is impossible."""

    kind: ClassVar[str] = "session.stopped"
    version: ClassVar[int] = 1
    charge_point: str
    session: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    stop_id_token: str
    meter_start_wh: str | None
    meter_stop_wh: str | None
    energy_wh: str | None
    started: int | None
    said: str | None
    believed: int
    received: int
    duration_s: int | None
    reason: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionSettled:
    """Nothing more will change what the session costs: it has stopped and its connector is free, or waits no longer.

    Said once, after SessionStopped, about every session. `tariff` is the tariff frozen at its start as
    `engine/tariffs/stored.py` writes it, None where there was none; `course` likewise. `total` is the price without
    regard to how the taxes are split, decimal text in `currency`. What is learnt later comes as SessionAmended.
    """

    kind: ClassVar[str] = "session.settled"
    version: ClassVar[int] = 1
    charge_point: str
    session: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    command: str
    started: int | None
    stopped: int
    ended: int
    energy_wh: str | None
    reason: str
    doubts: tuple[str, ...]
    tariff: Mapping[str, Any] | None
    course: Mapping[str, Any] | None
    total: str | None
    currency: str
    received: int


@dataclass(frozen=True, slots=True)
class SessionAmended:
    """What was learnt only after SessionStopped. The fields replace those of SessionStopped.

    It happens when a Stop comes after the next Start has closed its session (doubt `no_stop`), when a Start comes after
    the Stop that named no transaction of ours (doubt `stop_before_start`), and when events of a 2.x transaction come
    after its Ended.
    """

    kind: ClassVar[str] = "session.amended"
    version: ClassVar[int] = 1
    charge_point: str
    session: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    stop_id_token: str
    meter_start_wh: str | None
    meter_stop_wh: str | None
    energy_wh: str | None
    started: int | None
    said: str | None
    believed: int
    received: int
    duration_s: int | None
    reason: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """`state`: requested, sent or ended; `outcome` is "" until it ended, then one of `CommandOutcome`."""

    kind: ClassVar[str] = "command"
    version: ClassVar[int] = 1
    charge_point: str
    command: str
    action: str
    state: str
    outcome: str
    requested_by: str
    deadline: int
    received: int
    payload: Any
    answer: Any
    error_code: str
    error_description: str


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """Somebody asked for a command. `line` is what the audit log says of it: it is on disk before the CALL leaves."""

    kind: ClassVar[str] = "command_asked"
    version: ClassVar[int] = 1
    charge_point: str
    command: str
    received: int
    line: Mapping[str, Any]


class CommandOutcome:
    """How a command ends: in exactly one of these."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    NOT_CONNECTED = "NotConnected"
    SUPERSEDED = "Superseded"
    EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class DeviationSeen:
    """The station did something that was understood only by tolerance. `count` since the last such event."""

    kind: ClassVar[str] = "deviation"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    name: str
    detail: str
    count: int


@dataclass(frozen=True, slots=True)
class ActorFailed:
    """Our own trouble with one actor: restarted, quarantined or released from quarantine."""

    kind: ClassVar[str] = "actor"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    state: str
    error: str


Event = (
    BootReported
    | LinkChanged
    | StatusChanged
    | SessionStarted
    | SessionIdentified
    | SessionChanged
    | SessionStopped
    | SessionSettled
    | SessionAmended
    | CommandChanged
    | CommandAsked
    | DeviationSeen
    | ActorFailed
    | NoticeEvent
)
