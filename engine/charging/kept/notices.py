"""What a station tells beside charging, whatever the protocol version it came by (`messages.py` has the rest).

Members that are `Json` are the station's own words where no machine looks at them. `answer` is a CALLRESULT that is
right whatever the state: the version's own words for it, ready-made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.charging.messages import Instant, StatusReported

FIRMWARE, PUBLISH, LOG, DIAGNOSTICS = "firmware", "publish", "log", "diagnostics"
"""Kinds of jobs."""

CONFIGURATION, MONITORING, PROFILES = "configuration", "monitoring", "charging_profiles"
DISPLAYS, CUSTOMER, DER = "display_messages", "customer_information", "der_controls"
"""Kinds of reports."""


@dataclass(frozen=True, slots=True)
class JobReported:
    """A job goes on: `job` is one of the kinds above, `status` the station's word, `request` its number if said."""

    job: str
    status: str
    request: int | None = None
    info: str = ""


@dataclass(frozen=True, slots=True)
class SecurityEventReported:
    """Something that matters to the security of the station happened there at that time."""

    type: str
    at: Instant
    info: str = ""


@dataclass(frozen=True, slots=True)
class CertificateRequested:
    """The station wants `csr` (PEM) signed. `use` is ChargingStationCertificate, V2GCertificate or V2G20Certificate."""

    csr: str
    use: str = "ChargingStationCertificate"
    request: int | None = None


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part of a report in answer to `request`.

    `part` tells it from the other parts: its number, or where there is none a digest of what it says. `last`: no more
    follow. `rows` are what `reports.py` makes facts of, by the kind of the report.
    """

    report: str
    request: int
    part: int | str
    last: bool
    rows: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ProblemReported:
    """Something about a connector does not work or, with `error` "NoError", does again. Its status stays."""

    evse: int
    connector: int
    error: str
    at: Instant


@dataclass(frozen=True, slots=True)
class MonitorsTriggered:
    """Monitored variables did what they are watched for. `number` counts the parts of one telling.

    `states` are those of the `events` that tell a connector's state, with the place of each in `events`.
    """

    at: Instant
    number: int
    last: bool
    events: tuple[Mapping[str, Any], ...]
    states: tuple[tuple[int, StatusReported | ProblemReported], ...] = ()


@dataclass(frozen=True, slots=True)
class LimitReported:
    """Somebody else (`source`) limits the charging at an EVSE (0: the station), or, `cleared`, does so no more."""

    evse: int
    source: str
    cleared: bool = False
    grid_critical: bool | None = None
    schedules: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class NeedsReported:
    """What an EV needs, as it told the station over ISO 15118."""

    evse: int
    needs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScheduleReported:
    """How an EV means to charge."""

    evse: int
    schedule: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReservationReported:
    """The station gave a reservation up by itself: `status` is Expired, Removed or NoTransaction."""

    reservation: int
    status: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Anything else: `kind` is its action's name, `content` what was said."""

    kind: str
    content: Mapping[str, Any]
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A question that somebody outside of the machine has to answer, with I/O. `kind` is its action's name.

    `answer` is the negative one at first; the actor layer replaces it by what a provider said before the machine steps.
    """

    kind: str
    content: Mapping[str, Any]
    answer: Mapping[str, Any]
    answered: bool = False


Notice = (
    JobReported
    | SecurityEventReported
    | CertificateRequested
    | ReportPart
    | MonitorsTriggered
    | LimitReported
    | NeedsReported
    | ScheduleReported
    | ReservationReported
    | Noticed
    | Enquiry
)


@dataclass(frozen=True, slots=True)
class NoticeAnswer:
    """An answer in words that all versions share which have the message."""

    content: Mapping[str, Any]
