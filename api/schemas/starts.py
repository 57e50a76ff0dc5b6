"""The JSON of starts: what a driver asks for, how it stands, and what the QR code on a connector leads to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.schemas.payments import OwnPaymentOut
from api.schemas.resources import IdToken, Strict, moment
from engine.clock import to_iso
from engine.starts.course import told
from engine.stores.payments.rows import PaymentRow
from engine.stores.sessions import SessionRow
from engine.stores.starts import StartRow

Code = Annotated[str, StringConstraints(min_length=4, max_length=32, pattern=r"^[0-9A-Za-z-]+$")]
ChargePointText = Annotated[str, StringConstraints(min_length=1, max_length=48, pattern=r"^[^\x00-\x20\x7f/]+$")]
ReturnUrl = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[!-~]+$")]


class ChargingIn(Strict):
    """Where: the connector's public code, or charge point, EVSE and connector."""

    code: Code | None = Field(None, description="What is printed on the connector.", examples=["K7PQ2M"])
    charge_point: ChargePointText | None = Field(None, examples=["CP-1"])
    evse: Annotated[int, Field(ge=1, le=1023)] = Field(1)
    connector: Annotated[int, Field(ge=1, le=16)] = Field(1)
    id_token: IdToken | None = Field(None, description="One of your own tokens; left out: your app's.")
    return_url: ReturnUrl | None = Field(None, description="Where the payment page leads back to.")

    @model_validator(mode="after")
    def _one_place(self) -> ChargingIn:
        if (self.code is None) == (self.charge_point is None):
            raise ValueError("Give either code or charge_point.")
        return self


class PriceOut(BaseModel):
    amount: str
    currency: str
    final: bool = Field(description="The receipt's, not the running one.")


@dataclass(frozen=True, slots=True)
class Price:
    amount: Decimal
    currency: str
    final: bool


class IdleFeeOut(BaseModel):
    """For a car that takes nothing any more and blocks the connector."""

    begins_at: str = Field(description="Also where that is over already.")
    per_minute: str = Field(description="Taxes included.")


class ChargingNowOut(BaseModel):
    """What the charger says of the session while it runs."""

    status: str = Field(description="Of the connector; Offline while its charger is not connected.")
    power_w: str | None
    metered_at: str | None
    idle_fee: IdleFeeOut | None = Field(description="null while the car charges, and where there is no such fee.")


class WhereOut(BaseModel):
    """The connector in a driver's words."""

    station: str
    station_name: str
    time_zone: str
    label: str
    code: str


class CurvePointOut(BaseModel):
    at: str
    power_w: float | None = None
    soc_percent: float | None = None


class CurveOut(BaseModel):
    """What the car took, as the charger has told it; a few seconds behind."""

    points: list[CurvePointOut]


class ChargingOut(BaseModel):
    """A start as its driver sees it, and what it has led to."""

    id: str
    state: Literal["requested", "paying", "commanding", "waiting", "charging", "ended"]
    ended_as: str | None = Field(
        description="Its one end: completed, or why it went nowhere (offline, not_plugged_in, refused_by_charger, "
        "no_transaction_in_time, connector_taken, connector_unavailable, under_maintenance, token_refused, "
        "payment_declined, payment_expired, cancelled, failed). Only completed costs anything."
    )
    message: str = Field(description="The same in plain words, or what is to be done now.")
    charge_point: str
    evse: int
    connector: int
    session: str | None
    energy_kwh: str | None
    minutes: int | None
    price: PriceOut | None
    payment: OwnPaymentOut | None
    receipt: str | None = Field(description="Its id, once there is one.")
    pay_by: str | None
    plug_in_by: str | None
    stopping: bool
    created_at: str
    ended_at: str | None
    where: WhereOut | None = Field(None, description="null where the connector is offered no more.")
    live: ChargingNowOut | None = Field(None, description="null before it charges and when it is over.")

    @classmethod
    def of(
        cls,
        row: StartRow,
        now: int,
        *,
        session: SessionRow | None = None,
        payment: PaymentRow | None = None,
        price: Price | None = None,
        receipt: str = "",
    ) -> ChargingOut:
        return cls.model_validate(
            {
                "id": row.id,
                "state": row.state,
                "ended_as": row.ended_as or None,
                "message": _message(row, payment),
                "charge_point": row.charge_point,
                "evse": row.evse,
                "connector": row.connector,
                "session": row.session or None,
                "energy_kwh": _kwh(session),
                "minutes": _minutes(session, now),
                "price": None
                if price is None
                else {"amount": format(price.amount, "f"), "currency": price.currency, "final": price.final},
                "payment": None if payment is None else OwnPaymentOut.of(payment),
                "receipt": receipt or None,
                "pay_by": moment(row.pay_by),
                "plug_in_by": moment(row.plug_in_by),
                "stopping": bool(row.stop_because) and row.state != "ended",
                "created_at": to_iso(row.created),
                "ended_at": moment(row.ended),
            }
        )


