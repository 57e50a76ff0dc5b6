"""What is kept of a charge point beside its charging, for the outside: kept_view.py with readable times.

Whatever OCPP version the station speaks: 1.6's keys are settings without a component, its connectors EVSEs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from engine.clock import to_iso

_TIMES = {
    "read_at": "read_at",
    "sent_at": "sent_at",
    "needs_at": "needs_at",
    "schedule_at": "schedule_at",
    "at": "at",
    "made": "made_at",
    "expires": "expires_at",
    "started": "started_at",
    "ended": "ended_at",
    "first": "first_at",
    "latest": "latest_at",
}


def readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row with its own times as text. What is nested in it is the station's, and is left as it is."""
    return {
        _TIMES.get(name, name): to_iso(value) if name in _TIMES and isinstance(value, int) else value
        for name, value in row.items()
    }


class SettingOut(BaseModel):
    """A configuration key, or one attribute of a component's variable."""

    component: str = Field(description="Empty for the configuration keys of OCPP 1.6.", examples=["OCPPCommCtrlr"])
    component_instance: str
    evse: int | None
    connector: int | None
    key: str = Field(description="The key's or variable's name.", examples=["HeartbeatInterval"])
    instance: str = Field(description="The variable's instance.")
    attribute: str = Field(examples=["Actual"])
    value: str | None = Field(description="As the station told it, or *** for a secret.", examples=["300"])
    mutability: str = Field(description="ReadOnly, WriteOnly, ReadWrite, or empty if it did not tell.")
    readonly: bool
    read_at: str | None = Field(description="When it was read or set; null: by a former release.")


class SettingsOut(BaseModel):
    charge_point: str
    settings: list[SettingOut]


class LocalListOut(BaseModel):
    charge_point: str
    version: int | None = Field(description="null if nobody asked the station yet.", examples=[7])
    read_at: str | None
    update: str | None = Field(description="How we sent it last: Full or Differential.")
    entries: int | None = Field(description="How many entries the last Full one had.")
    sent_at: str | None


class CertificateOut(BaseModel):
    """A certificate that is installed in the station."""

    use: str = Field(examples=["CSMSRootCertificate"])
    hash: dict[str, Any] | None = Field(description="Its hash data; null until the station has listed it.")
    children: list[dict[str, Any]]
    sha256: str | None = Field(None, description="Of its PEM text, where we installed it.")
    read_at: str


class CertificatesOut(BaseModel):
    charge_point: str
    certificates: list[CertificateOut]


class ProfileOut(BaseModel):
    """A charging profile. Times are as they were said, limits in the schedule's unit."""

    id: int
    evse: int = Field(description="0: the whole station.")
    purpose: str = Field(examples=["TxDefaultProfile"])
    stack_level: int
    kind: str = Field(examples=["Absolute"])
    recurrency: str | None
    valid_from: str | None
    valid_to: str | None
    transaction: str | None
    source: str = Field(description="Who set it: CSO is us.", examples=["CSO"])
    command: str = Field("", description="The command that set it, or asked for the report that told it.")
    schedules: list[dict[str, Any]]
    read_at: str


class ChargingOut(BaseModel):
    charge_point: str
    profiles: list[ProfileOut]
    composites: list[dict[str, Any]] = Field(description="Each EVSE's last composite schedule.")
    limits: list[dict[str, Any]] = Field(description="Limits that others than we set.")
    needs: list[dict[str, Any]] = Field(
        description="What EVs told that they need, and how they mean to charge; `planned` is the command by which a "
        "transaction was last offered what we planned for it."
    )


class ReservationOut(BaseModel):
    id: int
    state: str = Field(description="active, used, cancelled, expired or removed.", examples=["active"])
    evse: int = Field(description="0: any.")
    id_token: str
    group: str
    expires_at: str
    made_at: str
    ended_at: str | None
    session: str = Field(description="The session that it was used for, or empty.")
    command: str = Field(description="The command that made it.")


class ReservationsOut(BaseModel):
    charge_point: str
    reservations: list[ReservationOut]


class JobStepOut(BaseModel):
    status: str = Field(description="In the station's words.", examples=["Downloading"])
    at: str


class JobOut(BaseModel):
    """A firmware, log, diagnostics or publish job."""

    job: str = Field(examples=["firmware"])
    request: int | None
    command: str = Field(description="The command that asked for it; empty if the station began by itself.")
    state: str = Field(description="running, done, failed or superseded.", examples=["running"])
    status: str = Field(description="The station's last word.", examples=["Installing"])
    location: str = Field(description="Where from or to, without credentials.")
    file: str
    info: str
    started_at: str
    ended_at: str | None
    steps: list[JobStepOut]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> JobOut:
        steps = [JobStepOut(status=status, at=to_iso(at)) for status, at in row["steps"]]
        return cls.model_validate(readable(row) | {"steps": steps})


class JobsOut(BaseModel):
    charge_point: str
    jobs: list[JobOut]


class MonitorsOut(BaseModel):
    charge_point: str
    base: str | None = Field(description="Which monitors are active: All, FactoryDefault or HardWiredOnly.")
    level: int | None = Field(description="Events down to this severity (0 is the gravest) are reported.")
    monitors: list[dict[str, Any]]


class DisplayMessagesOut(BaseModel):
    charge_point: str
    messages: list[dict[str, Any]]


class SecurityEventOut(BaseModel):
    """Something that matters to the security of a station, as it told."""

    type: str = Field(examples=["TamperDetectionActivated"])
    critical: bool | None = Field(description="By the specification's list; null for a vendor's own.")
    info: str
    said: str | None = Field(description="The station's own words for the time.")
    at: str = Field(description="When it happened, as believed.")
    received_at: str


class ReportOut(BaseModel):
    """A report that came, or comes, in parts."""

    report: str = Field(description="What about.", examples=["configuration"])
    request: int
    command: str
    state: str = Field(description="promised, open, complete or incomplete.", examples=["complete"])
    complete: bool
    parts: int
    rows: int
    truncated: bool = Field(description="It was longer than what is kept of one.")
    first_at: str
    latest_at: str


class ReportsOut(BaseModel):
    charge_point: str
    reports: list[ReportOut]


class ReportItemsOut(ReportOut):
    items: list[Any] = Field(description="Its rows as far as they have come.")
