"""The JSON of alerts, of the rules they come from, of maintenance windows, and of what a person wants to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import Strict, Text, micros_of
from engine.alerts.alert import Alert, AlertEvent
from engine.alerts.quiet_hours import Preference
from engine.alerts.rule_book import RuleRow
from engine.alerts.rules import ABOUT, LIMITS, LONGEST_S, MOST_NAMES, MOST_STEPS, SEVERITIES
from engine.alerts.windows import NewWindow, Window
from engine.clock import to_iso
from engine.errors import InvalidInput

Severity = Literal["critical", "major", "minor", "warning"]
Seconds = Annotated[int, Field(ge=0, le=LONGEST_S)]
Name = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]
Note = Annotated[Text, StringConstraints(max_length=2000)]
Number = Annotated[int, Field(ge=0, le=10_000)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Labels = Mapping[str, str]
assert SEVERITIES == ("critical", "major", "minor", "warning")


class PersonOut(BaseModel):
    id: str
    email: str = Field(description="Empty where the account is no more.")


class AlertOut(BaseModel):
    """What is wrong, where, since when, and who sees to it."""

    id: str
    rule: str = Field(examples=["faulted"])
    severity: str = Field(description="critical, major, minor or warning.")
    state: str = Field(description="open, acknowledged or resolved.")
    title: str = Field(description="What is wrong, in one line.")
    network: str | None = Field(description="Null: the installation's own.")
    station: str | None
    charge_point: str | None
    evse: int | None
    connector: int | None
    subject: str | None = Field(description="What it is about beside a place: a session, a job, a consumer.")
    details: dict[str, Any] = Field(description="What was said about it: error, vendor_error, type, …")
    count: int = Field(description="How often it was said.")
    opened_at: str
    last_at: str
    acknowledged_at: str | None
    acknowledged_by: PersonOut | None
    assignee: PersonOut | None
    resolved_at: str | None
    resolved_by: PersonOut | None
    resolution: str | None = Field(description="person, condition (it was over), or rule (it was turned off).")
    previous: str | None = Field(description="The alert about the same before this one.")
    job: str | None = Field(description="The maintenance job that came with it.")
    version: int

    @classmethod
    def of(cls, alert: Alert, labels: Labels) -> AlertOut:
        return cls(
            id=alert.id,
            rule=alert.rule,
            severity=alert.severity,
            state=alert.state,
            title=alert.title,
            network=alert.network,
            station=alert.station or None,
            charge_point=alert.charge_point or None,
            evse=alert.evse,
            connector=alert.connector,
            subject=alert.name or None,
            details=dict(alert.says),
            count=alert.count,
            opened_at=to_iso(alert.opened),
            last_at=to_iso(alert.last),
            acknowledged_at=None if alert.acknowledged is None else to_iso(alert.acknowledged),
            acknowledged_by=_person(alert.acknowledged_by, labels),
            assignee=_person(alert.assignee, labels),
            resolved_at=None if alert.resolved is None else to_iso(alert.resolved),
            resolved_by=_person(alert.resolved_by, labels),
            resolution=alert.resolution or None,
            previous=alert.previous or None,
            job=alert.job or None,
            version=alert.version,
        )


def _person(id: str, labels: Labels) -> PersonOut | None:
    return PersonOut(id=id, email=labels.get(id, "")) if id else None


class AlertEventOut(BaseModel):
    """A line of an alert's history."""

    at: str
    kind: str = Field(
        description="opened, repeated, acknowledged, assigned, commented, escalated, reminded or resolved."
    )
    actor_kind: str = Field(description="user, api_key or system.")
    actor: str = Field(description="As people know them; empty for the system.")
    note: str
    details: dict[str, Any] | None

    @classmethod
    def of(cls, event: AlertEvent) -> AlertEventOut:
        return cls(
            at=to_iso(event.at),
            kind=event.kind,
            actor_kind=event.actor_kind,
            actor=event.actor_label,
            note=event.note,
            details=None if event.says is None else dict(event.says),
        )