_NOW = {
    "requested": "One moment.",
    "paying": "Please pay first: nothing is charged before you charge.",
    "commanding": "The charger is asked to start.",
    "waiting": "Plug in now.",
    "charging": "Charging.",
}


def _message(row: StartRow, payment: PaymentRow | None) -> str:
    if row.state == "ended":
        return told(row.ended_as, payment.reason if payment is not None else "")
    return "It is being stopped." if row.stop_because and row.session else _NOW[row.state]


def _kwh(session: SessionRow | None) -> str | None:
    if session is None or session.energy_wh is None:
        return None
    return format((session.energy_wh / 1000).normalize(), "f")


def _minutes(session: SessionRow | None, now: int) -> int | None:
    if session is None or session.started is None:
        return None
    return max(0, (session.stopped or now) - session.started) // 60_000_000


class StartOut(BaseModel):
    """A start as the operator's people see it."""

    id: str
    network: str
    kind: Literal["app", "ad_hoc"]
    driver: str | None
    id_token: str
    charge_point: str
    evse: int
    connector: int
    state: str
    ended_as: str | None
    message: str
    detail: str
    payment: str | None
    command: str | None
    outcome: str | None
    session: str | None
    late_session: str | None = Field(description="A session that began after the end: it is stopped.")
    created_at: str
    ended_at: str | None
    version: int

    @classmethod
    def of(cls, row: StartRow) -> StartOut:
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in ("id", "network", "kind", "id_token", "charge_point", "evse")},
                **{name: getattr(row, name) for name in ("connector", "state", "detail", "version")},
                **{name: getattr(row, name) or None for name in ("driver", "ended_as", "payment", "command")},
                **{name: getattr(row, name) or None for name in ("outcome", "session", "late_session")},
                "message": told(row.ended_as) if row.state == "ended" else _NOW[row.state],
                "created_at": to_iso(row.created),
                "ended_at": moment(row.ended),
            }
        )


class ExampleOut(BaseModel):
    kwh: str
    minutes: int
    amount: str


class TariffShownOut(BaseModel):
    """What charging costs here, as the tariff in force says it."""

    name: str
    currency: str
    text: dict[str, str] = Field(description="By language.")
    example: ExampleOut = Field(description="What this much would cost from now on, taxes included.")


class QrConnectorOut(BaseModel):
    """What the QR code on a connector is about."""

    code: str
    label: str
    station: str
    charge_point: str
    evse: int
    connector: int
    type: str
    power_type: str
    max_power_kw: str | None
    status: str
    available: bool = Field(description="Whether a start has a chance at the moment.")
    tariff: TariffShownOut | None = Field(description="null: charging is free here.")
    payment_needed: bool
    hold: str | None = Field(description="What is held on the card at first.")
    currency: str | None


class QrStartIn(Strict):
    """Nothing has to be said: the code says where, and whoever pays may charge."""

    return_url: ReturnUrl | None = None
    secret: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{32,64}$")] | None = Field(
        None,
        description="One of your own making, unguessable: the same request again is the same start. Left out, one is "
        "made.",
    )


class QrStartOut(ChargingOut):
    secret: str = Field(description="By this the start is followed and stopped. Shown only now: keep it.")
