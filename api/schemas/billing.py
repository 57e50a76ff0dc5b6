"""The JSON of issuers, receipts, credit notes, the review queue and reports. Amounts are decimal text, exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.places import Country, Currency, Name, Url, Zone
from api.schemas.resources import Strict, Text, micros_of, moment
from engine.billing.facts import Figures
from engine.billing.issuer import Issuer, Profile, TaxId
from engine.billing.judgement import Judgement
from engine.billing.receipts import Receipt, Standing
from engine.billing.reports import Revenue, TaxSum
from engine.billing.reviews import ReviewItem
from engine.clock import to_iso
from engine.tariffs.bill import Bill

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
NumberFormat = Annotated[str, StringConstraints(max_length=40, pattern=r"^[A-Za-z0-9/.{}:-]*$")]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]
Energy = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$")]


class TaxIdIn(Strict):
    kind: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[0-9A-Za-z .-]+$")] = Field(
        examples=["GSTIN"]
    )
    number: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z ./-]+$")] = Field(
        examples=["29ABCDE1234F1Z5"]
    )


class IssuerChange(Strict):
    """Members that are left out stay as they are."""

    name: Name = Field("Issuer", examples=["City Charge Private Limited"])
    address: Annotated[list[Text], Field(max_length=8)] = Field(default_factory=list, description="Lines of it.")
    country: Country = Field("", description="ISO 3166-1 alpha-2.", examples=["IN"])
    region: Text = Field("", description="State, written as the stations' regions are.", examples=["KA"])
    tax_ids: Annotated[list[TaxIdIn], Field(max_length=8)] = Field(default_factory=list)
    tax_regime: Literal["IN_GST", "VAT", "NONE"] = Field(
        "NONE", description="IN_GST splits a tariff's tax by state: CGST and SGST, or IGST."
    )
    service_code: Annotated[str, StringConstraints(max_length=8, pattern=r"^[0-9]*$")] = Field(
        "", description="India's SAC, printed.", examples=["998714"]
    )
    currency: Currency = Field("EUR", description="ISO 4217.", examples=["INR"])
    time_zone: Zone = Field("UTC", description="IANA: whose day a receipt bears.", examples=["Asia/Kolkata"])
    year_begins: int = Field(1, ge=1, le=12, description="The month in which the financial year begins.", examples=[4])
    number_format: NumberFormat = Field(
        "RC/{fy}/{n:06d}", description="{n} counts up without a gap, {fy} is the financial year."
    )
    credit_format: NumberFormat = Field("CN/{fy}/{n:06d}", description="Of credit notes.")
    footer: Text = ""
    logo_url: Annotated[str, StringConstraints(pattern=r"^$")] | Url = ""
    zero_receipts: bool = Field(False, description="Also for sessions that cost nothing.")
    tariff_wanted: bool = Field(False, description="Sessions without a tariff go to review.")
    longest_h: int = Field(72, ge=1, le=8784, description="Longer sessions go to review.")

    def changes(self) -> dict[str, Any]:
        """What is said, in the store's words."""
        given = self.model_dump(exclude_unset=True)
        if "address" in given:
            given["address"] = tuple(given["address"])
        if "tax_ids" in given:
            given["tax_ids"] = tuple(TaxId(**each) for each in given["tax_ids"])
        return given


class IssuerIn(IssuerChange):
    network: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field("default", examples=["city"])
    name: Name = Field(examples=["City Charge Private Limited"])
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(examples=["IN"])
    currency: Currency = Field(examples=["INR"])
    time_zone: Zone = Field(examples=["Asia/Kolkata"])

    def profile(self) -> Profile:
        """The issuer to enter."""
        given = self.changes()
        given.pop("network", None)
        return Profile(**({"address": ()} | given))


