"""The JSON of tariffs: what they say, their versions, and what they are assigned to.

Amounts and quantities are decimal text. Times of day and dates are the station's local ones.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import Strict, Text, micros_of, moment
from engine.clock import to_iso
from engine.stores.tariffs.assignments import Assigned
from engine.stores.tariffs.catalogue import Validity
from engine.stores.tariffs.rows import AssignmentRow, TariffRow, VersionRow
from engine.tariffs.linter import Finding
from engine.tariffs.model import Tariff
from engine.tariffs.stored import stored_tariff, tariff_of

Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]
Percent = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,2}|100)(\.[0-9]{1,4})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]
Seconds = Annotated[int, Field(ge=0, le=31_536_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
NetworkId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
Group = Annotated[str, StringConstraints(max_length=64, pattern=r"^[!-~]*$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
DriverText = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class ComponentJson(Strict):
    dimension: Literal["ENERGY", "TIME", "PARKING_TIME", "FLAT"]
    price: Amount = Field(description="Per kWh, per hour, or once.", examples=["18"])
    step_size: Annotated[int, Field(ge=1, le=1_000_000)] = Field(1, description="Wh or s; rounded up to whole ones.")
    tax_percent: Percent | None = Field(None, description="null: the tariff's own.")


class RestrictionsJson(Strict):
    """A start is included, an end is not. null restricts nothing."""

    start_time: ClockTime | None = Field(None, examples=["22:00"])
    end_time: ClockTime | None = Field(None, examples=["06:00"])
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Amount | None = None
    max_kwh: Amount | None = None
    min_current: Amount | None = None
    max_current: Amount | None = None
    min_power: Amount | None = None
    max_power: Amount | None = None
    min_duration: Seconds | None = None
    max_duration: Seconds | None = None
    days_of_week: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = Field(
        default_factory=list, description="1 Monday … 7 Sunday; empty: every day."
    )
    reservation: Literal["RESERVATION", "RESERVATION_EXPIRES"] | None = None


class ElementJson(Strict):
    components: Annotated[list[ComponentJson], Field(min_length=1, max_length=16)]
    restrictions: RestrictionsJson = Field(default_factory=RestrictionsJson)


class IdleJson(Strict):
    """For a car that blocks the connector after its charging has completed."""

    per_minute: Amount = Field(examples=["3"])
    grace_s: Seconds = Field(0, examples=[300])
    step_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    exempt_from: ClockTime | None = Field(None, description="Free from here, local time …")
    exempt_until: ClockTime | None = Field(None, description="… to here.")
    cap: Amount | None = Field(None, description="At most this in all.")
    tax_percent: Percent | None = None


class ContentJson(Strict):
    """What a version of a tariff says. For each dimension the first element that has it and applies counts."""

    currency: Currency = Field(examples=["INR"])
    elements: Annotated[list[ElementJson], Field(max_length=100)]
    name: Text = Field("", description="What drivers see it called; empty: the tariff's own name.")
    idle: IdleJson | None = None
    min_price: Amount | None = None
    max_price: Amount | None = None
    tax_included: bool = Field(False, description="Amounts hold the tax already.")
    tax_percent: Percent = "0"
    grace_s: Seconds = Field(0, description="A session that lasts no longer costs nothing.")
    text: dict[Language, DriverText] = Field(default_factory=dict, description="For drivers, by language tag.")

    def tariff(self, tariff: str = "", number: int = 1) -> Tariff:
        """The same for the engine."""
        said = self.model_dump(mode="json", exclude_none=True)
        said |= {"form": 1, "id": tariff, "version": number, "text": [[key, text] for key, text in self.text.items()]}
        return tariff_of(said)

    @classmethod
    def of(cls, tariff: Tariff) -> ContentJson:
        said = stored_tariff(tariff)
        said["text"] = dict(said.get("text", ()))
        return cls.model_validate({name: value for name, value in said.items() if name in cls.model_fields})


class ValidityIn(Strict):
    valid_from: AwareDatetime | None = Field(None, description="null: now. Never a time that is past.")
    valid_until: AwareDatetime | None = Field(None, description="null: until the next version.")

    @property
    def validity(self) -> Validity:
        return Validity(micros_of(self.valid_from), micros_of(self.valid_until))


class VersionIn(Strict):
    content: ContentJson
    publish: ValidityIn | None = Field(None, description="null: a draft. `{}`: valid from now on.")


class TariffIn(VersionIn):
    network: NetworkId = "default"
    name: Name = Field(examples=["City Mall"])


class TariffChange(Strict):
    name: Name


class FindingOut(BaseModel):
    severity: str = Field(examples=["warning"])
    code: str
    element: int | None
    text: str
    remedy: str

    @classmethod
    def of(cls, finding: Finding) -> FindingOut:
        told = (finding.severity.value, finding.code, finding.element, finding.text, finding.remedy)
        return cls(**dict(zip(cls.model_fields, told, strict=True)))


class LintIn(Strict):
    content: ContentJson
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(None, examples=["IN"])
    region: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,3}$")] | None = None
    power_type: Literal["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"] | None = None
    max_power_kw: Amount | None = None


class FindingsOut(BaseModel):
    findings: list[FindingOut] = Field(description="The worst first.")


class VersionOut(BaseModel):
    tariff: str
    number: int
    state: Literal["draft", "published", "withdrawn"]
    valid_from: str | None
    valid_until: str | None
    published_at: str | None
    created_at: str
    content: ContentJson
    findings: list[FindingOut] = Field(description="What the linter has to say about it.")

    @classmethod
    def of(cls, row: VersionRow, findings: list[Finding]) -> VersionOut:
        return cls(
            tariff=row.tariff,
            number=row.number,
            state=row.state,  # type: ignore[arg-type]
            valid_from=moment(row.valid_from),
            valid_until=moment(row.valid_until),
            published_at=moment(row.published),
            created_at=to_iso(row.created),
            content=ContentJson.of(row.content),
            findings=[FindingOut.of(finding) for finding in findings],
        )


class VersionSummary(BaseModel):
    number: int
    state: str
    valid_from: str | None
    valid_until: str | None


class TariffOut(BaseModel):
    id: str
    network: str
    name: str
    currency: str
    created_at: str
    updated_at: str
    current: int | None = Field(description="The number of the version that holds now; null: none.")
    versions: list[VersionSummary] = Field(description="The newest first.")

    @classmethod
    def of(cls, row: TariffRow, now: int) -> TariffOut:
        holding = row.version_at(now)
        return cls(
            id=row.id,
            network=row.network,
            name=row.name,
            currency=row.currency,
            created_at=to_iso(row.created),
            updated_at=to_iso(row.updated),
            current=None if holding is None else holding.number,
            versions=[
                VersionSummary(
                    number=each.number,
                    state=each.state,
                    valid_from=moment(each.valid_from),
                    valid_until=moment(each.valid_until),
                )
                for each in row.versions
            ],
        )


class AssignmentIn(Strict):
    """The innermost place that is named is the target; with none it is the tariff's whole network."""

    tariff: NetworkId
    station: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    charge_point: Annotated[str, StringConstraints(max_length=48, pattern=r"^[^\x00-\x20\x7f]*$")] = ""
    evse: Annotated[int, Field(ge=0, le=1_000_000)] = Field(0, description="With connector and charge_point.")
    connector: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    token_group: Group = Field("", description="Only for tokens of this group; empty: for everybody.")
    valid_from: AwareDatetime | None = Field(None, description="null: now. Never a time that is past.")
    valid_until: AwareDatetime | None = None

    @property
    def assigned(self) -> Assigned:
        said = self.model_dump(exclude={"valid_from", "valid_until"})
        return Assigned(**said, valid_from=micros_of(self.valid_from), valid_until=micros_of(self.valid_until))