class AlertStoryOut(AlertOut):
    history: list[AlertEventOut] = Field(description="The first 500 lines; the others are in its own list.")


class CountsOut(BaseModel):
    """How many alerts there are of each severity."""

    open: dict[str, int]
    acknowledged: dict[str, int]


class NoteIn(Strict):
    note: Note = ""


class AssignmentIn(Strict):
    assignee: Name | None = Field(description="An account's id; null: nobody.")


class CommentIn(Strict):
    text: Annotated[Text, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class AcknowledgementsIn(Strict):
    alerts: Annotated[list[Name], Field(min_length=1, max_length=500)]
    note: Note = ""


class AcknowledgementsOut(BaseModel):
    results: dict[str, str] = Field(description="Alert → acknowledged, resolved (it was before) or unknown.")


# --- rules -----------------------------------------------------------------------------------------------------------


class StepOut(BaseModel):
    """Who is told when nobody has acknowledged for `after_s` seconds."""

    after_s: int
    roles: list[str]
    users: list[str]
    channels: list[str]


class LimitOut(BaseModel):
    least: int
    most: int
    about: str


class RuleOut(BaseModel):
    """A rule that is in force: when an alert opens and closes, and who is told. Durations in seconds."""

    kind: str
    about: str
    network: str | None = Field(description="Where it is in force; null: the installation.")
    source: str = Field(description="network, installation or default: whose rule it is.")
    enabled: bool
    severity: str
    thresholds: dict[str, int]
    limits: dict[str, LimitOut] = Field(description="What each threshold may be, and what it means.")
    hold_s: int = Field(description="How long it has to last before the alert opens.")
    clear_s: int = Field(description="How long it has to be over before the alert closes.")
    remind_s: int = Field(description="Told again after that long while nobody has acknowledged; 0: never.")
    steps: list[StepOut]
    ignore: list[str] = Field(description="Names that do not count: security events, doubts, deviations.")
    opens_job: bool = Field(description="A maintenance job comes with the alert, and keeps drivers away.")
    version: int

    @classmethod
    def of(cls, row: RuleRow) -> RuleOut:
        rule = row.rule
        return cls(
            kind=rule.kind,
            about=ABOUT[rule.kind],
            network=row.network,
            source=row.source,
            enabled=rule.enabled,
            severity=rule.severity,
            thresholds=dict(rule.thresholds),
            limits={
                name: LimitOut(least=limit.least, most=limit.most, about=limit.about)
                for name, limit in LIMITS[rule.kind].items()
            },
            hold_s=rule.hold_s,
            clear_s=rule.clear_s,
            remind_s=rule.remind_s,
            steps=[
                StepOut(after_s=step.after_s, roles=[*step.roles], users=[*step.users], channels=[*step.channels])
                for step in rule.steps
            ],
            ignore=[*rule.ignore],
            opens_job=rule.opens_job,
            version=row.version,
        )


class RulesOut(BaseModel):
    items: list[RuleOut]


class StepIn(Strict):
    after_s: Seconds = 0
    roles: Names = Field(default_factory=list)
    users: Names = Field(default_factory=list)
    channels: Names = Field(default_factory=list)


class RuleChange(Strict):
    """What is not given stays as it is. Of the thresholds, those that are given."""

    enabled: bool | None = None
    severity: Severity | None = None
    thresholds: dict[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")], int] | None = None
    hold_s: Seconds | None = None
    clear_s: Seconds | None = None
    remind_s: Seconds | None = None
    steps: Annotated[list[StepIn], Field(max_length=MOST_STEPS)] | None = None
    ignore: Names | None = None
    opens_job: bool | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What is given, as rules are stored."""
        given = self.model_dump(exclude_none=True, exclude_unset=True)
        if self.steps is not None:
            given["steps"] = [step.model_dump() for step in self.steps]
        return given


# --- maintenance windows ---------------------------------------------------------------------------------------------


class WindowIn(Strict):
    """Where and when nothing is an alert. Of what holds still at its end, alerts are opened then."""

    network: Name | None = None
    station: Name | None = None
    charge_point: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,48}$")] | None = None
    evse: Number | None = None
    connector: Number | None = None
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]

    @property
    def new(self) -> NewWindow:
        return NewWindow(
            self.network,
            self.station or "",
            self.charge_point or "",
            self.evse,
            self.connector,
            micros_of(self.begins_at) or 0,
            micros_of(self.ends_at) or 0,
            self.reason,
        )


class WindowChange(Strict):
    begins_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)] | None = None

    @property
    def changes(self) -> dict[str, Any]:
        given = {"begins": micros_of(self.begins_at), "ends": micros_of(self.ends_at), "reason": self.reason}
        return {name: value for name, value in given.items() if value is not None}


class WindowOut(BaseModel):
    id: str
    network: str | None = Field(description="Null: all networks.")
    station: str | None
    charge_point: str | None
    evse: int | None
    connector: int | None
    begins_at: str
    ends_at: str
    reason: str
    created_by: str
    created_at: str
    version: int

    @classmethod
    def of(cls, window: Window) -> WindowOut:
        return cls(
            id=window.id,
            network=window.network,
            station=window.station or None,
            charge_point=window.charge_point or None,
            evse=window.evse,
            connector=window.connector,
            begins_at=to_iso(window.begins),
            ends_at=to_iso(window.ends),
            reason=window.reason,
            created_by=window.created_by,
            created_at=to_iso(window.created),
            version=window.version,
        )


# --- preferences -----------------------------------------------------------------------------------------------------


class PreferenceOut(BaseModel):
    """What I want to be told of alerts, and when."""

    email: bool
    channels: list[str] = Field(description="Delivery channels that tell me besides.")
    severity: str = Field(description="What is less is not told.")
    quiet_from: str | None = Field(description="HH:MM in the time zone; null: never quiet.", examples=["22:00"])
    quiet_to: str | None
    time_zone: str = Field(examples=["Asia/Kolkata"])
    critical_through: bool = Field(description="Critical alerts do not wait for the end of the quiet.")
    version: int

    @classmethod
    def of(cls, preference: Preference) -> PreferenceOut:
        quiet = preference.quiet_from != preference.quiet_to
        return cls(
            email=preference.email,
            channels=[*preference.channels],
            severity=preference.severity,
            quiet_from=_clock(preference.quiet_from) if quiet else None,
            quiet_to=_clock(preference.quiet_to) if quiet else None,
            time_zone=preference.time_zone,
            critical_through=preference.critical_through,
            version=preference.version,
        )


class PreferenceChange(Strict):
    """What is not given stays as it is; null quiet hours are none."""

    email: bool = True
    channels: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)
    severity: Severity = "minor"
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "UTC"
    critical_through: bool = True

    @property
    def changes(self) -> dict[str, Any]:
        """What is given, as preferences are kept. Raises InvalidInput for quiet hours with one end."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if len({"quiet_from", "quiet_to"} & given.keys()) == 1 or (self.quiet_from is None) != (self.quiet_to is None):
            raise InvalidInput(
                "Quiet hours have a beginning and an end.",
                field="quiet_to",
                remedy="Give quiet_from and quiet_to together, or null for both.",
            )
        for name in {"quiet_from", "quiet_to"} & given.keys():
            given[name] = _minutes(given[name])
        if "channels" in given:
            given["channels"] = tuple(given["channels"])
        return given


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _minutes(text: str | None) -> int:
    return 0 if text is None else int(text[:2]) * 60 + int(text[3:])


def people_in(alerts: Sequence[Alert]) -> set[str]:
    """The accounts that alerts name."""
    return {id for each in alerts for id in (each.assignee, each.acknowledged_by, each.resolved_by) if id}