class IssuerOut(BaseModel):
    id: str
    network: str
    name: str
    address: list[str]
    country: str
    region: str
    tax_ids: list[dict[str, str]]
    tax_regime: str
    service_code: str
    currency: str
    time_zone: str
    year_begins: int
    number_format: str
    credit_format: str
    footer: str
    logo_url: str
    zero_receipts: bool
    tariff_wanted: bool
    longest_h: int
    created_at: str
    retired_at: str | None

    @classmethod
    def of(cls, row: Issuer) -> IssuerOut:
        profile = {name: getattr(row.profile, name) for name in Profile.__dataclass_fields__}
        profile["address"] = list(row.profile.address)
        profile["tax_ids"] = [{"kind": each.kind, "number": each.number} for each in row.profile.tax_ids]
        return cls(
            id=row.id, network=row.network, created_at=to_iso(row.created), retired_at=moment(row.retired), **profile
        )


class ReceiptOut(BaseModel):
    """A receipt or a credit note, whose amounts are what it gives back."""

    id: str
    kind: str = Field(examples=["receipt", "credit_note"])
    number: str = Field(examples=["RC/26-27/000017"])
    session: str
    issuer: str
    network: str
    station: str
    charge_point: str
    driver: str = Field(description="The driver's id; empty for nobody's token.")
    tariff: str
    currency: str = Field(examples=["INR"])
    net: str = Field(examples=["417.00"])
    tax: str = Field(examples=["75.06"])
    gross: str = Field(examples=["492.06"])
    energy_kwh: str = Field(examples=["22.000"])
    started_at: str
    ended_at: str
    issued_at: str
    day: str = Field(description="The issuer's local day of issue.", examples=["2026-06-15"])
    about: str | None = Field(description="The receipt that this gives back, or takes the place of.")
    after: str | None = Field(description="The credit note before a receipt that takes another's place.")
    reason: str
    issued_by: str = Field(description="Who corrected; empty for what was issued by itself.")

    @classmethod
    def of(cls, row: Receipt) -> ReceiptOut:
        return cls(**_receipt_fields(row))


class ReceiptDetailOut(ReceiptOut):
    credited: str = Field(description="What of it credit notes have given back.")
    credit_notes: list[str]
    replaced_by: str | None
    document: dict[str, Any] = Field(description="All that is printed, as it was stored when it was issued.")

    @classmethod
    def with_print(cls, known: Standing) -> ReceiptDetailOut:
        row = known.receipt
        return cls(
            **_receipt_fields(row),
            credited=format(row.money(known.credited), "f"),
            credit_notes=list(known.credit_notes),
            replaced_by=known.replaced_by,
            document=dict(known.document),
        )


def _receipt_fields(row: Receipt) -> dict[str, Any]:
    same = ("id", "kind", "number", "session", "issuer", "network", "station", "charge_point", "driver", "tariff")
    rest = ("currency", "day", "about", "after", "reason", "issued_by")
    return {
        **{name: getattr(row, name) for name in (*same, *rest)},
        **{name: format(row.money(getattr(row, name)), "f") for name in ("net", "tax", "gross")},
        "energy_kwh": format(Decimal(row.energy_wh).scaleb(-3), "f"),
        "started_at": to_iso(row.started),
        "ended_at": to_iso(row.ended),
        "issued_at": to_iso(row.issued),
    }


class CreditIn(Strict):
    amount: Amount | None = Field(None, description="Taxes included; left out: all that is left.", examples=["100.00"])
    reason: Reason = Field(examples=["The barrier was broken"])


class FiguresIn(Strict):
    """What is set right; what is left out stays."""

    energy_kwh: Energy | None = Field(None, examples=["21.5"])
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = Field(None, description="When the connector was free again.")

    def figures(self) -> Figures:
        energy = None if self.energy_kwh is None else Decimal(self.energy_kwh) * 1000
        return Figures(energy, micros_of(self.started_at), micros_of(self.ended_at))


class CorrectionIn(Strict):
    figures: FiguresIn
    reason: Reason = Field(examples=["The meter was read wrong"])


class ResolutionIn(Strict):
    decision: Literal["bill", "correct", "waive"]
    figures: FiguresIn | None = Field(None, description="With `correct` only.")
    note: Reason = Field(examples=["The driver confirms it"])


class BulkResolutionIn(Strict):
    """About every open item of a network that has this finding and is doubtful in no other way."""

    network: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "default"
    doubt: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(examples=["no_issuer"])
    decision: Literal["bill", "waive"] = "bill"
    note: Reason = Field(examples=["The issuer is entered"])


