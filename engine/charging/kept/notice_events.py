"""The facts in the journal about what a station tells beside charging (`events.py` says what all have)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A firmware, log, diagnostics or publish job: `state` is running, done, failed or superseded, `status` said."""

    kind: ClassVar[str] = "job"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    job: str
    request: int | None
    command: str
    status: str
    state: str
    info: str


@dataclass(frozen=True, slots=True)
class SecurityEventSeen:
    """A SecurityEventNotification, once however often it was sent."""

    kind: ClassVar[str] = "security_event"
    version: ClassVar[int] = 1
    charge_point: str
    type: str
    info: str
    said: str | None
    believed: int
    received: int


@dataclass(frozen=True, slots=True)
class CertificateAsked:
    """The station asked for `csr` to be signed for `use`; it was told that a certificate follows."""

    kind: ClassVar[str] = "certificate.asked"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    csr: str
    use: str
    request: int | None


@dataclass(frozen=True, slots=True)
class ReportAssembled:
    """A report is whole, or was given up with gaps (`complete` False)."""

    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    report: str
    request: int
    command: str
    parts: int
    rows: int
    complete: bool


@dataclass(frozen=True, slots=True)
class MonitorTriggered:
    """One monitored variable did what it is watched for; `event` is the station's eventData."""

    kind: ClassVar[str] = "monitor"
    version: ClassVar[int] = 1
    charge_point: str
    said: str | None
    believed: int
    received: int
    event: Any


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """Somebody else limits the charging, or (`cleared`) does so no more."""

    kind: ClassVar[str] = "charging_limit"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    evse: int
    source: str
    cleared: bool
    grid_critical: bool | None
    schedules: Any


@dataclass(frozen=True, slots=True)
class NeedsTold:
    """What an EV needs (`schedule` None), or how it means to charge (`needs` None)."""

    kind: ClassVar[str] = "ev_needs"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    evse: int
    needs: Any
    schedule: Any


@dataclass(frozen=True, slots=True)
class ReservationChanged:
    """`state` is active, used, cancelled, expired or removed; `session` what it was used for."""

    kind: ClassVar[str] = "reservation"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    reservation: int
    state: str
    evse: int
    id_token: str
    expires: int
    session: str
    command: str


@dataclass(frozen=True, slots=True)
class StationNotified:
    """Anything else that a station told: `action` and what it said."""

    kind: ClassVar[str] = "notice"
    version: ClassVar[int] = 1
    charge_point: str
    received: int
    action: str
    content: Any
    answer: Any


NoticeEvent = (
    JobChanged
    | SecurityEventSeen
    | CertificateAsked
    | ReportAssembled
    | MonitorTriggered
    | LimitChanged
    | NeedsTold
    | ReservationChanged
    | StationNotified
)
