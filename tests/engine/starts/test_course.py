"""A start in any order of what may happen around it: one end, and none that is not in the table."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.clock import SECOND
from engine.starts.course import (
    CHARGING,
    COMPLETED,
    ENDED,
    ENDS,
    LEDGER_LAG_US,
    START,
    WAITING,
    AskPayment,
    Await,
    Charge,
    Command,
    End,
    LateStop,
    Nothing,
    Start,
    Step,
    StopSession,
    TakeConnector,
    World,
    next_step,
    told,
)

STATUSES = ("", "Available", "Preparing", "Occupied", "Charging", "Faulted", "Reserved", "Unavailable")
OUTCOMES = ("Accepted", "Rejected", "Failed", "TimedOut", "NotConnected", "Expired", "Superseded")
PAYMENTS = ("requested", "action_required", "pending", "authorised", "declined", "expired", "voided", "failed")


class AnyOrder(RuleBasedStateMachine):
    """The runner's part in short; between two looks anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.start = Start("requested", needs_payment=True, pay_by=600 * SECOND)
        self.world = World(payment="requested", connector="Available")
        self.ends: list[str] = []
        self.charged = False

    @rule()
    def look(self) -> None:
        step = next_step(self.start, self.world, self.now)
        assert isinstance(step, get_args(Step))
        if isinstance(step, AskPayment):
            self._go("payment needed")
        elif isinstance(step, TakeConnector):
            assert self.world.payment == "authorised", "nobody starts without what is needed"
            self._go("connector held")
        elif isinstance(step, Await):
            self._go("accepted", plug_in_by=self.now + 120 * SECOND)
        elif isinstance(step, Charge):
            self._go("transaction")
        elif isinstance(step, End):
            self.ends.append(step.how)
            self.charged |= step.how == COMPLETED
            self._go(step.how, ended_as=step.how)
        elif isinstance(step, StopSession | LateStop):
            assert self.world.session

    def _go(self, cause: str, **changes: object) -> None:
        reached = START.after(self.start.state, cause)
        assert reached is not None, (self.start.state, cause)
        self.start = replace(self.start, state=reached, **changes)  # type: ignore[arg-type]

    @rule(seconds=st.sampled_from((1, 60, 200, 700)))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(status=st.sampled_from(STATUSES), connected=st.booleans(), occupied=st.booleans())
    def the_station_changes(self, status: str, connected: bool, occupied: bool) -> None:
        self.world = replace(self.world, connector=status, connected=connected, occupied=occupied)

    @rule(payment=st.sampled_from(PAYMENTS))
    def the_payment_changes(self, payment: str) -> None:
        self.world = replace(self.world, payment=payment)

    @rule(standing=st.sampled_from(("Accepted", "Blocked")))
    def the_token_changes(self, standing: str) -> None:
        self.world = replace(self.world, standing=standing)

    @precondition(lambda self: self.start.state == "commanding" and not self.world.outcome)
    @rule(outcome=st.sampled_from(OUTCOMES))
    def the_command_ends(self, outcome: str) -> None:
        assert isinstance(next_step(self.start, self.world, self.now), Command | Charge | End)
        self.world = replace(self.world, outcome=outcome)

    @precondition(lambda self: self.start.state in ("commanding", "waiting", ENDED) and not self.world.session)
    @rule(accepted=st.booleans())
    def a_transaction_begins(self, accepted: bool) -> None:
        self.world = replace(self.world, session="s1", authorisation="Accepted" if accepted else "Invalid")

    @precondition(lambda self: self.world.session)
    @rule()
    def the_session_stops(self) -> None:
        self.world = replace(self.world, over=True)

    @rule()
    def the_driver_wants_no_more(self) -> None:
        if self.start.state != ENDED:
            self.start = replace(self.start, cancelled=not self.world.session, stop_because="driver")

    @invariant()
    def it_has_one_end_at_most_and_the_driver_is_told(self) -> None:
        assert len(self.ends) <= 1
        assert (self.start.state == ENDED) == (len(self.ends) == 1)
        assert all(told(end).endswith(".") for end in self.ends)

    def teardown(self) -> None:
        """Whatever has happened: as time goes on it ends, and a session that nobody pays for is stopped."""
        if self.start.state == CHARGING:
            self.the_session_stops()
        for _ in range(12):
            self.look()
            if self.start.state == "commanding" and not self.world.outcome:
                self.the_command_ends("TimedOut")
            if self.start.state == CHARGING:
                self.the_session_stops()
            self.time_passes(700)
        assert self.start.state == ENDED
        if self.world.session and not self.world.over:
            assert not self.charged
            assert isinstance(next_step(self.start, self.world, self.now), LateStop)


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"connected": False}, "offline"),
        ({"connector": "Faulted"}, "connector_unavailable"),
        ({"job": "job-1"}, "under_maintenance"),
        ({"connector": "Reserved"}, "connector_unavailable"),
        ({"occupied": True}, "connector_taken"),
        ({"connector": "Charging"}, "connector_taken"),
        ({"standing": "Blocked", "connected": False}, "token_refused"),
    ],
)
def test_what_is_in_the_way_is_told_before_anybody_pays(changes: dict[str, object], end: str) -> None:
    step = next_step(Start("requested", needs_payment=True), replace(World(), **changes), 0)  # type: ignore[arg-type]
    assert isinstance(step, End)
    assert step.how == end


@pytest.mark.parametrize(
    ("connector", "connected", "end"),
    [("Available", True, "not_plugged_in"), ("Preparing", True, "no_transaction_in_time"), ("", False, "offline")],
)
def test_a_deadline_says_what_was_missing(connector: str, connected: bool, end: str) -> None:
    waiting, world = Start(WAITING, plug_in_by=SECOND), World(connector=connector, connected=connected)
    assert next_step(waiting, world, SECOND + LEDGER_LAG_US - 1) == Nothing()
    step = next_step(waiting, world, SECOND + LEDGER_LAG_US)
    assert isinstance(step, End)
    assert step.how == end
    assert next_step(waiting, replace(world, session="s1"), 99 * SECOND) == Charge(), "it had begun in time"


def test_a_declined_card_is_told_in_the_banks_words() -> None:
    assert told("payment_declined", "expired_card") == "The card has expired. Nothing was charged."
    assert set(ENDS) == {cause for arrows in START.arrows.values() for cause in arrows if arrows[cause] == ENDED}
