"""Block K, profiles: set for an EVSE, the station, a transaction or a remote start; replaced, cleared, composed."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import CallError, stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

ACCEPTED = {"status": "Accepted"}
DAY_S = 86_400
PROFILE = "chargingProfile"
SCHEDULE = f"{PROFILE}.chargingSchedule.0"
PERIOD = f"{SCHEDULE}.chargingSchedulePeriod.0"


async def booted(bench: Bench, evses: int = 1) -> Station201:
    """A connected station whose boot was accepted."""
    station = await bench.station201(evses)
    await station.boot()
    return station


def profile(
    purpose: str = "TxDefaultProfile", limit: str = "6.0", *, timed: bool = True, **more: Any
) -> dict[str, Any]:
    """An absolute profile for the next day as the typed endpoint takes it, one without times if not `timed`."""
    schedule: dict[str, Any] = {"unit": "A", "periods": [{"start_s": 0, "limit": limit, "phases": 3}]}
    times: dict[str, Any] = {}
    if timed:
        schedule |= {"start": stamp(), "duration_s": DAY_S}
        times = {"valid_from": stamp(), "valid_to": stamp(ago_s=-DAY_S)}
    return {"purpose": purpose, "profile_kind": "Absolute", "schedules": [schedule], **times, **more}


async def put(
    bench: Bench,
    station: Station201,
    given: dict[str, Any],
    evse: int = 1,
    *,
    answer: Any = ACCEPTED,
    outcome: str = "Accepted",
) -> Commanded:
    """The operator sets a profile; the station is told its EVSE and all that was given."""
    body = {"evse": evse, "profile": given}
    told = await bench.operated(
        station, "/charging-profiles", body, action="SetChargingProfile", answer=answer, outcome=outcome
    )
    holds(told.request, {"evseId": evse, **as_told(given)}, "SetChargingProfile")
    return told


def as_told(given: dict[str, Any]) -> dict[str, Any]:
    """What a station has to be told of a profile, field by field; what was not given is not said."""
    schedule = given["schedules"][0]
    period = schedule["periods"][0]
    return {
        f"{PROFILE}.stackLevel": given.get("stack_level", 0),
        f"{PROFILE}.chargingProfilePurpose": given["purpose"],
        f"{PROFILE}.chargingProfileKind": given["profile_kind"],
        f"{PROFILE}.recurrencyKind": given.get("recurrency", ABSENT),
        f"{PROFILE}.validFrom": given.get("valid_from", ABSENT),
        f"{PROFILE}.validTo": given.get("valid_to", ABSENT),
        f"{PROFILE}.transactionId": given.get("transaction", ABSENT),
        f"{PROFILE}.chargingSchedule": lambda schedules: len(schedules) == 1,
        f"{SCHEDULE}.startSchedule": schedule.get("start", ABSENT),
        f"{SCHEDULE}.duration": schedule.get("duration_s", ABSENT),
        f"{SCHEDULE}.chargingRateUnit": schedule["unit"],
        f"{SCHEDULE}.chargingSchedulePeriod": lambda periods: len(periods) == 1,
        f"{PERIOD}.startPeriod": period["start_s"],
        f"{PERIOD}.limit": float(period["limit"]),
        f"{PERIOD}.numberPhases": period["phases"],
    }


async def known(bench: Bench, *wanted: dict[str, Any]) -> None:
    """Exactly these profiles are kept of the station."""
    profiles = (await bench.kept("charging-profiles"))["profiles"]
    same(len(profiles), len(wanted), f"how many profiles are kept ({profiles!r})")
    for found, about in zip(profiles, wanted, strict=True):
        holds(found, about, "a profile that is kept")


@case("TC_K_01_CSMS", sample=True)
async def default_of_an_evse(bench: Bench) -> None:
    """A TxDefaultProfile reaches its EVSE with level, validity, start, duration, unit, limit and phases as given."""
    station = await booted(bench)
    told = await put(bench, station, profile(stack_level=3))
    about = {"evse": 1, "purpose": "TxDefaultProfile", "stack_level": 3, "kind": "Absolute", "source": "CSO"}
    await known(bench, {"id": told.request[PROFILE]["id"], **about})
    same(told.ended["number"], told.request[PROFILE]["id"], "the profile's id that the operator gets")


@case("TC_K_02_CSMS")
async def for_a_transaction_that_is_not_there(bench: Bench) -> None:
    """A relative TxProfile goes out although nobody charges; that the station rejects it is told, and none is kept."""
    station = await booted(bench)
    given = profile("TxProfile", "7.0", timed=False, profile_kind="Relative")
    told = await put(bench, station, given, answer={"status": "Rejected"}, outcome="Rejected")
    holds(told.ended, {"payload.status": "Rejected"}, "what the operator is told")
    await known(bench)


@case("TC_K_03_CSMS")
async def maximum_of_the_station(bench: Bench) -> None:
    """A ChargingStationMaxProfile goes to EVSE 0, with its schedule as given."""
    station = await booted(bench)
    await put(bench, station, profile("ChargingStationMaxProfile", "8.0"), 0)
    await known(bench, {"evse": 0, "purpose": "ChargingStationMaxProfile"})


@case("TC_K_04_CSMS")
async def a_profile_is_replaced(bench: Bench) -> None:
    """A profile with another limit takes the place of the one before under the same id."""
    station = await booted(bench)
    first = await put(bench, station, profile(limit="8.0"))
    number = first.request[PROFILE]["id"]
    second = await put(bench, station, profile(limit="6.0", number=number))
    same(second.request[PROFILE]["id"], number, "the id of the second profile")
    await known(bench, {"id": number, "schedules.0.periods.0.limit": 6.0})


@case("TC_K_05_CSMS")
async def cleared_by_its_id(bench: Bench) -> None:
    """A profile that the station has reported is cleared by its id and nothing else."""
    station = await booted(bench)
    await bench.commanded(
        station,
        "GetChargingProfiles",
        {"requestId": 5, "chargingProfile": {"chargingProfilePurpose": "ChargingStationMaxProfile"}},
        answer=ACCEPTED,
    )
    await station.call("ReportChargingProfiles", reported(5, 0, there(81, "ChargingStationMaxProfile")))
    await known(bench, {"id": 81})
    told = await bench.operated(
        station, "/charging-profiles/81", method="DELETE", action="ClearChargingProfile", answer=ACCEPTED
    )
    same(told.request, {"chargingProfileId": 81}, "ClearChargingProfile")
    await known(bench)


def there(number: int, purpose: str = "TxDefaultProfile", level: int = 0, **more: Any) -> dict[str, Any]:
    """A profile as a station reports it."""
    period = {"startPeriod": 0, "limit": 6.0, "numberPhases": 3}
    schedule = {"id": 1, "chargingRateUnit": "A", "duration": DAY_S, "chargingSchedulePeriod": [period]}
    return {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
        **more,
    }


def reported(
    request: int, evse: int, *profiles: dict[str, Any], source: str = "CSO", more: bool = False
) -> dict[str, Any]:
    """A ReportChargingProfiles; `more` if another one follows."""
    about: dict[str, Any] = {"requestId": request, "chargingLimitSource": source, "evseId": evse}
    return {**about, "chargingProfile": list(profiles), **({"tbc": True} if more else {})}


CRITERIA = {"chargingProfilePurpose": "TxDefaultProfile", "evseId": 1, "stackLevel": 2}
BY_CRITERIA = "/charging-profiles?purpose=TxDefaultProfile&evse=1&stack_level=2"


@case("TC_K_06_CSMS")
async def cleared_by_purpose_and_level(bench: Bench) -> None:
    """A profile is cleared by purpose, EVSE and stack level; the one of another level stays."""
    station = await booted(bench)
    await put(bench, station, profile(stack_level=1))
    await put(bench, station, profile(stack_level=2))
    told = await bench.operated(station, BY_CRITERIA, method="DELETE", action="ClearChargingProfile", answer=ACCEPTED)
    same(told.request, {"chargingProfileCriteria": CRITERIA}, "ClearChargingProfile")
    await known(bench, {"stack_level": 1})


@case("TC_K_08_CSMS")
async def nothing_to_clear(bench: Bench) -> None:
    """The operator is told that the station knows no such profile; what we thought was there is no more."""
    station = await booted(bench)
    await put(bench, station, profile(stack_level=2))
    answer = {"status": "Unknown"}
    told = await bench.operated(
        station, BY_CRITERIA, method="DELETE", action="ClearChargingProfile", answer=answer, outcome="Rejected"
    )
    same(told.request, {"chargingProfileCriteria": CRITERIA}, "ClearChargingProfile")
    holds(told.ended, {"payload.status": "Unknown"}, "what the operator is told")
    await known(bench)


@case("TC_K_10_CSMS")
async def default_of_all_evses(bench: Bench) -> None:
    """A TxDefaultProfile for all EVSEs goes to EVSE 0."""
    station = await booted(bench, 2)
    await put(bench, station, profile(), 0)
    await known(bench, {"evse": 0, "purpose": "TxDefaultProfile"})


@case("TC_K_15_CSMS")
async def not_supported(bench: Bench) -> None:
    """The station supports no profiles: the command fails, the operator is told why, and no profile is kept."""
    station = await booted(bench)
    error = CallError("NotSupported", "no smart charging")
    told = await put(bench, station, profile(), answer=error, outcome="Failed")
    holds(told.ended, {"error_code": "NotSupported", "error_description": "no smart charging"}, "what is told")
    await known(bench)


@case("TC_K_19_CSMS")
async def recurring(bench: Bench) -> None:
    """A recurring TxDefaultProfile says how often it recurs."""
    station = await booted(bench)
    await put(bench, station, profile(profile_kind="Recurring", recurrency="Daily"))
    await known(bench, {"kind": "Recurring", "recurrency": "Daily"})


@case("TC_K_60_CSMS")
async def for_the_transaction_that_runs(bench: Bench) -> None:
    """A TxProfile goes to the EVSE and names its transaction; it is forgotten when that ends."""
    station = await booted(bench)
    transaction = await station.energy_transfer_started()
    await put(bench, station, profile("TxProfile", transaction=transaction.id))
    await known(bench, {"purpose": "TxProfile", "transaction": transaction.id})
    await station.stop_authorised(ends=True)
    await known(bench)


@case("TC_K_70_CSMS")
async def several_profiles(bench: Bench) -> None:
    """Profiles of two stack levels, and (errata 2025-01) of two purposes, stand side by side under ids of their own."""
    station = await booted(bench)
    await station.energy_transfer_started()
    told = [
        await put(bench, station, profile(stack_level=1)),
        await put(bench, station, profile(stack_level=2)),
        await put(bench, station, profile("ChargingStationMaxProfile", stack_level=3), 0),
    ]
    numbers = [each.request[PROFILE]["id"] for each in told]
    same(len(set(numbers)), 3, "how many ids the profiles have")
    await known(bench, *({"id": number} for number in numbers))


@case("TC_K_37_CSMS")
async def along_with_a_remote_start(bench: Bench) -> None:
    """A remote start takes token, EVSE and a relative TxProfile without a transaction along; its session is known."""
    station = await booted(bench)
    given = profile("TxProfile", timed=False, profile_kind="Relative")
    told = await bench.operated(
        station,
        "/start",
        {"token": {"id_token": bench.valid, "kind": "ISO14443"}, "evse": 1, "profile": given},
        action="RequestStartTransaction",
        answer=ACCEPTED,
        wanted={
            "idToken.idToken": bench.valid,
            "idToken.type": "ISO14443",
            "evseId": 1,
            **as_told(given),
        },
    )
    transaction = station.transaction()
    info = {"remoteStartId": told.request["remoteStartId"]}
    accepted = {"idTokenInfo.status": "Accepted"}
    await transaction.event("Started", "RemoteStart", "EVConnected", token=bench.valid, info=info, wanted=accepted)
    session = await bench.session(transaction.id, id_token=bench.valid)
    await bench.led_to(told, kind="session", session=session["id"])


async def _composite(bench: Bench, evse: int) -> None:
    station = await booted(bench)
    asked = {"evse": evse, "duration_s": 300, "unit": "A"}
    schedule = {
        "evseId": evse,
        "duration": 300,
        "scheduleStart": stamp(),
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
    }
    answer = {**ACCEPTED, "schedule": schedule}
    told = await bench.operated(station, "/composite-schedule", asked, action="GetCompositeSchedule", answer=answer)
    same(told.request, {"evseId": evse, "duration": 300, "chargingRateUnit": "A"}, "GetCompositeSchedule")
    same(told.ended["payload"]["schedule"], schedule, "the schedule that the operator gets")
    (kept,) = (await bench.kept("charging-profiles"))["composites"]
    wanted = {"evse": evse, "unit": "A", "duration_s": 300, "periods": [{"start_s": 0, "limit": 10}]}
    holds(kept, wanted, "the composite schedule that is kept")


@case("TC_K_43_CSMS")
async def composite_of_an_evse(bench: Bench) -> None:
    """The composite schedule of an EVSE is asked for by duration and unit, told to the operator, and kept."""
    await _composite(bench, 1)


@case("TC_K_44_CSMS")
async def composite_of_the_station(bench: Bench) -> None:
    """The composite schedule of the whole station is that of EVSE 0."""
    await _composite(bench, 0)
