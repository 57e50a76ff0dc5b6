"""ConcurrentTx in both versions' words: who is refused, and that nobody is for the very session that is asked about."""

from __future__ import annotations

import pytest

from engine.charging.effects import Reply
from engine.charging.messages import AuthorizeAnswer, AuthorizeAsked, TokenStanding, TransactionAnswer
from engine.charging.standing import Taken
from engine.ocpp.v2.tokens import id_token_info
from engine.ocpp.v16.authorize import id_tag_info
from tests.engine.charging.test_transaction_events import event
from tests.engine.charging.world import World, reply


def taken_by(*sessions: str, limit: int = 1) -> TokenStanding:
    return TokenStanding("ConcurrentTx", None, "G", (Taken(limit, frozenset(sessions)),))


def status_of(effects: list[object]) -> str:
    answer = next(effect.answer for effect in effects if isinstance(effect, Reply))
    assert isinstance(answer, (AuthorizeAnswer, TransactionAnswer))
    assert answer.standing is not None
    assert answer.standing.taken == ()
    return answer.standing.status


@pytest.fixture
def world() -> World:
    made = World()
    made.connect()
    return made


def test_without_the_sessions_that_do_not_count() -> None:
    two = TokenStanding("ConcurrentTx", 9, "G", (Taken(2, frozenset("ab")), Taken(1, frozenset("a"))))
    assert two.without({"a"}) == TokenStanding("Accepted", 9, "G")
    assert two.without({"b"}) == two.without(set()) == TokenStanding("ConcurrentTx", 9, "G")
    assert two.for_ending() == TokenStanding("Accepted", 9, "G")
    assert TokenStanding("Blocked").for_ending() == TokenStanding("Blocked").without({"a"}) == TokenStanding("Blocked")


def test_a_card_that_charges_elsewhere_is_told_so_before_the_cable_is_in(world: World) -> None:
    assert status_of(world.do(AuthorizeAsked("CARD", taken_by("elsewhere")))) == "ConcurrentTx"
    assert world.sessions == {}


def test_a_card_that_charges_here_may_end_it(world: World) -> None:
    world.do(world.start())
    (session,) = world.sessions
    assert status_of(world.do(AuthorizeAsked("CARD", taken_by(session)))) == "Accepted"
    assert status_of(world.do(AuthorizeAsked("CARD", taken_by("elsewhere")))) == "ConcurrentTx"


def test_a_transaction_event_and_a_start_agree(world: World) -> None:
    refused = reply(world.do(world.start(standing=taken_by("elsewhere"))))
    assert (refused.standing.status, refused.standing.taken) == ("ConcurrentTx", ())
    other = World()
    started = event("Started", 0, evse=1, id_token="CARD", standing=taken_by("elsewhere"))
    assert status_of(other.do(started)) == "ConcurrentTx"
    # The original answer, whatever has become free since; ending it is not asked how many are open.
    assert status_of(other.do(started._replace(standing=TokenStanding("Accepted")))) == "ConcurrentTx"
    assert status_of(other.do(event("Ended", 1, id_token="CARD", standing=taken_by("elsewhere")))) == "Accepted"


def test_a_transaction_is_not_concurrent_with_itself(world: World) -> None:
    """The cable first, then the card: the session is open before the token is known (E02, E03)."""
    world.do(event("Started", 0, evse=1))
    (session,) = world.sessions
    assert status_of(world.do(event("Updated", 1, id_token="CARD", standing=taken_by(session)))) == "Accepted"
    # Another transaction at this EVSE takes the place of the one whose end was lost.
    again = event("Started", 0, after_s=9, evse=1, id_token="CARD", standing=taken_by(session))
    assert status_of(world.do(again._replace(transaction="tx-2"))) == "Accepted"


@pytest.mark.parametrize("status", ["NoCredit", "NotAtThisTime"])
def test_what_1_6_has_no_word_for_is_blocked(status: str) -> None:
    assert id_tag_info(TokenStanding(status, None, "G")) == {"status": "Blocked", "parentIdTag": "G"}
    assert id_token_info(TokenStanding(status))["status"] == status
