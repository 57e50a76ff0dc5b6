"""How a payment may go, as a table, and what is to be done next: pure, like the machines of a session.

`after_told` takes in how the provider says that it stands; `next_order` says what to ask the provider for. What the
provider says counts, but for what cannot be: more taken than held, anything taken without a receipt, more given back
than taken. That is `contradicted` and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.charging.transitions import Table
from engine.payments.port import AUTHORISE, CAPTURE, RAISE, REFUND, VOID, Told

ZERO = Decimal(0)

_ANYHOW = {"voided": "voided", "expired": "expired", "failed": "failed"}
_OPEN = {"action_required": "action_required", "pending": "pending", "authorised": "authorised", "declined": "declined"}
_TAKING = {"capturing": "capturing", "captured": "captured", "capture_failed": "capture_failed"}

PAYMENT = Table(
    "payment",
    "A payment, from the order to hold money to its end. The causes are what the provider says, and three decisions of "
    "finance about a capture that failed finally: `retried`, `paid otherwise`, `written off`. Refunds are amounts of a "
    "captured payment, not states.",
    "requested",
    {
        "requested": {**_OPEN, **_ANYHOW},
        "action_required": {**_OPEN, **_ANYHOW},
        "pending": {**_OPEN, **_ANYHOW},
        "authorised": {"authorised": "authorised", **_TAKING, **_ANYHOW},
        "capturing": {**_TAKING, "expired": "capture_failed", "voided": "capture_failed", "authorised": "authorised"},
        "capture_failed": {
            "capture_failed": "capture_failed",
            "captured": "captured",
            "retried": "authorised",
            "paid otherwise": "settled",
            "written off": "settled",
        },
        "captured": {"captured": "captured"},
        "settled": {"settled": "settled", "captured": "captured"},
        "voided": {"voided": "voided"},
        "declined": {"declined": "declined"},
        "expired": {"expired": "expired"},
        "failed": {"failed": "failed"},
    },
)

UNFINISHED = frozenset({"requested", "action_required", "pending"})
"""Nothing is held yet."""

OVER_UNPAID = frozenset({"voided", "declined", "expired", "failed"})
"""It ended, and nothing was taken."""

LIVE = frozenset({"requested", "action_required", "pending", "authorised", "capturing"})
"""More will become of it by itself."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a payment. `due` is the receipt's gross, None while there is no receipt.

    `wanted` is what is to be held. `released`: nothing will be charged. `raise_refused`: the bank holds no more than
    `authorised`. `sequence` is that of the provider's last word.
    """

    state: str = PAYMENT.initial
    wanted: Decimal = ZERO
    authorised: Decimal = ZERO
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    due: Decimal | None = None
    released: bool = False
    raise_refused: bool = False
    sequence: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask the provider for: `amount` in all to hold, or to take, or more to give back."""

    kind: str
    amount: Decimal = ZERO


def contradiction(account: Account, told: Told) -> str:
    """What cannot be of what the provider says, "" if all can."""
    if told.captured > told.authorised:
        return "more was taken than was held"
    if told.captured and account.due is None:
        return "money was taken without a receipt"
    if account.due is not None and told.captured > account.due:
        return "more was taken than the receipt says"
    if told.refunded > told.captured:
        return "more was given back than was taken"
    if PAYMENT.after(account.state, told.status) is None:
        return f"it was {account.state} and is said to be {told.status}"
    return ""


def after_told(account: Account, told: Told) -> Account:
    """The account after the provider's word; the same one if that is older than what is known, or cannot be."""
    if told.sequence <= account.sequence or contradiction(account, told):
        return account
    state = PAYMENT.after(account.state, told.status) or account.state
    return replace(
        account,
        state=state,
        authorised=told.authorised,
        captured=told.captured,
        refunded=told.refunded,
        sequence=told.sequence,
        reason=told.reason or account.reason,
    )


def after_decision(account: Account, decision: str) -> Account | None:
    """The account after finance's decision about a failed capture; None where the table has no such arrow."""
    state = PAYMENT.after(account.state, decision)
    return None if state is None else replace(account, state=state)


def next_order(account: Account, refund: Decimal = ZERO) -> Order | None:
    """What to ask for now, None if nothing. `refund` is what is still to be given back of what was taken.

    Nothing is captured without a receipt, and nothing beyond what is held: a receipt above it has the hold raised
    first, and where the bank refuses that, what is held is taken.
    """
    if account.state == "requested":
        return Order(VOID) if account.released and account.sequence else Order(AUTHORISE, account.wanted)
    if account.released or account.due == ZERO:
        return Order(VOID) if account.state in LIVE and account.state != "capturing" else None
    if account.state == "authorised":
        if account.due is not None and (account.due <= account.authorised or account.raise_refused):
            return Order(CAPTURE, min(account.due, account.authorised))
        target = max(account.wanted, account.due or ZERO)
        return Order(RAISE, target) if target > account.authorised and not account.raise_refused else None
    if account.state == "captured" and refund > ZERO and account.refunded + refund <= account.captured:
        return Order(REFUND, refund)
    return None


def shortfall(account: Account) -> Decimal:
    """What the receipt says beyond what was taken, zero while that is open."""
    if account.state != "captured" or account.due is None:
        return ZERO
    return account.due - account.captured
