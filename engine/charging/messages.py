"""What can be said to a charge point's or a session's machine, whatever the protocol version it came by.

`engine/ocpp/v16` (and its later siblings) turn OCPP payloads into these and `Answer`s back into payloads. All times are
microseconds since the Unix epoch. `said` is the text that the station wrote, `believed` the time that we take it for,
`received` when the frame came in. Values that a machine may not find out for itself (a token's standing, a fresh
transaction number) are fields here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.charging.intents import NO_INTENT, Intent
from engine.charging.kept.facts import Fact
from engine.charging.kept.notices import Notice, NoticeAnswer
from engine.charging.session.reports import SessionReport
from engine.charging.standing import TokenStanding as TokenStanding

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict."""


# --- the station speaks -------------------------------------------------------------------------------------------


class Instant(NamedTuple):
    """A time in the station's words and in ours. `said` is None where the station gave none."""

    said: str | None
    believed: int
    received: int


@dataclass(frozen=True, slots=True)
class Booted:
    """BootNotification. `durable` is False while the journal is away: then the answer is Pending (invariant 1)."""

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""
    iccid: str = ""
    imsi: str = ""
    meter_type: str = ""
    meter_serial: str = ""
    reason: str = ""
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The station asks for the time."""


@dataclass(frozen=True, slots=True)
class AuthorizeAsked:
    """May this token charge? The standing comes from the host's memory."""

    id_token: str
    standing: TokenStanding


@dataclass(frozen=True, slots=True)
class StatusReported:
    """A connector (or, with evse 0, the whole station) tells its state.

    1.6's connector n is EVSE n, connector 1; connector 0 is EVSE 0, connector 0. `status` is one of 1.6's
    ChargePointStatus, into which 2.x's are mapped. `occupied`: the station said no more than that the connector is in
    use (2.x), so a finer status that its transaction told stays.
    """

    evse: int
    connector: int
    status: str
    error: str
    at: Instant
    info: str = ""
    vendor: str = ""
    vendor_error: str = ""
    occupied: bool = False


class Sample(NamedTuple):
    """One sampled value. `raw` is the text as said; `value` the exact number in `base_unit`, None if it is none.

    Order and names are those of the `x` tuples of a meter record (engine/journal/records.py).
    """

    measurand: str
    phase: str
    location: str
    context: str
    format: str
    unit: str
    raw: str
    value: Decimal | None
    base_unit: str


class MeterReading(NamedTuple):
    """The values that were sampled at one time."""

    at: Instant
    samples: tuple[Sample, ...]


class MetersReported(NamedTuple):
    """MeterValues. `transaction` is the station's transaction id as text, "" outside of one."""

    evse: int
    connector: int
    transaction: str
    readings: tuple[MeterReading, ...]


@dataclass(frozen=True, slots=True)
class StartReported:
    """1.6 StartTransaction. `meter_start` in Wh.

    `fresh_transaction` and `fresh_session` are what the new transaction would be called, if this is no repeat
    (the machine cannot make them up).
    """

    evse: int
    connector: int
    id_token: str
    meter_start: Decimal
    at: Instant
    standing: TokenStanding
    fresh_transaction: int
    fresh_session: str
    reservation: int | None = None


@dataclass(frozen=True, slots=True)
class StopReported:
    """1.6 StopTransaction. `meter_stop` in Wh. `id_token` is "" when the station gave none.

    `fresh_session` names the session that is opened for a Stop whose transaction we never knew.
    """

    transaction: str
    id_token: str
    meter_stop: Decimal
    at: Instant
    reason: str
    readings: tuple[MeterReading, ...]
    fresh_session: str
    standing: TokenStanding | None = None