class AssignmentOut(BaseModel):
    id: str
    tariff: str
    network: str
    station: str
    charge_point: str
    evse: int
    connector: int
    token_group: str
    valid_from: str
    valid_until: str | None

    @classmethod
    def of(cls, row: AssignmentRow) -> AssignmentOut:
        held = row.assigned
        names = ("id", "tariff", "network", "station", "charge_point", "evse", "connector", "token_group")
        places: dict[str, Any] = {name: getattr(held, name) for name in names}
        return cls(**places, valid_from=to_iso(held.valid_from), valid_until=moment(held.valid_until))


class TermsOut(BaseModel):
    """Which tariff holds, and why this one."""

    network: str
    time_zone: str = Field(examples=["Asia/Kolkata"])
    token_group: str
    at: str
    tariff: str | None = Field(description="null: a session there costs nothing.")
    version: int | None
    assignment: str | None = Field(description="The assignment that led to it; null for the installation's own price.")
    reason: str
    content: ContentJson | None


class SessionPlan(Strict):
    """A session that could be."""

    start: AwareDatetime | None = Field(None, description="null: now.")
    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    kwh: Amount = Field(examples=["22"])
    power_kw: Amount | None = Field(None, description="This or charging_s.", examples=["50"])
    charging_s: Seconds | None = None
    idle_s: Seconds = Field(0, examples=[420])
    current: Amount | None = None
    reserved_s: Seconds = 0

    def quantity(self, name: str) -> Decimal | None:
        value = getattr(self, name)
        return None if value is None else Decimal(value)


class PreviewIn(SessionPlan):
    number: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Which version; null: the one that holds at the start, else the newest."
    )


class UnsavedPreviewIn(SessionPlan):
    content: ContentJson


class LineOut(BaseModel):
    kind: str = Field(examples=["energy"])
    quantity: str = Field(examples=["22"])
    unit: str = Field(examples=["kWh"])
    unit_price: str
    amount: str = Field(description="Rounded to the currency's minor unit.", examples=["396.00"])
    tax_percent: str
    reason: str
    since: str
    until: str


class TaxOut(BaseModel):
    name: str
    percent: str
    base: str
    amount: str


class BillOut(BaseModel):
    """What a session costs, and why."""

    currency: str
    lines: list[LineOut]
    net: str
    taxes: list[TaxOut]
    gross: str = Field(examples=["402.00"])
    energy_kwh: str
    duration_s: int
    idle_s: int


class SessionPriceOut(BaseModel):
    """What a session costs until now or, once it is settled, in all."""

    session: str
    settled: bool = Field(description="Nothing more will change it.")
    tariff: str | None = Field(description="null: it has no tariff and costs nothing, as far as is known yet.")
    version: int | None
    bill: BillOut | None = Field(description="null with a tariff: its data are doubtful, and finance decides.")
