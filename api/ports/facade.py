"""What the façade needs from the rest, as Protocols and the plain rows that cross them.

Routes know nothing else. The actor layer implements `Fleet`, `Health` and `Metrics`; `api/sources/` the reads from
SQL, ClickHouse and Redis; `api/memory/` has the in-memory twins of all of them. Times are microseconds since the Unix
epoch, energies Wh as decimal text. Every method may raise Unavailable when its store or host does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from api.ports.security import Authority, StationSecrets
from engine.access.scope import Scope
from engine.campaigns.port import CampaignStore
from engine.charging.operations import Operation
from engine.clock import Clock, SystemClock
from engine.payments.port import PaymentProvider
from engine.stores.business import Business
from engine.stores.files.exchange import FileExchange
from engine.stores.registration import ChargePoint as ChargePoint

if TYPE_CHECKING:
    from api.ports.messages import Frames, MessageLog
    from api.ports.security_events import SecurityEvents

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
        """A view of engine/charging/kept/view.py by its name; None for a station that never connected."""
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
        asked: Mapping[str, Any] | None = None,
    ) -> CommandResult:
        """Have an OCPP call made and return how it ended, at the latest shortly after `timeout_s`.

        `asked` is the audit log's line (`engine.stores.audit.line_for`), kept from before the call leaves.
        """
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
        asked: Mapping[str, Any] | None = None,
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


class Registry(Protocol):
    """Charge points, to look them up. Unknown ones raise NotFound."""

    async def charge_point(self, charge_point: str) -> ChargePoint:
        """By id in any case; the row has the id as registered."""
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
    network: str = ""
    tariff: str = ""
    tariff_version: int = 0
    currency: str = ""
    cost: str | None = None
    ended: int | None = None
    settled: int | None = None
    authorisation: str = ""
    command: str = ""
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
    """Which sessions are wanted. `since` ≤ start < `until`, microseconds. `ascending`: the oldest first.

    Those without a start come last either way. `running` True: those that have not stopped. `trouble` True: those with
    doubts, or that finance has to decide about.
    """

    charge_point: str | None = None
    state: str | None = None
    since: int | None = None
    until: int | None = None
    id_token: str | None = None
    station: str | None = None
    network: str | None = None
    driver: str | None = None
    running: bool | None = None
    trouble: bool | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class CommandFilter:
    """Which commands are wanted. `since` ≤ requested < `until`, microseconds. `ascending`: the oldest first."""

    action: str | None = None
    state: str | None = None
    outcome: str | None = None
    requested_by: str | None = None
    since: int | None = None
    until: int | None = None
    ascending: bool = False


Position = tuple[int, str]
"""Where a page ended: (time, id) of its last row."""


class Ledger(Protocol):
    """Sessions and commands, newest first unless the oldest are wanted first."""

    async def sessions(
        self, wanted: SessionFilter, *, scope: Scope, after: Position | None, limit: int
    ) -> Sequence[SessionRow]:
        """Those of charge points within `scope`; of charge points that are not registered only to EVERYWHERE."""
        ...

    async def session(self, session: str, scope: Scope) -> SessionRow:
        """Raises NotFound, also for one outside of `scope`."""
        ...

    async def commands(
        self, charge_point: str, wanted: CommandFilter, *, after: Position | None, limit: int
    ) -> Sequence[CommandRow]: ...

    async def command(self, command: str, scope: Scope) -> CommandRow:
        """Raises NotFound, also for one outside of `scope`."""
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


@dataclass(frozen=True, slots=True)
class StatusRow:
    """What a connector said of itself at `at` (believed time); connector 0 is the whole charge point."""

    at: int
    evse: int
    connector: int
    status: str
    previous: str
    error: str = ""
    info: str = ""
    vendor_error: str = ""


class Analytics(Protocol):
    """Reads from ClickHouse."""

    async def statuses(self, charge_point: str, *, since: int, until: int, limit: int) -> Sequence[StatusRow]:
        """What all its connectors said in `since` ≤ received < `until`, in order of believed time."""
        ...

    async def meter_curve(
        self, session: SessionRow, *, measurand: str | None, step_s: int | None, limit: int
    ) -> Sequence[MeterPoint]:
        """One session's readings in order of believed time; with `step_s`, one point (the last value) a step."""
        ...


# --- what happens now, and how we are -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """A change. `data` is what subscribers are told: one JSON object in UTF-8.

    `id` is "<incarnation>-<number>" in the feed's one order, "" for a gap that only we have noticed. Of the fleet's
    changes, `at` (µs) is when it was received and `said` what the feed told of it, from which `data` is written.
    """

    id: str
    charge_point: str
    kind: str
    data: bytes
    at: int = 0
    said: Mapping[str, Any] = field(default_factory=dict)


GAP = LiveEvent("", "", "gap", b'{"type":"gap","charge_point":"","data":{}}')
"""Changes may have been missed: whoever keeps state reads it anew."""


class Live(Protocol):
    """A live feed. Both methods raise StoreUnavailable when it breaks."""

    def events(self) -> AsyncIterator[LiveEvent]:
        """Every change from now on; nothing is replayed. The first is a `gap`: from then on nothing is missed unless
        another gap says so."""
        ...

    async def want_meters(self) -> None:
        """Have meter values told, too (within a second or two), until this is cancelled."""
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
    business: Business
    signing_key: bytes
    payment_provider: PaymentProvider | None = None
    clock: Clock = field(default_factory=SystemClock)
