"""What a payment provider does for us, whoever it is: hold, raise, take, let go, give back, and tell how it stands.

The payer shows card or wallet to the provider's own page only; here there are references, amounts and states. Every
order has a key of ours: the same key again is the same order, and is answered as it was the first time, so that an
order whose answer got lost can be given again. Amounts are exact decimals in units of the currency.

An answer tells how the payment stands (`Told`); much becomes known only later, by a webhook or by looking. A webhook is
taken as a hint to look, never as the truth: they get lost, come twice and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

AUTHORISE, RAISE, CAPTURE, VOID, REFUND = "authorise", "raise", "capture", "void", "refund"
KINDS = (AUTHORISE, RAISE, CAPTURE, VOID, REFUND)


@dataclass(frozen=True, slots=True)
class Told:
    """How a payment stands at the provider.

    `status`: action_required, pending, authorised, capturing, captured, capture_failed, voided, declined, expired or
    failed. Amounts are sums over the payment's whole life. `sequence` rises with every change there: what is told with
    a lower one is older. `reason` is why the last order was refused, in the words of `REASONS`; `action_url` is where
    the payer has something to do.
    """

    reference: str
    status: str
    authorised: Decimal
    captured: Decimal
    refunded: Decimal
    sequence: int
    reason: str = ""
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider did not do it, and will not if it is asked again by the same key. `told` is how it stands now."""

    reason: str
    told: Told


Answer = Told | Refused


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What the payer is asked for. `own_id` is ours; after the page the payer goes to `return_url`."""

    own_id: str
    amount: Decimal
    currency: str
    description: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook whose signature is right: something of this payment has changed. `event` is unique."""

    event: str
    reference: str


class PaymentProvider(Protocol):
    """A provider. Every method raises `errors.ProviderAway` if it does not answer: give the same order again then."""

    name: str

    async def authorise(self, key: str, new: NewPayment) -> Answer: ...

    async def raise_to(self, key: str, reference: str, amount: Decimal) -> Answer:
        """Hold `amount` in all."""
        ...

    async def capture(self, key: str, reference: str, amount: Decimal) -> Answer:
        """Take `amount`, at most what is held; the rest is let go."""
        ...

    async def void(self, key: str, reference: str) -> Answer:
        """Let go of all, or end a payment that the payer has not finished."""
        ...

    async def refund(self, key: str, reference: str, amount: Decimal) -> Answer:
        """Give back `amount` more."""
        ...

    async def look(self, reference: str) -> Told:
        """How it stands."""
        ...

    def hint(self, headers: Mapping[str, str], body: bytes, now: int) -> Hint:
        """Check a webhook at `now` (microseconds). Raises Unauthenticated for one that is not the provider's, is
        altered, or is too old to be told from a replay."""
        ...

    async def aclose(self) -> None: ...


TRY_AGAIN = "try_again"
REASONS: Mapping[str, str] = {
    "insufficient_funds": "The card does not have enough money for this.",
    "do_not_honour": "The bank has declined the card.",
    "lost_or_stolen": "The bank has declined the card.",
    "expired_card": "The card has expired.",
    "authentication_failed": "The bank could not confirm that it is you.",
    "payer_cancelled": "The payment was cancelled on the payment page.",
    "not_in_time": "The payment was not finished in time.",
    "raise_refused": "The bank does not hold more on this card.",
    "too_much": "This is more than is held or was taken.",
    "not_held": "Nothing is held any more.",
    TRY_AGAIN: "The bank did not answer.",
}
"""Reason → what a driver is told. Adapters map their provider's codes to these, and what they do not know to
`do_not_honour`."""


def in_plain_words(reason: str) -> str:
    return REASONS.get(reason, REASONS["do_not_honour"])
