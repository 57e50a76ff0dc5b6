"""A payment in any order of orders, lost answers, old news and late failures: it ends, and never takes too much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.payments.course import LIVE, PAYMENT, Account, Order, after_decision, after_told, next_order
from engine.payments.limit import RaiseTo, StopNow, next_limit
from engine.payments.port import AUTHORISE, CAPTURE, RAISE, REFUND, VOID, Told
from engine.stores.payments.policies import Policy

HELD = Decimal(30)


class Bank:
    """The provider's side, as strict as a real one; remembers every answer that it has ever given."""

    def __init__(self) -> None:
        self.told = Told("ref", "none", Decimal(0), Decimal(0), Decimal(0), 0)
        self.raises, self.captures = True, "works"
        self.said: list[Told] = []
        self.taken: list[Decimal] = []

    def change(self, **values: object) -> Told:
        self.told = replace(self.told, sequence=self.told.sequence + 1, **values)  # type: ignore[arg-type]
        self.said.append(self.told)
        return self.told

    def carry_out(self, order: Order) -> Told | None:
        """The answer; None if it is refused."""
        status = self.told.status
        if order.kind == AUTHORISE:
            return self.change(status="action_required")
        if order.kind == RAISE:
            return self.change(authorised=order.amount) if self.raises and status == "authorised" else None
        if order.kind == VOID:
            return self.change(status="voided") if status in ("action_required", "authorised") else None
        if order.kind == REFUND:
            return self.change(refunded=self.told.refunded + order.amount)
        assert order.kind == CAPTURE
        if status != "authorised" or order.amount > self.told.authorised:
            return None
        if self.captures != "works":
            return self.change(status="capturing")
        self.taken.append(order.amount)
        return self.change(status="captured", captured=order.amount)