class TransactionReported(NamedTuple):
    """2.x TransactionEvent. `event`: Started, Updated or Ended; `transaction` is the station's own id for it.

    What a station says once and carries forward is absent where it says nothing: `evse` and `connector` 0, `id_token`
    None (and so is its `standing`). `charging_state` and `reason` (of an Ended) are "" where absent. `remote_start`
    names the remote start that led here.
    """

    event: str
    transaction: str
    seq: int
    at: Instant
    trigger: str
    offline: bool
    charging_state: str
    reason: str
    evse: int
    connector: int
    id_token: str | None
    standing: TokenStanding | None
    readings: tuple[MeterReading, ...]
    remote_start: int | None = None
    reservation: int | None = None


@dataclass(frozen=True, slots=True)
class DataTransferred:
    """A vendor's own message."""

    vendor: str
    message: str
    data: Json


@dataclass(frozen=True, slots=True)
class Deviated:
    """The protocol layer understood something only by tolerance. `name` is one of engine/ocpp/deviations.py."""

    name: str
    detail: str = ""


StationMessage = (
    Booted
    | Heartbeat
    | AuthorizeAsked
    | StatusReported
    | MetersReported
    | StartReported
    | StopReported
    | TransactionReported
    | DataTransferred
    | Deviated
    | Notice
)


# --- the connection, the clock and the operator speak ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Activated:
    """The actor woke up in a host without a socket (after a restart, or for a command). `restored`: from a snapshot."""

    restored: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """A socket was authenticated and is now the one that counts."""

    connection: int
    subprotocol: str
    remote: str


@dataclass(frozen=True, slots=True)
class VersionRecognised:
    """The station speaks another version than it negotiated."""

    subprotocol: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Socket number `connection` has gone. A number that no longer counts changes nothing (invariant 3)."""

    connection: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A deadline set by `SetTimer` has come."""

    name: str


@dataclass(frozen=True, slots=True)
class CommandRequested:
    """Somebody wants an OCPP call made. `payload` is already valid for the version that `subprotocol` names.

    `wait` lets it wait for an offline station until `deadline` (microseconds); otherwise it ends in NotConnected.
    `patience_s` are the seconds that the station may take, None for the configured ones. `asked` is the line of the
    audit log for somebody who asked; None where nobody did, or whoever did has written it.
    """

    command: str
    action: str
    payload: Mapping[str, Json]
    deadline: int
    wait: bool = False
    requested_by: str = ""
    intent: Intent = NO_INTENT
    patience_s: float | None = None
    subprotocol: str = ""
    asked: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The station's CALLRESULT to command `command`. `outcome` is what it means: Accepted, Rejected or Failed.

    `facts` are what it teaches about the station.
    """

    command: str
    payload: Mapping[str, Json]
    outcome: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class CallRefused:
    """The station's CALLERROR to command `command`."""

    command: str
    code: str
    description: str
    details: Json = None


LinkMessage = Activated | Connected | VersionRecognised | Disconnected
ControlMessage = LinkMessage | TimerFired | CommandRequested | CallAnswered | CallRefused | SessionReport
Message = StationMessage | ControlMessage


# --- answers to the station -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """`status`: Accepted, Pending or Rejected; `interval` in seconds."""

    status: str
    interval: int
    now: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    now: int


@dataclass(frozen=True, slots=True)
class AuthorizeAnswer:
    standing: TokenStanding


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """The transaction's number and how the token stands. Given even when the token is refused (1.6, 4.8)."""

    transaction: int
    standing: TokenStanding


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """`standing` is None where the station named no token."""

    standing: TokenStanding | None


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """To a TransactionReported. `standing` is None where no token was named; `total_cost` but of a priced one's end."""

    standing: TokenStanding | None = None
    total_cost: Decimal | None = None


NOTHING_TO_SAY: Final = TransactionAnswer()
"""The answer to nearly every TransactionReported."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The empty answer: StatusNotification, MeterValues."""


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    """`status`: Accepted, Rejected, UnknownMessageId, UnknownVendorId."""

    status: str
    data: Json = None


Answer = (
    BootAnswer
    | HeartbeatAnswer
    | AuthorizeAnswer
    | StartAnswer
    | StopAnswer
    | TransactionAnswer
    | Acknowledged
    | DataTransferAnswer
    | NoticeAnswer
)
