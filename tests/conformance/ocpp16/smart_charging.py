"""Smart charging: profiles set, read as a composite, cleared, and given along with a remote start."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ABSENT, ANY, holds, same

ACCEPTED = {"status": "Accepted"}


def _profile(id: int = 1, purpose: str = "TxDefaultProfile", stack: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "chargingProfileId": id,
        "stackLevel": stack,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "duration": 86_400,
            "startSchedule": stamp(),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0, "numberPhases": 3}],
        },
        **more,
    }


async def _set(bench: Bench, station: Station16, profile: dict[str, Any]) -> Commanded:
    asked = {"connectorId": 1, "csChargingProfiles": profile}
    return await bench.commanded(station, "SetChargingProfile", asked, answer=ACCEPTED)


@case("TC_056_CSMS", sample=True)
async def default_profile(bench: Bench) -> None:
    """A TxDefaultProfile reaches the station with connector, stack level, validity, schedule and limit as given."""
    station = await bench.station16()
    await station.boot()
    told = await _set(bench, station, _profile(validFrom=stamp(), validTo=stamp(ago_s=-86_400)))
    period = "csChargingProfiles.chargingSchedule.chargingSchedulePeriod.0"
    wanted = {
        "connectorId": 1,
        "csChargingProfiles.stackLevel": 0,
        "csChargingProfiles.chargingProfilePurpose": "TxDefaultProfile",
        "csChargingProfiles.chargingProfileKind": "Absolute",
        "csChargingProfiles.validFrom": ANY,
        "csChargingProfiles.validTo": ANY,
        "csChargingProfiles.chargingSchedule.startSchedule": ANY,
        "csChargingProfiles.chargingSchedule.chargingRateUnit": "A",
        "csChargingProfiles.chargingSchedule.duration": 86_400,
        f"{period}.startPeriod": 0,
        f"{period}.limit": {6.0, 6000.0},
        f"{period}.numberPhases": {3, ABSENT},
    }
    holds(told.request, wanted, "SetChargingProfile")


@case("TC_057_CSMS")
async def profile_for_a_transaction(bench: Bench) -> None:
    """A TxProfile names the running transaction."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    told = await _set(bench, station, _profile(purpose="TxProfile", transactionId=number))
    wanted = {
        "connectorId": 1,
        "csChargingProfiles.chargingProfilePurpose": "TxProfile",
        "csChargingProfiles.transactionId": number,
    }
    holds(told.request, wanted, "SetChargingProfile")


@case("TC_066_CSMS")
async def composite_schedule(bench: Bench) -> None:
    """The composite schedule is asked for by connector, duration and unit, and reaches the operator."""
    station = await bench.station16()
    await station.boot()
    asked = {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]}
    answer = {**ACCEPTED, "connectorId": 1, "scheduleStart": stamp(), "chargingSchedule": schedule}
    told = await bench.commanded(station, "GetCompositeSchedule", asked, answer=answer, wanted=asked)
    same(told.ended["payload"]["chargingSchedule"], schedule, "the schedule that the operator gets")


@case("TC_067_CSMS")
async def clear_profiles(bench: Bench) -> None:
    """Three profiles are set, then one is cleared by its id alone, one by criteria alone, and the rest without any."""
    station = await bench.station16()
    await station.boot()
    for number in range(3):
        told = await _set(bench, station, _profile(number + 1, stack=number))
        wanted = {"connectorId": 1, "csChargingProfiles.stackLevel": number}
        holds(told.request, {**wanted, "csChargingProfiles.chargingProfilePurpose": "TxDefaultProfile"}, "a profile")
    by_id = {"id": 1}
    by_criteria = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    for asked in (by_id, by_criteria, {}):
        told = await bench.commanded(station, "ClearChargingProfile", asked, answer=ACCEPTED)
        rest = {"id", "connectorId", "chargingProfilePurpose", "stackLevel"} - asked.keys()
        holds(told.request, asked | dict.fromkeys(rest, ABSENT), "ClearChargingProfile")


@case("TC_059_CSMS")
async def remote_start_with_profile(bench: Bench) -> None:
    """The remote start takes a relative TxProfile without a transaction along, and its session is accepted."""
    station = await bench.station16()
    await station.boot()
    profile = _profile(purpose="TxProfile", chargingProfileKind="Relative")
    del profile["chargingSchedule"]["startSchedule"]
    told = await bench.commanded(
        station,
        "RemoteStartTransaction",
        {"idTag": bench.valid, "connectorId": 1, "chargingProfile": profile},
        answer=ACCEPTED,
    )
    wanted = {
        "idTag": bench.valid,
        "connectorId": 1,
        "chargingProfile.chargingProfilePurpose": "TxProfile",
        "chargingProfile.transactionId": ABSENT,
        "chargingProfile.chargingProfileKind": "Relative",
        "chargingProfile.chargingSchedule.chargingSchedulePeriod.0.startPeriod": 0,
    }
    holds(told.request, wanted, "RemoteStartTransaction")
    await station.authorize(wanted={"idTagInfo.status": "Accepted"})
    await station.status("Preparing")
    number = await station.start(wanted={"idTagInfo.status": "Accepted"})
    await station.status("Charging")
    same((await bench.connector())["session"]["command"], told.id, "the command behind the session")
    await bench.session(number, id_token=bench.valid)