class AnyOrder(RuleBasedStateMachine):
    """`account` is our side. What was ordered and not answered is ordered again by its key: the bank answers as it
    did."""

    def __init__(self) -> None:
        super().__init__()
        self.bank, self.account = Bank(), Account(wanted=HELD)
        self.order: Order | None = None
        self.answer: Told | None = None
        self.refund = Decimal(0)

    @rule()
    def ask(self) -> None:
        """Write the next order down and have the bank carry it out; the answer may get lost on its way."""
        if self.order is None:
            self.order = next_order(self.account, self.refund)
            self.answer = None if self.order is None else self.bank.carry_out(self.order)

    @precondition(lambda self: self.order is not None)
    @rule()
    def hear_the_answer(self) -> None:
        order, answer, self.order = self.order, self.answer, None
        assert order is not None
        if answer is not None:
            if order.kind == REFUND:
                self.refund -= order.amount
            self.account = after_told(self.account, answer)
        elif order.kind == RAISE:
            self.account = replace(self.account, raise_refused=True, wanted=self.account.authorised)

    @rule(at=st.floats(0, 1))
    def hear_something_older(self, at: float) -> None:
        """A webhook that comes late, twice, or before another."""
        if self.bank.said:
            self.account = after_told(self.account, self.bank.said[int(at * (len(self.bank.said) - 1))])

    @precondition(lambda self: self.bank.told.status == "action_required")
    @rule(pays=st.sampled_from(("authorised", "declined", "expired")))
    def the_payer_acts(self, pays: str) -> None:
        self.bank.change(status=pays, authorised=HELD if pays == "authorised" else Decimal(0))

    @precondition(lambda self: self.bank.told.status == "authorised")
    @rule()
    def the_hold_runs_out(self) -> None:
        self.bank.change(status="expired")

    @precondition(lambda self: self.bank.told.status == "capturing")
    @rule(works=st.booleans())
    def the_capture_is_decided(self, works: bool) -> None:
        amount = self.account.due if works else Decimal(0)
        assert amount is not None
        amount = min(amount, self.bank.told.authorised)
        self.bank.taken += [amount] if works else []
        self.bank.change(status="captured" if works else "capture_failed", captured=amount)

    @rule(raises=st.booleans(), captures=st.sampled_from(("works", "later")))
    def the_bank_changes_its_mind(self, raises: bool, captures: str) -> None:
        self.bank.raises, self.bank.captures = raises, captures

    @precondition(lambda self: self.account.state == "authorised" and not self.account.released)
    @rule(gross=st.sampled_from((0, 12, 30, 55)))
    def the_receipt_is_there(self, gross: int) -> None:
        if self.account.due is None:
            self.account = replace(self.account, due=Decimal(gross))

    @precondition(lambda self: self.account.due is None)
    @rule()
    def nothing_will_be_charged(self) -> None:
        self.account = replace(self.account, released=self.account.released or self.account.state in LIVE)

    @precondition(lambda self: self.account.state == "authorised" and not self.account.raise_refused)
    @rule()
    def the_price_nears_the_hold(self) -> None:
        self.account = replace(self.account, wanted=self.account.authorised + 20)

    @precondition(lambda self: self.account.state == "captured" and not self.refund)
    @rule(amount=st.sampled_from((1, 12, 99)))
    def a_credit_note_is_issued(self, amount: int) -> None:
        if Decimal(amount) <= self.account.captured - self.account.refunded:
            self.refund = Decimal(amount)

    @precondition(lambda self: self.account.state == "capture_failed")
    @rule(decision=st.sampled_from(("retried", "paid otherwise", "written off")))
    def finance_decides(self, decision: str) -> None:
        decided = after_decision(self.account, decision)
        assert decided is not None
        if decision != "retried" or self.bank.told.status == "capture_failed":
            self.account = decided
            if decision == "retried":
                self.bank.change(status="authorised")

    @invariant()
    def nothing_is_taken_that_is_not_owed(self) -> None:
        told, account = self.bank.told, self.account
        assert told.captured <= told.authorised
        assert len(self.bank.taken) <= 1
        assert told.refunded <= told.captured
        assert not told.captured or (account.due is not None and told.captured <= account.due)
        assert account.captured <= account.authorised
        assert account.refunded <= account.captured

    def teardown(self) -> None:
        """However it went: asked on, it comes to rest in a state in which nothing is left to be done."""
        if self.account.due is None:
            self.nothing_will_be_charged()
        for _ in range(20):
            self.ask()
            if self.order is not None:
                self.hear_the_answer()
            if self.bank.told.status == "capturing":
                self.the_capture_is_decided(True)
            self.account = after_told(self.account, self.bank.told)
        assert self.account.state not in LIVE, self.account
        assert next_order(self.account, self.refund) is None or self.account.state == "captured"


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestAnyOrder = AnyOrder.TestCase


def test_every_arrow_ends_in_a_state_of_the_table() -> None:
    reached = {state for arrows in PAYMENT.arrows.values() for state in arrows.values()}
    assert reached <= PAYMENT.arrows.keys()


def test_what_cannot_be_is_not_believed() -> None:
    held = Account("authorised", HELD, HELD, sequence=2)
    taken = Told("ref", "captured", HELD, Decimal(5), Decimal(0), 3)
    assert after_told(held, taken) is held, "taken without a receipt"
    owed = replace(held, due=Decimal(5))
    assert after_told(owed, replace(taken, captured=Decimal(6))) is owed, "more than the receipt says"
    assert after_told(owed, taken).state == "captured"
    assert after_told(after_told(owed, taken), replace(taken, status="voided", sequence=4)).state == "captured"


@pytest.mark.parametrize(
    ("running", "changes", "expected"),
    [
        ("20", {}, None),
        ("21", {}, RaiseTo(Decimal(50))),
        ("90", {"authorised": Decimal(90)}, RaiseTo(Decimal(100))),
        ("94", {"authorised": Decimal(100)}, None),
        ("95", {"authorised": Decimal(100)}, StopNow()),
        ("28", {"raise_refused": True}, None),
        ("29", {"raise_refused": True}, StopNow()),
        ("29", {"wanted": Decimal(50)}, None),
        ("29", {"due": Decimal(29)}, None),
    ],
)
def test_the_hold_follows_the_price_until_it_can_no_more(
    running: str, changes: dict[str, object], expected: object
) -> None:
    account = replace(Account("authorised", HELD, HELD), **changes)  # type: ignore[arg-type]
    assert next_limit(account, Decimal(running), Policy("n")) == expected
