"""What the façade needs from the rest, as Protocols and the plain rows that cross them.

Routes know nothing else. The actor layer implements `Fleet`, `Health` and `Metrics`; `api/sources.py` the reads from
SQL, ClickHouse and Redis; `api/memory.py` is the in-memory twin of all of them. Times are microseconds since the Unix
epoch, energies Wh as decimal text. Every method may raise Unavailable when its store or host does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from api.security_ports import Authority, StationSecrets
from engine.campaigns.port import CampaignStore
from engine.charging.operations import Operation
from engine.clock import Clock, SystemClock
from engine.stores.files.exchange import FileExchange

if TYPE_CHECKING:
    from api.message_log import Frames, MessageLog
    from api.security_events import SecurityEvents

View = Mapping[str, Any]
"""The live state of one charge point, as engine/charging/view.py writes it."""


# --- the fleet ----------------------------------------------------------------------------------------------------


class CommandResult(Protocol):
    """How a command ended. `outcome` is one of `events.CommandOutcome`, `payload` the station's answer."""

    @property
    def outcome(self) -> str: ...

    @property
    def payload(self) -> Any: ...

    @property
    def error_code(self) -> str: ...

    @property
    def error_description(self) -> str: ...

    @property
    def action(self) -> str: ...


class Fleet(Protocol):
    """The charge points as actors."""

    async def state(self, charge_point: str) -> View | None:
        """The live state; None for a station that never connected."""
        ...

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        """The live states of many; those that never connected are left out."""
        ...

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        """A view of engine/charging/kept_view.py by its name; None for a station that never connected."""
        ...

    async def command(
        self,
        charge_point: str,
        action: str,
        payload: Mapping[str, Any],
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> CommandResult:
        """Have an OCPP call made and return how it ended, at the latest shortly after `timeout_s`."""
        ...

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> CommandResult:
        """As `command`, in the words of the station's version. Raises InvalidInput where that cannot do it."""
        ...

    async def fresh_number(self) -> int:
        """A number that no operation has had before."""
        ...

    async def hosts(self) -> Sequence[Mapping[str, Any]]:
        """One mapping a host (name, node, pid, …) with its logical actors under `actors`."""
        ...


class CallCheck(Protocol):
    """Tells whether a call may be sent to a station of that version."""

    def __call__(self, subprotocol: str, action: str, payload: Mapping[str, Any]) -> None:
        """Raise InvalidInput, with field and remedy, if the payload is not valid for the action."""
        ...


# --- the registry -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as registered. `isolation`: shared or dedicated.

    `security_profile` is the least that a connection of it must show: 0 nothing, 1 a password, 2 a password over TLS, 3
    a client certificate, which bears `certificate_name` or its id as common name. `admission` is what its next boot is
    answered with: accepted, pending or rejected.
    """

    id: str
    name: str
    isolation: str
    security_profile: int
    created: int
    retired: int | None = None
    certificate_name: str | None = None
    admission: str = "accepted"


@dataclass(frozen=True, slots=True)
class Token:
    """An idToken. `status` is Accepted or Blocked; an `expires` in the past makes it Expired."""

    id: str
    label: str
    status: str
    expires: int | None = None
    group: str = ""
    kind: str = "RFID"


@dataclass(frozen=True, slots=True)
class User:
    """Someone who can log in. `version` changes with the password, role or standing, and ends older logins."""

    id: str
    email: str
    role: str
    active: bool = True
    version: int = 1


class Registry(Protocol):
    """Charge points, tokens and users. Unknown things raise NotFound, existing ones Conflict."""

    async def charge_points(self, *, after: str, limit: int, retired: bool = False) -> Sequence[ChargePoint]:
        """Those with an id above `after`, in order of id; retired ones only on demand."""
        ...

    async def charge_point(self, charge_point: str) -> ChargePoint:
        """By id in any case; the row has the id as registered."""
        ...

    async def add_charge_point(
        self,
        charge_point: str,
        *,
        name: str,
        isolation: str,
        password: str | bytes | None,
        security_profile: int | None = None,
        certificate_name: str | None = None,
    ) -> ChargePoint:
        """A `security_profile` of None is 1 with a password and 0 without."""
        ...

    async def change_charge_point(self, charge_point: str, changes: Mapping[str, Any]) -> ChargePoint:
        """Change any of name, isolation, admission, security_profile, certificate_name, password.

        A password of None lets the station in without one.
        """
        ...

    async def retire_charge_point(self, charge_point: str) -> None:
        """Keep its history and let it in no more. Raises Conflict if it is retired already, as does a change of it."""
        ...

    async def tokens(self, *, after: str, limit: int) -> Sequence[Token]: ...

    async def add_token(self, token: Token) -> Token: ...

    async def change_token(self, token: str, changes: Mapping[str, Any]) -> Token:
        """Change any of label, status, expires, group."""
        ...

    async def user(self, user_id: str) -> User: ...

    async def authenticate(self, email: str, password: str) -> User | None:
        """The active user with this e-mail address and password, else None, after the same work in each case."""
        ...


# --- the ledger and the analytics ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A charging session as the ledger has it."""

    id: str
    charge_point: str
    evse: int
    connector: int
    transaction: str
    id_token: str
    state: str
    started: int | None
    stopped: int | None
    meter_start_wh: str | None
    meter_stop_wh: str | None
    energy_wh: str | None
    duration_s: int | None
    reason: str
    doubts: Sequence[str] = ()
    stop_id_token: str = ""
    ordering: int = 0
    """What the list is ordered by, newest first: the start in microseconds, or -1 where nobody told it."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a command led to. `kind`: session, boot, job, report or reservation; `subject` is which, `info` the rest."""

    kind: str
    subject: str
    began: int
    updated: int
    status: str = ""
    state: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as the ledger has it."""

    id: str
    charge_point: str
    action: str
    state: str
    outcome: str
    requested_by: str
    requested: int
    deadline: int
    ended: int | None
    payload: Any = None
    answer: Any = None
    error_code: str = ""
    error_description: str = ""
    followed_by: Sequence[Consequence] = ()


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions are wanted. `since` ≤ start < `until`, microseconds."""

    charge_point: str | None = None
    state: str | None = None
    since: int | None = None
    until: int | None = None


Position = tuple[int, str]
"""Where a page ended: (time, id) of its last row."""


class Ledger(Protocol):
    """Sessions and commands, newest first."""

    async def sessions(self, wanted: SessionFilter, *, after: Position | None, limit: int) -> Sequence[SessionRow]: ...

    async def session(self, session: str) -> SessionRow:
        """Raises NotFound."""
        ...

    async def commands(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[CommandRow]: ...

    async def command(self, command: str) -> CommandRow:
        """Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """One point of a meter curve. `value` is exact decimal text in `unit`, the base unit; `samples` went into it."""

    at: int
    measurand: str
    phase: str
    location: str
    value: str
    unit: str
    samples: int = 1


class Analytics(Protocol):
    """Reads from ClickHouse."""

    async def meter_curve(
        self, session: SessionRow, *, measurand: str | None, step_s: int | None, limit: int
    ) -> Sequence[MeterPoint]:
        """One session's readings in order of believed time; with `step_s`, one point (the last value) a step."""
        ...


# --- what happens now, and how we are -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """A change, as the live feed published it. `data` is one JSON object in UTF-8."""

    id: str
    charge_point: str
    kind: str
    data: bytes


class Live(Protocol):
    """The live feed."""

    def events(self) -> AsyncIterator[LiveEvent]:
        """Every change from now on. Raises StoreUnavailable when the feed breaks; nothing is replayed."""
        ...


@dataclass(frozen=True, slots=True)
class Component:
    """How one part of the system is. `detail` is for operators and holds no secret."""

    name: str
    ok: bool
    detail: str = ""


class Health(Protocol):
    """The state of the whole. None of these raises: a part that cannot be asked is not ok."""

    async def components(self) -> Sequence[Component]: ...

    def not_durable(self) -> str:
        """Why acknowledged data could be lost in this installation, or "" if it cannot."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One number for /metrics. A `name` that ends in `_total` is a counter, any other a gauge."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Metrics(Protocol):
    """Numbers of the components, read when /metrics is."""

    async def collect(self) -> Sequence[Sample]: ...


@dataclass(frozen=True, slots=True)
class FacadePorts:
    """Everything that `create_app` needs. `signing_key` is the installation's
    own, 32 bytes or more."""

    fleet: Fleet
    check_call: CallCheck
    registry: Registry
    ledger: Ledger
    analytics: Analytics
    messages: MessageLog
    live: Live
    frames: Frames
    files: FileExchange
    health: Health
    metrics: Metrics
    campaigns: CampaignStore
    secrets: StationSecrets
    authority: Authority
    security_events: SecurityEvents
    signing_key: bytes
    clock: Clock = field(default_factory=SystemClock)
