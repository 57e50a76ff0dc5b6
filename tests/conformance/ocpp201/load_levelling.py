"""Block K, a car with needs of its own (ISO 15118): a schedule offered, kept to or not, and negotiated anew."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.ocpp201.charging_profiles import booted, profile, put
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

ACCEPTED = {"status": "Accepted"}
MOST = 32
"""Amperes that the car can take."""

Profile = dict[str, Any]


async def _connected(bench: Bench) -> Station201:
    """Authorized, and then EVConnectedPreSession."""
    station = await booted(bench)
    await station.authorised()
    await station.ev_connected_pre_session()
    await station.transactions[1].event("Updated", "Authorized", token=station.tag)
    return station


async def _tell_needs(station: Station201, *statuses: str) -> None:
    """The car's needs, which are answered with one of these."""
    car = {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": MOST, "evMaxVoltage": 230}
    needs = {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": car}
    said = {"evseId": 1, "maxScheduleTuples": 1, "chargingNeeds": needs}
    await station.call("NotifyEVChargingNeeds", said, wanted={"status": set(statuses)})


async def _offered(station: Station201) -> Profile:
    """The CSMS offers the transaction a schedule by itself, which the station takes."""
    wanted = {
        "evseId": 1,
        "chargingProfile.chargingProfilePurpose": "TxProfile",
        "chargingProfile.transactionId": station.transactions[1].id,
        "chargingProfile.chargingSchedule": lambda schedules: len(schedules) == 1,
    }
    told = await station.expect("SetChargingProfile", ACCEPTED, wanted=wanted)
    offered: Profile = told["chargingProfile"]
    return offered


async def _tell_schedule(station: Station201, offered: Profile, status: str, *, above: float = 0) -> None:
    """The car means to charge as it was offered, or `above` that; it is answered with `status`."""
    (schedule,) = offered["chargingSchedule"]
    periods = [{**period, "limit": period["limit"] + above} for period in schedule["chargingSchedulePeriod"]]
    said = {"timeBase": stamp(), "evseId": 1, "chargingSchedule": {**schedule, "chargingSchedulePeriod": periods}}
    await station.call("NotifyEVChargingSchedule", said, wanted={"status": status, "statusInfo": ABSENT})


def _limit(offered: Profile) -> float:
    limit: float = offered["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    return limit


async def _negotiated(bench: Bench) -> tuple[Station201, Profile]:
    """ISO15118SmartCharging: the needs, the offer, the car's schedule within it, and it charges. The offer."""
    station = await _connected(bench)
    await _tell_needs(station, "Accepted", "Processing")
    offered = await _offered(station)
    await _tell_schedule(station, offered, "Accepted")
    await station.transactions[1].event("Updated", "ChargingStateChanged", "Charging")
    return station, offered


async def _needs_are_kept(bench: Bench, offered: Profile) -> None:
    """What the car told, and the one profile of its transaction, are known."""
    known = await bench.kept("charging-profiles")
    (needs,) = known["needs"]
    wanted = {"evse": 1, "needs.acChargingParameters.evMaxCurrent": MOST, "schedule.unit": "A", "refusals": 0}
    holds(needs, wanted, "the needs that are kept")
    own = [each for each in known["profiles"] if each["purpose"] == "TxProfile"]
    same([each["id"] for each in own], [offered["id"]], "the profiles of the transaction that are kept")
    same(own[0]["schedules"][0]["periods"][0]["limit"], _limit(offered), "the limit that is kept")


@case("TC_K_53_CSMS", sample=True)
async def a_schedule_for_a_car(bench: Bench) -> None:
    """The car's needs are accepted, its transaction is offered a schedule, what it then means to draw is accepted."""
    _, offered = await _negotiated(bench)
    same(_limit(offered), MOST, "the limit where nobody set one: what the car can take")
    await _needs_are_kept(bench, offered)


@case("TC_K_55_CSMS")
async def a_car_that_means_to_draw_more(bench: Bench) -> None:
    """A car that means to draw more than its EVSE's default is rejected and offered anew; then it keeps to that."""
    station = await _connected(bench)
    await put(bench, station, profile(limit="16.0", timed=False, profile_kind="Relative"))
    await _tell_needs(station, "Accepted")
    offered = await _offered(station)
    same(_limit(offered), 16.0, "the limit, which the EVSE's default sets")
    await _tell_schedule(station, offered, "Rejected", above=1)
    await station.transactions[1].event("Updated", "ChargingStateChanged", "Charging")
    again = await _offered(station)
    same(_limit(again), 16.0, "the limit of the new offer")
    await _tell_schedule(station, again, "Accepted")
    await _needs_are_kept(bench, again)


@case("TC_K_57_CSMS")
async def the_car_negotiates_anew(bench: Bench) -> None:
    """A car that charges tells needs anew; its transaction is offered a schedule again, in place of the first."""
    station, first = await _negotiated(bench)
    await _tell_needs(station, "Accepted", "Processing")
    again = await _offered(station)
    same(again["id"], first["id"], "the id of the new offer")
    await _tell_schedule(station, again, "Accepted")
    await _needs_are_kept(bench, again)


async def _less_power(bench: Bench, station: Station201, offered: Profile) -> Profile:
    """The operator gives the transaction that charges less power, in place of what it was offered."""
    own = {"transaction": station.transactions[1].id, "number": offered["id"]}
    told = await put(bench, station, profile("TxProfile", "10.0", timed=False, profile_kind="Relative", **own))
    less: Profile = told.request["chargingProfile"]
    same(less["id"], offered["id"], "the id of the operator's profile")
    return less


@case("TC_K_58_CSMS")
async def the_operator_negotiates_anew(bench: Bench) -> None:
    """The operator gives a transaction that charges less power; what the car then means to draw is accepted."""
    station, offered = await _negotiated(bench)
    less = await _less_power(bench, station, offered)
    await _tell_schedule(station, less, "Accepted")
    await _needs_are_kept(bench, less)


@case("TC_K_59_CSMS")
async def the_operator_negotiates_anew_and_the_car_tells_its_needs(bench: Bench) -> None:
    """The operator gives less power, the car tells its needs again: it is offered no more than the operator gave."""
    station, offered = await _negotiated(bench)
    less = await _less_power(bench, station, offered)
    await _tell_needs(station, "Accepted", "Processing")
    again = await _offered(station)
    same(_limit(again), _limit(less), "the limit of the new offer")
    await _tell_schedule(station, again, "Accepted")
    await _needs_are_kept(bench, again)
