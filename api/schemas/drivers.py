"""The JSON of drivers, their vehicles and what is theirs. Energies are decimal text in Wh, exact."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.resources import IdToken, Strict, Text, moment
from api.schemas.tokens import Amount, Language, Network, Short, TokenOut, text_of
from engine.clock import to_iso
from engine.stores.drivers.driver import Driver, Vehicle
from engine.stores.drivers.own_receipts import OwnReceipt
from engine.stores.drivers.own_sessions import OwnSession

Phone = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9+()./ -]*$")]
ConnectorType = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Z0-9_]+$")]
Mac = Annotated[str, StringConstraints(pattern=r"^(([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})?$")]


class Address(Strict):
    """As it is to be printed on receipts that need one."""

    line1: Text = ""
    line2: Text = ""
    postal_code: Short = ""
    city: Text = ""
    region: Text = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = Field("", description="ISO 3166-1 alpha-2.")


class Notify(Strict):
    """What the driver is written about by e-mail."""

    receipts: bool = True
    charging: bool = Field(False, description="A session that has ended or gone wrong.")


class ProfileChange(Strict):
    """Members that are left out stay as they are. The address for e-mail is the account's."""

    name: Text = Field("", examples=["Asha Rao"])
    phone: Phone = Field("", examples=["+91 98450 12345"])
    language: Language = Field("", examples=["en"])
    address: Address = Field(default_factory=Address)
    notify: Notify = Field(default_factory=Notify)


class DriverChange(ProfileChange):
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^([^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+)?$")] = (
        Field("", description="Only of drivers without an account.")
    )
    credit_limit: Amount | None = Field(None, description="What may be owed over all tokens; null any amount.")


class DriverIn(DriverChange):
    network: Network | None = Field(None, description="Whose customer. Your only network, or `default`.")


class DriverOut(BaseModel):
    id: str
    network: str = Field(examples=["default"])
    account: str | None = Field(description="The account of those who can log in.")
    name: str
    email: str
    phone: str
    language: str
    address: Address
    notify: Notify
    credit_limit: str | None
    credit_used: str = Field(description="What is owed now.")
    created_at: str

    @classmethod
    def of(cls, row: Driver) -> DriverOut:
        return cls(
            id=row.id,
            network=row.network,
            account=row.account,
            name=row.name,
            email=row.email,
            phone=row.phone,
            language=row.language,
            address=Address.model_validate(row.address),
            notify=Notify.model_validate(row.notify),
            credit_limit=text_of(row.credit_limit),
            credit_used=text_of(row.credit_used) or "0",
            created_at=to_iso(row.created),
        )


class BookingIn(Strict):
    """A payment that came another way: by bank transfer, at the counter."""

    amount: Annotated[Decimal, Field(max_digits=16, decimal_places=4, gt=-(10**12), lt=10**12)] = Field(
        description="In the network's currency; a negative one raises what is owed.", examples=["250.00"]
    )
    note: Text = Field("", description="Kept for ever in the audit log: name no person.", examples=["Bank, 3 March"])


class VehicleChange(Strict):
    """Members that are left out stay as they are."""

    plate: Short = Field("", examples=["KA-01-AB-1234"])
    make: Short = ""
    model: Short = ""
    connector_types: Annotated[list[ConnectorType], Field(max_length=10)] = Field(
        default_factory=list, description="In OCPI's words.", examples=[["IEC_62196_T2_COMBO"]]
    )
    battery_kwh: Annotated[Decimal, Field(gt=0, lt=10_000, max_digits=8, decimal_places=3)] | None = None
    ev_mac: Mac = Field("", description="By which the car is known when it is plugged in.")
    contract_id: Short = Field("", description="The contract in the car (ISO 15118).")


class VehicleOut(BaseModel):
    id: str
    plate: str
    make: str
    model: str
    connector_types: list[str]
    battery_kwh: str | None
    ev_mac: str
    contract_id: str
    created_at: str

    @classmethod
    def of(cls, row: Vehicle) -> VehicleOut:
        return cls(
            id=row.id,
            plate=row.plate,
            make=row.make,
            model=row.model,
            connector_types=list(row.connector_types),
            battery_kwh=text_of(row.battery_kwh),
            ev_mac=row.ev_mac,
            contract_id=row.contract_id,
            created_at=to_iso(row.created),
        )


class OwnTokenChange(Strict):
    label: Text


class ClaimIn(Strict):
    id_token: IdToken = Field(description="The number on the card.")
    code: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = Field(
        description="The code that was printed with it."
    )


class OwnSessionOut(BaseModel):
    id: str
    charge_point: str = Field(examples=["CP-1"])
    station: str
    station_name: str
    time_zone: str = Field(description="The station's, IANA.", examples=["Asia/Kolkata"])
    evse: int
    connector: int
    id_token: str
    state: str = Field(examples=["stopped"])
    running: bool
    started_at: str | None
    stopped_at: str | None
    energy_wh: str | None = Field(description="Of a running session, as of its last reading.", examples=["8000"])
    power_w: str | None = Field(description="Of a running session, as of its last reading.")
    cost: str | None = Field(description="With taxes; of a running session so far. The receipt has the final one.")
    currency: str | None
    duration_s: int | None
    reason: str

    @classmethod
    def of(cls, row: OwnSession, live: Mapping[str, Any] | None = None) -> OwnSessionOut:
        """`live` is the session in its charge point's live view, where there is one."""
        seen: Mapping[str, Any] = live or {}
        return cls(
            id=row.id,
            charge_point=row.charge_point,
            station=row.station,
            station_name=row.station_name,
            time_zone=row.zone,
            evse=row.evse,
            connector=row.connector,
            id_token=row.id_token,
            state=str(seen.get("state") or row.state),
            running=row.stopped is None,
            started_at=moment(row.started),
            stopped_at=moment(row.stopped),
            energy_wh=seen.get("energy_wh") or text_of(row.energy_wh),
            power_w=seen.get("power_w"),
            cost=seen.get("cost") or text_of(row.cost),
            currency=seen.get("currency") or row.currency or None,
            duration_s=row.duration_s,
            reason=row.reason,
        )


class OwnReceiptOut(BaseModel):
    id: str
    kind: str = Field(examples=["receipt"])
    number: str = Field(examples=["R-2026-000001"])
    session: str
    currency: str = Field(examples=["INR"])
    net: str
    tax: str
    gross: str = Field(examples=["396.00"])
    issued_at: str
    day: str = Field(description="The issuer's local day of issue.", examples=["2026-06-15"])
    document: dict[str, Any] | None = Field(description="All that is printed; only of a single receipt.")

    @classmethod
    def of(cls, row: OwnReceipt) -> OwnReceiptOut:
        return cls(
            id=row.id,
            kind=row.kind,
            number=row.number,
            session=row.session,
            currency=row.currency,
            net=format(row.net, "f"),
            tax=format(row.tax, "f"),
            gross=format(row.gross, "f"),
            issued_at=to_iso(row.issued),
            day=row.day,
            document=None if row.document is None else dict(row.document),
        )


class OwnDataOut(BaseModel):
    """All that is kept of a driver."""

    exported_at: str
    profile: DriverOut
    vehicles: list[VehicleOut]
    tokens: list[TokenOut]
    sessions: list[OwnSessionOut]
    receipts: list[OwnReceiptOut]
    complete: bool = Field(description="False if there are more sessions or receipts than fit in one answer.")
