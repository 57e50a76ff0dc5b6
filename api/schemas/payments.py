"""The JSON of payments, what of them is open, and what a network asks for. Amounts are exact decimal text in the
currency that stands beside them. Nothing of a card is here: there is nothing of one in the whole installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, field_validator

from api.schemas.resources import Strict, Text, moment
from engine.clock import to_iso
from engine.payments.port import in_plain_words
from engine.stores.payments.open_items import OpenItem
from engine.stores.payments.policies import Policy
from engine.stores.payments.rows import EventRow, OperationRow, PaymentRow
from engine.tariffs.money import CURRENCIES

Amount = Annotated[Decimal, Field(gt=0, le=10**9, max_digits=16, decimal_places=4, examples=["12.50"])]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def as_text(amount: Decimal | None) -> str | None:
    """An amount for the outside, without an exponent."""
    return None if amount is None else format(amount, "f")


class PaymentOut(BaseModel):
    id: str
    network: str
    state: str = Field(
        description="requested, action_required, pending, authorised, capturing, captured, capture_failed, settled, "
        "voided, declined, expired or failed: docs/architecture.md has the arrows."
    )
    currency: str
    authorised: str = Field(description="Held.")
    captured: str = Field(description="Taken.")
    refunded: str = Field(description="Given back of it.")
    due: str | None = Field(description="The receipt's gross amount; null while there is no receipt.")
    released: bool = Field(description="Nothing will be charged: what was held goes back.")
    reason: str | None = Field(description="Why the provider has last refused something.")
    start: str | None
    session: str | None
    receipt: str | None
    driver: str | None
    provider: str | None
    reference: str | None = Field(description="The provider's name for it.")
    created_at: str
    updated_at: str
    version: int

    @classmethod
    def of(cls, row: PaymentRow) -> PaymentOut:
        return cls(
            id=row.id,
            network=row.network,
            state=row.state,
            currency=row.currency,
            authorised=format(row.authorised, "f"),
            captured=format(row.captured, "f"),
            refunded=format(row.refunded, "f"),
            due=as_text(row.due),
            released=row.released,
            reason=row.reason or None,
            start=row.start or None,
            session=row.session or None,
            receipt=row.receipt or None,
            driver=row.driver or None,
            provider=row.provider or None,
            reference=row.reference or None,
            created_at=to_iso(row.created),
            updated_at=to_iso(row.updated),
            version=row.version,
        )


class PaymentEventOut(BaseModel):
    number: int
    at: str
    kind: str
    detail: Mapping[str, Any]


class PaymentOrderOut(BaseModel):
    """What was ordered of the provider."""

    id: str = Field(description="The key by which the provider knows the order.")
    kind: Literal["authorise", "raise", "capture", "void", "refund"]
    amount: str
    cause: str | None
    state: Literal["queued", "asked", "done", "refused"]
    attempts: int
    reason: str | None
    created_at: str
    ended_at: str | None


class PaymentStoryOut(PaymentOut):
    orders: list[PaymentOrderOut]
    events: list[PaymentEventOut]

    @classmethod
    def told(cls, row: PaymentRow, orders: Sequence[OperationRow], events: Sequence[EventRow]) -> PaymentStoryOut:
        return cls(
            **PaymentOut.of(row).model_dump(),
            orders=[
                PaymentOrderOut.model_validate(
                    {
                        "id": each.id,
                        "kind": each.kind,
                        "amount": format(each.amount, "f"),
                        "cause": each.cause or None,
                        "state": each.state,
                        "attempts": each.attempts,
                        "reason": each.reason or None,
                        "created_at": to_iso(each.created),
                        "ended_at": moment(each.ended),
                    }
                )
                for each in orders
            ],
            events=[
                PaymentEventOut(number=each.number, at=to_iso(each.at), kind=each.kind, detail=each.detail)
                for each in events
            ],
        )


class OwnPaymentOut(BaseModel):
    """What a driver sees of the payment for a start."""

    state: str
    currency: str
    held: str = Field(description="Held on the card at the moment; what is not charged goes back.")
    charged: str
    given_back: str
    message: str | None = Field(description="In plain words, where the bank has refused.")
    action_url: str | None = Field(
        description="Where to pay, at the payment provider; null where nothing is to be done."
    )

    @classmethod
    def of(cls, row: PaymentRow) -> OwnPaymentOut:
        return cls(
            state=row.state,
            currency=row.currency,
            held=format(row.authorised if row.state == "authorised" else Decimal(0), "f"),
            charged=format(row.captured, "f"),
            given_back=format(row.refunded, "f"),
            message=in_plain_words(row.reason) if row.reason else None,
            action_url=row.action_url or None if row.state == "action_required" and not row.released else None,
        )


class RefundIn(Strict):
    amount: Amount
    reason: Text = Field("", description="For those who look into it later.", examples=["The cable was broken."])


class OpenItemOut(BaseModel):
    id: str
    network: str
    kind: str = Field(
        description="capture_failed, shortfall (less could be held than the receipt says), refund_failed, void_failed "
        "or late_session (a session that began after its start had ended, and that nobody was charged for)."
    )
    amount: str
    currency: str
    detail: str
    payment: str | None
    session: str | None
    receipt: str | None
    driver: str | None
    state: Literal["open", "resolved"]
    resolution: str | None
    note: str
    resolved_by: str | None
    created_at: str
    resolved_at: str | None
    version: int

    @classmethod
    def of(cls, item: OpenItem) -> OpenItemOut:
        return cls.model_validate(
            {
                "id": item.id,
                "network": item.network,
                "kind": item.kind,
                "amount": format(item.amount, "f"),
                "currency": item.currency,
                "detail": item.detail,
                "payment": item.payment or None,
                "session": item.session or None,
                "receipt": item.receipt or None,
                "driver": item.driver or None,
                "state": item.state,
                "resolution": item.resolution or None,
                "note": item.note,
                "resolved_by": item.resolved_by or None,
                "created_at": to_iso(item.created),
                "resolved_at": moment(item.resolved),
                "version": item.version,
            }
        )


class ResolutionIn(Strict):
    resolution: Literal["retry", "paid_otherwise", "written_off"] = Field(examples=["written_off"])
    note: Text = Field("", examples=["Paid by bank transfer on the 3rd."])


class PaymentPolicyIn(Strict):
    required: Literal["nobody", "ad_hoc", "all"] = Field(
        "ad_hoc", description="Who pays before a session starts: nobody, who has no account, or everybody."
    )
    currency: Currency = Field(examples=["EUR"])
    hold: Amount = Field(description="Held on the card at first.")
    step: Amount = Field(description="By how much more, while the price nears what is held.")
    ceiling: Amount = Field(description="Never more than this.")
    stop_at_limit: bool = Field(True, description="Stop the session where no more can be held.")
    pay_within_s: int = Field(600, ge=60, le=3600)
    plug_in_within_s: int = Field(120, ge=15, le=280, description="From the charger's consent to the transaction.")

    @field_validator("currency")
    @classmethod
    def _known(cls, said: str) -> str:
        if said not in CURRENCIES:
            raise ValueError("no currency in which one can pay (ISO 4217)")
        return said

    def policy(self, network: str) -> Policy:
        return Policy(network, **self.model_dump())


class PaymentPolicyOut(BaseModel):
    network: str
    required: str
    currency: str
    hold: str
    step: str
    ceiling: str
    stop_at_limit: bool
    pay_within_s: int
    plug_in_within_s: int
    version: int = Field(description="0: nothing was said, this is what holds then.")

    @classmethod
    def of(cls, policy: Policy) -> PaymentPolicyOut:
        return cls(
            network=policy.network,
            required=policy.required,
            currency=policy.currency,
            hold=format(policy.hold, "f"),
            step=format(policy.step, "f"),
            ceiling=format(policy.ceiling, "f"),
            stop_at_limit=policy.stop_at_limit,
            pay_within_s=policy.pay_within_s,
            plug_in_within_s=policy.plug_in_within_s,
            version=policy.version,
        )
