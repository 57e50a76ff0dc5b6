"""An EV that tells its needs is offered a schedule that lifts nobody's limit, and is held to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.effects import Effect, Operate, Reply, SendCall
from engine.charging.kept.notices import NeedsReported, ScheduleReported
from engine.charging.kept.view import VIEWS
from engine.charging.messages import Booted, CallAnswered, TransactionReported
from engine.charging.smart.charging import MAX_REFUSALS
from engine.charging.smart.load_levelling import keeps_to
from engine.clock import SECOND, to_iso
from engine.ocpp.v2.protocol import OCPP_201
from tests.engine.charging.asking import V201, ask
from tests.engine.charging.world import ACCEPTED, BEGIN, World, of, reply

AC = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230},
}
DC = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {"evMaxCurrent": 125, "evMaxVoltage": 400, "stateOfCharge": 20},
}


class Car:
    """A car at EVSE 1 of a 2.x station, whose transaction runs unless told otherwise."""

    def __init__(self, *, runs: bool = True) -> None:
        self.world = World()
        self.world.connect()
        self.world.do(Booted("V", "M"))
        if runs:
            self.begins()

    def begins(self, evse: int = 1, *, offline: bool = False, event: str = "Started", seq: int = 0) -> list[Effect]:
        said = (event, "T-1", seq, self.world.at(), "CablePluggedIn", offline, "EVConnected", "")
        token = ("CARD", ACCEPTED) if event == "Started" else (None, None)
        return self.world.do(TransactionReported(*said, evse, min(evse, 1), *token, ()))

    def needs(self, needs: dict[str, Any]) -> list[Effect]:
        return self.world.do(NeedsReported(1, needs))

    def means(self, limit: float, *, unit: str = "A", at: float = 0, **more: Any) -> tuple[str, list[Effect]]:
        """It means to draw this from now, or `at` seconds from now, on; what is said to that."""
        base = to_iso(self.world.now + int(at * SECOND))
        said = {"unit": unit, "periods": [{"start_s": 0, "limit": limit}], "timeBase": base, **more}
        done = self.world.do(ScheduleReported(1, said))
        return reply(done).content["status"], done

    def takes(self, done: list[Effect]) -> dict[str, Any]:
        """The one profile that its station was sent in these effects, which it takes."""
        ((call, payload),) = [(call, dict(call.payload)) for call in of(SendCall, done)]
        assert (call.action, payload["evseId"]) == ("SetChargingProfile", 1)
        OCPP_201.validate_call(call.action, payload)
        answer = {"status": "Accepted"}
        facts = OCPP_201.learned(call.action, payload, answer)
        self.world.do(CallAnswered(call.command, answer, OCPP_201.outcome(call.action, answer), facts))
        profile: dict[str, Any] = payload["chargingProfile"]
        return profile

    def operator(self, limit: float, purpose: str = "TxProfile", number: int = 7, evse: int = 1, **more: Any) -> None:
        """An operator sets a profile, for the transaction if it is a TxProfile."""
        periods = [{"startPeriod": 0, "limit": limit, "numberPhases": 3}]
        schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        profile = {"id": number, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Relative"}
        mine = {"transactionId": "T-1"} if purpose == "TxProfile" else {}
        sent = {"evseId": evse, "chargingProfile": profile | mine | {"chargingSchedule": [schedule]} | more}
        ask(self.world, V201, "SetChargingProfile", sent, {"status": "Accepted"})

    def profiles(self) -> list[tuple[int, float]]:
        rows = VIEWS["charging-profiles"](self.world.parts)["profiles"]
        return [(row["id"], row["schedules"][0]["periods"][0]["limit"]) for row in rows]


def limit(profile: dict[str, Any]) -> tuple[float, str]:
    (schedule,) = profile["chargingSchedule"]
    (period,) = schedule["chargingSchedulePeriod"]
    return period["limit"], schedule["chargingRateUnit"]


def test_where_nobody_set_a_limit_the_ev_is_offered_what_it_can_take() -> None:
    car = Car()
    done = car.needs(AC)
    assert reply(done).content == {"status": "Accepted"}
    profile = car.takes(done)
    assert (profile["chargingProfilePurpose"], profile["transactionId"]) == ("TxProfile", "T-1")
    assert limit(profile) == (32.0, "A")
    (schedule,) = profile["chargingSchedule"]
    assert (schedule["startSchedule"], schedule["duration"]) == (to_iso(BEGIN), 86_400)
    assert schedule["chargingSchedulePeriod"][0]["numberPhases"] == 3


@pytest.mark.parametrize(
    ("needs", "watts"),
    [
        (DC, 50_000.0),
        ({**DC, "dcChargingParameters": {**DC["dcChargingParameters"], "evMaxPower": 22_000.55}}, 22_000.5),  # type: ignore[dict-item]
        ({"requestedEnergyTransfer": "AC_BPT", "v2xChargingParameters": {"maxChargePower": 11_000}}, 11_000.0),
    ],
)
def test_in_watts_where_it_tells_power(needs: dict[str, Any], watts: float) -> None:
    car = Car()
    profile = car.takes(car.needs(needs))
    assert limit(profile) == (watts, "W")
    assert "numberPhases" not in profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]


def test_until_it_departs() -> None:
    car = Car()
    departs = {**AC, "departureTime": to_iso(BEGIN + 3600 * SECOND)}
    assert car.takes(car.needs(departs))["chargingSchedule"][0]["duration"] == 3600


@pytest.mark.parametrize("needs", [{"requestedEnergyTransfer": "DC"}, {"requestedEnergyTransfer": "WPT"}, {}])
def test_of_unknown_needs_we_plan_nothing(needs: dict[str, Any]) -> None:
    done = Car().needs(needs)
    assert reply(done).content == {"status": "Processing"}
    assert of(Operate, done) == []


def test_without_a_transaction_there_is_nothing_to_plan_for() -> None:
    done = Car(runs=False).needs(AC)
    assert reply(done).content == {"status": "Processing"}
    assert of(Operate, done) == []


@pytest.mark.parametrize("later", [False, True])
def test_a_car_that_waits_is_offered_a_schedule_when_its_transaction_begins_there(later: bool) -> None:
    car = Car(runs=False)
    car.needs(AC)
    car.world.pass_time(20)
    done = car.begins(0) if later else []
    assert of(Operate, done) == []
    done = car.begins(1, event="Updated", seq=1) if later else car.begins()
    assert [type(effect) for effect in done if isinstance(effect, (Reply, SendCall))] == [Reply, SendCall]
    assert limit(car.takes(done)) == (32.0, "A")
    assert of(Operate, car.begins(1, event="Updated", seq=2)) == []


@pytest.mark.parametrize(("seconds", "offline"), [(61, False), (20, True)])
def test_not_when_it_has_waited_too_long_or_that_was_long_ago(seconds: float, offline: bool) -> None:
    car = Car(runs=False)
    car.needs(AC)
    car.world.pass_time(seconds)
    assert of(Operate, car.begins(offline=offline)) == []


def test_the_default_of_the_evse_is_not_lifted() -> None:
    car = Car()
    car.operator(10, "TxDefaultProfile", 1, evse=0)
    car.operator(16, "TxDefaultProfile", 2, stackLevel=1)
    car.operator(6, "TxDefaultProfile", 3, stackLevel=2, validTo=to_iso(BEGIN - SECOND))
    car.operator(6, "TxDefaultProfile", 4, evse=2, stackLevel=3)
    profile = car.takes(car.needs(AC))
    assert limit(profile) == (16.0, "A")
    assert (profile["stackLevel"], profile["chargingProfileKind"]) == (0, "Relative")


def test_new_needs_take_the_place_of_the_old_under_the_same_number() -> None:
    car = Car()
    first = car.takes(car.needs(AC))
    car.world.pass_time(60)
    less = {**AC, "acChargingParameters": {**AC["acChargingParameters"], "evMaxCurrent": 8}}  # type: ignore[dict-item]
    second = car.takes(car.needs(less))
    assert second["id"] == first["id"]
    assert car.profiles() == [(first["id"], 8.0)]


def test_what_an_operator_set_for_the_transaction_is_offered_again_however_often() -> None:
    car = Car()
    ours = car.takes(car.needs(AC))
    car.operator(10, number=ours["id"])
    for _ in range(3):
        car.world.pass_time(60)
        again = car.takes(car.needs(AC))
        assert (again["id"], *limit(again)) == (ours["id"], 10.0, "A")
    assert car.profiles() == [(ours["id"], 10.0)]


def test_what_we_have_no_words_for_is_left_to_whoever_set_it() -> None:
    car = Car()
    periods = [{"startPeriod": 0, "limit": 10, "numberPhases": 1, "phaseToUse": 2}]
    car.operator(10, chargingSchedule=[{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}])
    done = car.needs(AC)
    assert (reply(done).content, of(Operate, done)) == ({"status": "Processing"}, [])


def test_a_schedule_within_the_limits_is_accepted_and_one_above_is_negotiated_anew() -> None:
    car = Car()
    car.operator(16)
    car.takes(car.needs(AC))
    assert car.means(16)[0] == "Accepted"
    status, done = car.means(16.1)
    assert status == "Rejected"
    assert limit(car.takes(done)) == (16.0, "A")
    status, done = car.means(15)
    assert (status, of(Operate, done)) == ("Accepted", [])


def test_an_ev_that_never_keeps_to_it_is_not_asked_for_ever() -> None:
    car = Car()
    car.operator(16)
    asked = []
    for _ in range(MAX_REFUSALS + 2):
        car.world.pass_time(5)
        status, done = car.means(20)
        assert status == "Rejected"
        asked.append(len(of(Operate, done)))
        if asked[-1]:
            car.takes(done)
    assert asked == [1] * MAX_REFUSALS + [0, 0]
    car.takes(car.needs(AC))
    assert len(of(Operate, car.means(20)[1])) == 1, "new needs begin anew"


def test_where_there_is_no_offer_or_no_transaction_every_schedule_is_taken() -> None:
    assert Car().means(1000)[0] == "Accepted"
    car = Car()
    car.operator(6, "TxDefaultProfile")
    assert car.means(1000)[0] == "Accepted"
    assert Car(runs=False).means(1000)[0] == "Accepted"


def test_a_restart_between_needs_and_schedule_changes_nothing() -> None:
    car = Car()
    first = car.takes(car.needs(AC))
    car.world.host_dies()
    car.world.connect()
    assert car.means(33)[0] == "Rejected"
    car.world.pass_time(90)
    assert car.takes(car.needs(AC))["id"] == first["id"]


# --- comparing schedules ----------------------------------------------------------------------------------------------


def offered(*periods: tuple[int, float], kind: str = "Absolute", recurrency: str | None = None, **more: Any) -> Any:
    schedule = {"unit": "A", "periods": [{"start_s": at, "limit": most} for at, most in periods], **more}
    return {"kind": kind, "recurrency": recurrency, "schedules": [schedule]}


def meant(*periods: tuple[int, float], at: int = 0, **more: Any) -> dict[str, Any]:
    base = to_iso(BEGIN + at * SECOND)
    said = [{"start_s": start, "limit": most} for start, most in periods]
    return {"unit": "A", "periods": said, "timeBase": base, **more}


@pytest.mark.parametrize(
    ("profile", "said", "keeps"),
    [
        (offered((0, 16), (60, 8), start=to_iso(BEGIN)), meant((0, 16), (60, 8)), True),
        (offered((0, 16), (60, 8), start=to_iso(BEGIN)), meant((0, 16)), False),
        (offered((0, 16), (60, 8), start=to_iso(BEGIN)), meant((0, 16), duration_s=60), True),
        (offered((0, 16), (60, 8), start=to_iso(BEGIN)), meant((0, 16), at=30, duration_s=31), False),
        (offered((0, 16), (60, 8), kind="Relative"), meant((0, 16), (60, 8), at=1000), True),
        (offered((0, 16), (60, 8)), meant((0, 8), (50, 16), at=1000), False),
        (offered((0, 16), duration_s=60, start=to_iso(BEGIN)), meant((0, 16), (60, 99)), True),
        (offered((0, 16), start=to_iso(BEGIN + 60 * SECOND)), meant((0, 99), (60, 16)), True),
        (offered((0, 16), start=to_iso(BEGIN + 60 * SECOND)), meant((0, 99)), False),
        (offered((0, 16), (60, 8), kind="Recurring", recurrency="Daily", start=to_iso(BEGIN)),
         meant((0, 8), at=86_400 * 3 + 100, duration_s=86_400 - 200), True),
        (offered((0, 16), (60, 8), kind="Recurring", recurrency="Daily", start=to_iso(BEGIN)),
         meant((0, 16), at=86_400 * 3, duration_s=60), True),
        (offered((0, 16), (60, 8), kind="Recurring", recurrency="Daily", start=to_iso(BEGIN)),
         meant((0, 16), at=86_400 * 3, duration_s=61), False),
        (offered((0, 16), (60, 8), kind="Recurring", recurrency="Daily", start=to_iso(BEGIN)),
         meant((0, 8), (86_400, 16), at=0, duration_s=2 * 86_400), False),
        (offered((0, 6)), meant((0, 4000), unit="W"), True),
    ],
)  # fmt: skip
def test_a_schedule_is_compared_at_every_moment_at_which_either_changes(profile: Any, said: Any, keeps: bool) -> None:
    assert keeps_to(profile, said, BEGIN) is keeps


def test_one_of_several_offered_schedules_is_enough() -> None:
    profile = offered((0, 6))
    profile["schedules"] += offered((0, 16))["schedules"]
    assert keeps_to(profile, meant((0, 16)), BEGIN)
    assert not keeps_to(profile, meant((0, 17)), BEGIN)


_PERIODS = st.dictionaries(st.integers(1, 7200), st.integers(0, 320), max_size=5)


def _steps(first: int, later: dict[int, int]) -> list[tuple[int, float]]:
    return [(0, first / 10), *((at, most / 10) for at, most in sorted(later.items()))]


def _value(steps: list[tuple[int, float]], at: int) -> Decimal:
    return Decimal(str([most for start, most in steps if start <= at][-1]))


@given(st.integers(0, 320), _PERIODS, st.integers(0, 320), _PERIODS, st.integers(0, 3600))
def test_comparing_where_something_changes_is_comparing_every_second(
    first: int, later: dict[int, int], own: int, others: dict[int, int], ahead: int
) -> None:
    theirs, ours = _steps(first, later), _steps(own, others)
    keeps = all(_value(theirs, at) <= _value(ours, at + ahead) for at in range(7300))
    said = meant(*theirs, at=ahead, duration_s=7300)
    assert keeps_to(offered(*ours, start=to_iso(BEGIN)), said, BEGIN) is keeps
