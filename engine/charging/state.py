"""What a charge point's machine remembers.

A state belongs to `charge_point.step`, which changes it in place and hands it back: the caller never uses an old one
again. `dirty` names the snapshot parts (engine/charging/snapshots.py) that differ from what was last written; whoever
writes them clears it. What only counts (deviations between their events, clock drift, the last sign of life) rides
along with the next writing of `core` and causes none. `kept` are the parts of engine/charging/kept/parts.py as bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from engine.charging.intents import NO_INTENT, Intent
from engine.charging.messages import Booted, Json, TokenStanding

CORE: Final = "core"
TX: Final = "tx"
CONF: Final = "conf"


@dataclass(slots=True)
class Connector:
    """A connector as it last reported. `since` is when this status began (believed, microseconds).

    `power` (W) is the live power from meter values outside of any transaction. `said` is the status' own timestamp as
    it was said and `vendor_error` its vendor's code: with the rest they tell a repeat from news.
    """

    status: str = "unknown"
    error: str = ""
    info: str = ""
    since: int = 0
    power: Decimal | None = None
    said: str | None = None
    vendor_error: str = ""


@dataclass(slots=True)
class Transaction:
    """A transaction on this station, with the answers that a repeat must get again.

    `transaction` is its id as the station says it; `number` the one we answered its Start with, None if no Start came,
    0 where the station names its transactions itself (2.x). `start_key` and `stop_key` are digests of what the station
    said ("" while it has not). `stop_standing` and `total_cost` are what the Stop was answered with. `stop_said` and
    `reason` are kept only of a Stop whose Start may come. `finalise_at` is 0 when its session is open or final. `heard`
    counts a 2.x transaction's events that came to this activation, `first_event` is its Started's number: both are not
    stored.
    """

    transaction: str
    number: int | None
    session: str
    evse: int
    connector: int
    id_token: str
    start_key: str
    meter_start: Decimal | None
    started: int
    start_standing: TokenStanding | None
    stop_key: str = ""
    meter_stop: Decimal | None = None
    stopped: int = 0
    stop_standing: TokenStanding | None = None
    stop_said: str | None = None
    reason: str = ""
    finalise_at: int = 0
    total_cost: Decimal | None = None
    heard: int = 0
    first_event: int | None = None


@dataclass(slots=True)
class Occupied:
    """A stopped session's connector, which it waits for until `due`. `blocked`: the station says it is not free."""

    evse: int
    connector: int
    stopped: int
    due: int
    blocked: bool


@dataclass(slots=True)
class Command:
    """A command in flight. `expires` is its call's deadline once it is sent, 0 before.

    `payload` is what is to be sent, in the words of the version `subprotocol` ("" where any will do); once sent, only a
    redacted copy is kept. `patience_s` and `intent` as in `CommandRequested`.
    """

    command: str
    action: str
    payload: Mapping[str, Json]
    deadline: int
    requested_by: str
    state: str = "requested"
    expires: int = 0
    subprotocol: str = ""
    patience_s: float | None = None
    intent: Intent = NO_INTENT


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a sent command is expected to cause until `until`: a Start by `id_token` at `evse` (0: any), or a Boot.

    `request` is the number by which the station will name the command itself, where its version has one.
    """

    command: str
    until: int
    id_token: str = ""
    evse: int = 0
    request: int | None = None


@dataclass(slots=True)
class ChargePointState:
    """One charge point. `ChargePointState(id)` is one that nobody has seen yet.

    `invited` (what a station may say before it is accepted, until when) is not kept over a restart: it is asked again.
    Nor is `shows_no_cost`, which is so from a refusal to the next boot.
    """

    charge_point: str
    registration: str = "unknown"
    boot: Booted | None = None
    booted: int = 0
    link: str = "unknown"
    link_since: int = 0
    connection: int = 0
    subprotocol: str = ""
    remote: str = ""
    offline_at: int = 0
    last_seen: int = 0
    connectors: dict[tuple[int, int], Connector] = field(default_factory=dict)
    open: dict[str, Transaction] = field(default_factory=dict)
    closed: list[bytes] = field(default_factory=list)
    occupied: dict[str, Occupied] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    invited: dict[str, int] = field(default_factory=dict)
    shows_no_cost: bool = False
    expected_starts: list[Expectation] = field(default_factory=list)
    expected_boot: Expectation | None = None
    deviations: dict[str, int] = field(default_factory=dict)
    drift: int | None = None
    drift_least: int | None = None
    drift_until: int = 0
    loose_newest: int = 0
    loose_days: list[int] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
