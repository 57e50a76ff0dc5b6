"""Reservations: made, used, cancelled, expired, removed; each ends once."""

from __future__ import annotations

from typing import Any

import pytest

from engine.charging.kept import parts as kept
from engine.charging.kept import reservations
from engine.charging.kept.notice_events import ReservationChanged
from engine.charging.kept.notices import ReservationReported
from engine.charging.kept.view import rows_view
from engine.clock import to_iso
from tests.engine.charging.asking import V16, V201, ask
from tests.engine.charging.world import SECOND, World


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def reserve(world: World, number: int = 3, seconds: int = 600, answer: str = "Accepted") -> None:
    expires = to_iso(world.now + seconds * SECOND)
    sent = {"connectorId": 1, "expiryDate": expires, "idTag": "CARD", "reservationId": number}
    ask(world, V16, "ReserveNow", sent, {"status": answer})


def known(world: World) -> list[dict[str, Any]]:
    return rows_view(kept.RESERVATIONS, world.parts)


def states(world: World) -> list[tuple[int, str]]:
    return [(row["id"], row["state"]) for row in known(world)]


def told(world: World) -> list[str]:
    return [event.state for event in world.told(ReservationChanged)]


def test_a_start_uses_its_reservation(world: World) -> None:
    reserve(world)
    world.do(world.start(reservation=3))
    (row,) = known(world)
    assert (row["state"], row["session"], row["ended"]) == ("used", "session-101", world.now)
    world.pass_time(700)
    assert told(world) == ["active", "used"]


def test_2x_reserves_and_uses_in_its_own_words(world: World) -> None:
    from tests.engine.charging.test_transaction_events import event

    sent = {"id": 4, "expiryDateTime": to_iso(world.now + 600 * SECOND), "idToken": {"idToken": "T", "type": "Central"}}
    ask(world, V201, "ReserveNow", sent, {"status": "Accepted"})
    assert (known(world)[0]["evse"], known(world)[0]["id_token"]) == (0, "T")
    for _ in range(2):
        world.do(event("Started", 0, evse=1, connector=1, reservation=4))
    assert states(world) == [(4, "used")]
    assert told(world) == ["active", "used"]


def test_it_expires_by_our_clock_also_in_another_host(world: World) -> None:
    reserve(world, 3, 600)
    reserve(world, 4, 900)
    world.host_dies()
    world.pass_time(601)
    assert states(world) == [(3, "expired"), (4, "active")]
    world.pass_time(300)
    assert states(world) == [(3, "expired"), (4, "expired")]
    world.do(ReservationReported(4, "Expired"))
    assert told(world) == ["active", "active", "expired", "expired"]


def test_a_start_that_comes_late_used_it_all_the_same(world: World) -> None:
    reserve(world)
    world.pass_time(601)
    world.do(world.start(reservation=3, at=world.at(ago=60)))
    assert states(world) == [(3, "used")]


def test_cancelled_on_our_word_and_removed_on_the_stations(world: World) -> None:
    reserve(world, 3)
    reserve(world, 4)
    ask(world, V16, "CancelReservation", {"reservationId": 3}, {"status": "Accepted"})
    world.do(ReservationReported(4, "Removed"))
    world.do(ReservationReported(99, "Removed"))
    assert states(world) == [(3, "cancelled"), (4, "removed")]


def test_a_refusal_reserves_nothing_and_the_same_number_replaces(world: World) -> None:
    reserve(world, 3, answer="Occupied")
    assert known(world) == []
    reserve(world, 3, 600)
    reserve(world, 3, 1200)
    assert [row["expires"] - row["made"] for row in known(world)] == [1200 * SECOND]


def test_ended_ones_make_room_before_active_ones(world: World) -> None:
    reserve(world, 0, 10_000)
    for number in range(1, reservations.MAX_RESERVATIONS + 5):
        reserve(world, number, 10_000)
        ask(world, V16, "CancelReservation", {"reservationId": number}, {"status": "Accepted"})
    assert len(known(world)) == reservations.MAX_RESERVATIONS
    assert states(world)[0] == (0, "active")
