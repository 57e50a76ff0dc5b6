"""Smart charging: profiles set, read as a composite, cleared, and given along with a remote start."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ABSENT, ANY, holds, same

ACCEPTED = {"status": "Accepted"}


PROFILE = "csChargingProfiles"


def _profile(purpose: str = "TxDefaultProfile", start: str | None = "", **more: Any) -> dict[str, Any]:
    """A profile as the typed endpoint takes it; `start` None for none."""
    schedule: dict[str, Any] = {
        "unit": "A",
        "duration_s": 86_400,
        "periods": [{"start_s": 0, "limit": "6.0", "phases": 3}],
    }
    if start is not None:
        schedule["start"] = start or stamp()
    return {"purpose": purpose, "profile_kind": "Absolute", "schedules": [schedule], **more}


async def _set(bench: Bench, station: Station16, profile: dict[str, Any]) -> Commanded:
    body = {"evse": 1, "profile": profile}
    return await bench.operated(
        station, "/charging-profiles", body, action="SetChargingProfile", answer=ACCEPTED, wanted={"connectorId": 1}
    )


async def _known(bench: Bench, *wanted: dict[str, Any]) -> None:
    """Exactly these profiles are kept of the station."""
    profiles = (await bench.kept("charging-profiles"))["profiles"]
    same(len(profiles), len(wanted), f"how many profiles are kept ({profiles!r})")
    for profile, about in zip(profiles, wanted, strict=True):
        holds(profile, about, "a profile that is kept")


@case("TC_056_CSMS", sample=True)
async def default_profile(bench: Bench) -> None:
    """A TxDefaultProfile reaches the station with connector, stack level, validity, schedule and limit as given."""
    station = await bench.station16()
    await station.boot()
    told = await _set(bench, station, _profile(valid_from=stamp(), valid_to=stamp(ago_s=-86_400)))
    period = f"{PROFILE}.chargingSchedule.chargingSchedulePeriod.0"
    wanted = {
        "connectorId": 1,
        f"{PROFILE}.stackLevel": 0,
        f"{PROFILE}.chargingProfilePurpose": "TxDefaultProfile",
        f"{PROFILE}.chargingProfileKind": "Absolute",
        f"{PROFILE}.validFrom": ANY,
        f"{PROFILE}.validTo": ANY,
        f"{PROFILE}.chargingSchedule.startSchedule": ANY,
        f"{PROFILE}.chargingSchedule.chargingRateUnit": "A",
        f"{PROFILE}.chargingSchedule.duration": 86_400,
        f"{period}.startPeriod": 0,
        f"{period}.limit": {6.0, 6000.0},
        f"{period}.numberPhases": {3, ABSENT},
    }
    holds(told.request, wanted, "SetChargingProfile")
    about = {"purpose": "TxDefaultProfile", "evse": 1, "stack_level": 0, "transaction": None, "source": "CSO"}
    await _known(bench, {"id": told.ended["number"], **about})


@case("TC_057_CSMS")
async def profile_for_a_transaction(bench: Bench) -> None:
    """A TxProfile names the running transaction."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    told = await _set(bench, station, _profile("TxProfile", transaction=str(number)))
    wanted = {
        "connectorId": 1,
        f"{PROFILE}.chargingProfilePurpose": "TxProfile",
        f"{PROFILE}.transactionId": number,
    }
    holds(told.request, wanted, "SetChargingProfile")
    await _known(bench, {"id": told.ended["number"], "purpose": "TxProfile", "transaction": str(number)})


@case("TC_066_CSMS")
async def composite_schedule(bench: Bench) -> None:
    """The composite schedule is asked for by connector, duration and unit, and reaches the operator."""
    station = await bench.station16()
    await station.boot()
    asked = {"evse": 1, "duration_s": 300, "unit": "A"}
    wanted = {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]}
    answer = {**ACCEPTED, "connectorId": 1, "scheduleStart": stamp(), "chargingSchedule": schedule}
    told = await bench.operated(
        station, "/composite-schedule", asked, action="GetCompositeSchedule", answer=answer, wanted=wanted
    )
    same(told.ended["payload"]["chargingSchedule"], schedule, "the schedule that the operator gets")
    composites = (await bench.kept("charging-profiles"))["composites"]
    same([composite["evse"] for composite in composites], [1], "the EVSEs whose composite is kept")


@case("TC_067_CSMS")
async def clear_profiles(bench: Bench) -> None:
    """Three profiles are set, then one is cleared by its id alone, one by criteria alone, and the rest without any."""
    station = await bench.station16()
    await station.boot()
    numbers = []
    for level in range(3):
        told = await _set(bench, station, _profile(stack_level=level))
        wanted = {f"{PROFILE}.chargingProfilePurpose": "TxDefaultProfile", f"{PROFILE}.stackLevel": level}
        holds(told.request, wanted, "SetChargingProfile")
        numbers.append(told.request[PROFILE]["chargingProfileId"])
    same(len(set(numbers)), 3, "how many profile ids there are")
    by_criteria = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    for path, asked, left in (
        (f"/{numbers[0]}", {"id": numbers[0]}, numbers[1:]),
        ("?evse=1&purpose=TxDefaultProfile&stack_level=1", by_criteria, numbers[2:]),
        ("", {}, []),
    ):
        told = await bench.operated(
            station, f"/charging-profiles{path}", method="DELETE", action="ClearChargingProfile", answer=ACCEPTED
        )
        same(told.request, asked, "ClearChargingProfile")
        await _known(bench, *({"id": number} for number in left))


@case("TC_059_CSMS")
async def remote_start_with_profile(bench: Bench) -> None:
    """The remote start takes a relative TxProfile without a transaction along, and its session is accepted."""
    station = await bench.station16()
    await station.boot()
    profile = _profile("TxProfile", start=None, profile_kind="Relative")
    told = await bench.operated(
        station,
        "/start",
        {"token": {"id_token": bench.valid}, "evse": 1, "profile": profile},
        action="RemoteStartTransaction",
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
    session = await bench.session(number, id_token=bench.valid)
    await bench.led_to(told, kind="session", session=session["id"])