class BulkResolutionOut(BaseModel):
    resolved: list[str] = Field(description="The items that are resolved now. At most 1,000 are looked at.")


class FindingOut(BaseModel):
    doubt: str = Field(examples=["meter_backwards"])
    detail: str
    suggestion: str


class BillOut(BaseModel):
    currency: str
    lines: list[dict[str, str]]
    net: str
    taxes: list[dict[str, str]]
    gross: str
    energy_kwh: str
    duration_s: int
    idle_s: int

    @classmethod
    def of(cls, bill: Bill) -> BillOut:
        return cls(
            currency=bill.currency,
            lines=[
                {
                    "kind": each.kind,
                    "quantity": format(each.quantity, "f"),
                    "unit": each.unit,
                    "unit_price": format(each.unit_price, "f"),
                    "amount": format(each.rounded, "f"),
                    "tax_percent": format(each.tax_percent, "f"),
                    "reason": each.reason,
                }
                for each in bill.lines
            ],
            net=format(bill.net, "f"),
            taxes=[
                {
                    "name": each.name,
                    "percent": format(each.percent, "f"),
                    "base": format(each.base, "f"),
                    "amount": format(each.amount, "f"),
                }
                for each in bill.taxes
            ],
            gross=format(bill.gross, "f"),
            energy_kwh=format(bill.energy_kwh, "f"),
            duration_s=bill.duration_s,
            idle_s=bill.idle_s,
        )


class PreviewOut(BaseModel):
    bill: BillOut | None
    findings: list[FindingOut]

    @classmethod
    def of(cls, judgement: Judgement) -> PreviewOut:
        bill = judgement.bill
        findings = [FindingOut(**each.stored()) for each in judgement.findings]
        return cls(bill=None if bill is None else BillOut.of(bill), findings=findings)


class ReviewOut(BaseModel):
    id: str
    kind: str = Field(examples=["settled", "amended"])
    network: str | None
    session: str
    charge_point: str
    findings: list[FindingOut]
    proposed: BillOut | None = Field(description="The bill as it stands; null where none can be made.")
    energy_kwh: str | None
    started_at: str | None
    ended_at: str
    state: str = Field(examples=["open", "resolved"])
    opened_at: str
    resolved_at: str | None
    resolved_by: str
    resolution: str = Field(examples=["billed", "corrected", "waived"])
    note: str
    correction: dict[str, Any] | None = Field(description="The figures before and after.")
    receipt: str | None

    @classmethod
    def of(cls, row: ReviewItem) -> ReviewOut:
        facts, energy = row.facts, row.facts.energy_wh
        same = ("id", "kind", "network", "session", "charge_point", "state", "resolved_by", "resolution", "note")
        return cls(
            **{name: getattr(row, name) for name in (*same, "correction", "receipt")},
            findings=[FindingOut(**each.stored()) for each in row.findings],
            proposed=None if row.proposed is None else BillOut.of(row.proposed),
            energy_kwh=None if energy is None else format(energy / 1000, "f"),
            started_at=moment(facts.started),
            ended_at=to_iso(facts.ended),
            opened_at=to_iso(row.opened),
            resolved_at=moment(row.resolved),
        )


class RevenueOut(BaseModel):
    group: str = Field(description="The day, network or tariff.")
    currency: str
    receipts: int
    credit_notes: int
    energy_kwh: str
    net: str
    tax: str
    gross: str

    @classmethod
    def of(cls, row: Revenue) -> RevenueOut:
        sums = {name: format(getattr(row, name), "f") for name in ("energy_kwh", "net", "tax", "gross")}
        counts = {"receipts": row.receipts, "credit_notes": row.credit_notes}
        return cls(group=row.group, currency=row.currency, **counts, **sums)


class TaxSumOut(BaseModel):
    name: str
    percent: str
    currency: str
    base: str
    amount: str

    @classmethod
    def of(cls, row: TaxSum) -> TaxSumOut:
        sums = {name: format(getattr(row, name), "f") for name in ("percent", "base", "amount")}
        return cls(name=row.name, currency=row.currency, **sums)


class RevenueReportOut(BaseModel):
    rows: list[RevenueOut]
    taxes: list[TaxSumOut]
    open_reviews: int
