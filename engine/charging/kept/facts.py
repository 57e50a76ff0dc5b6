"""What a station's answers to our CALLs, and its reports, teach about it, in words that no OCPP version has to itself.

`engine/ocpp` makes facts out of answers (`OcppVersion.learned`), the machine keeps them (`learning.py` has the table).
Where a fact carries a `dict`, its members are those that REST shows.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Setting(NamedTuple):
    """A configuration key (1.6) or one attribute of a device model's variable (2.x). `value` None: it did not tell.

    1.6's keys have no component. `mutability` is ReadOnly, WriteOnly, ReadWrite, or "" where nobody said.
    """

    key: str
    value: str | None
    mutability: str = ""
    component: str = ""
    component_instance: str = ""
    evse: int | None = None
    connector: int | None = None
    instance: str = ""
    attribute: str = "Actual"


class ConfigurationLearned(NamedTuple):
    """Settings that the station told, or accepted."""

    settings: tuple[Setting, ...]


class LocalListLearned(NamedTuple):
    """The version of the local authorization list. `update` is Full or Differential when we sent one of `entries`."""

    version: int
    update: str = ""
    entries: int = 0


class CertificatesRead(NamedTuple):
    """All installed certificates of the kinds in `uses` (none: of all kinds), each with `use`, `hash`, `children`."""

    uses: tuple[str, ...]
    certificates: tuple[dict[str, Any], ...]


class CertificateInstalled(NamedTuple):
    """The station took a certificate. `certificate` has `use`, `hash` (None until the station tells) and `sha256`."""

    certificate: dict[str, Any]


class CertificateDeleted(NamedTuple):
    """The station removed the certificate with this hash data."""

    hash: dict[str, Any]


class ProfileSet(NamedTuple):
    """The station took, or has, a charging profile (`profiles.py` names its members)."""

    profile: dict[str, Any]


class ProfilesCleared(NamedTuple):
    """It removed the profile `id`, or all that fit the other members; None fits all."""

    id: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack_level: int | None = None


class CompositeRead(NamedTuple):
    """The schedule that an EVSE (0: the whole station) follows, composed by the station."""

    evse: int
    schedule: dict[str, Any]


class ReservationMade(NamedTuple):
    """The station keeps an EVSE (0: any) for a token until `expires` (microseconds)."""

    reservation: int
    evse: int
    id_token: str
    group: str
    expires: int


class ReservationCancelled(NamedTuple):
    """The station gave a reservation up because we asked."""

    reservation: int


class JobAccepted(NamedTuple):
    """The station took on a job: `job` is firmware, publish, log or diagnostics, `request` its number if it has one."""

    job: str
    request: int | None = None
    location: str = ""
    file: str = ""


class MonitorsSet(NamedTuple):
    """Monitors that the station took, each with `id`, `component`, `variable`, `type`, `value`, `severity` …"""

    monitors: tuple[dict[str, Any], ...]


class MonitorsCleared(NamedTuple):
    """It removed the monitors with these ids."""

    ids: tuple[int, ...]


class MonitoringSet(NamedTuple):
    """It changed which monitors are active (`base`), or down to which `level` of severity it reports."""

    base: str = ""
    level: int | None = None


class DisplaySet(NamedTuple):
    """It took a message for its display, with `id`, `priority`, `state`, `content` …"""

    message: dict[str, Any]


class DisplayCleared(NamedTuple):
    """It removed a message from its display."""

    id: int


class CustomerForgotten(NamedTuple):
    """It keeps nothing of the customer with this token any more. `kind` in 2.x's words."""

    id_token: str
    kind: str


class ReportPromised(NamedTuple):
    """It will report in parts under the number `request`; `empty`: there is nothing to report.

    `forgets` is the customer whom it forgets when it has told.
    """

    report: str
    request: int
    empty: bool = False
    forgets: CustomerForgotten | None = None


Fact = (
    ConfigurationLearned
    | LocalListLearned
    | CertificatesRead
    | CertificateInstalled
    | CertificateDeleted
    | ProfileSet
    | ProfilesCleared
    | CompositeRead
    | ReservationMade
    | ReservationCancelled
    | JobAccepted
    | MonitorsSet
    | MonitorsCleared
    | MonitoringSet
    | DisplaySet
    | DisplayCleared
    | CustomerForgotten
    | ReportPromised
)
