"""Block K, what a station tells: the profiles that it has, by every criterion, and limits that others set."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.ocpp201.charging_profiles import booted, known, profile, put, reported, there
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

ACCEPTED = {"status": "Accepted"}
REQUEST = 729


async def _ask(bench: Bench, station: Station201, evse: int | None, **criteria: Any) -> str:
    """The operator asks for profiles; the station is asked exactly so, and promises a report. The command."""
    asked: dict[str, Any] = {"requestId": REQUEST, "chargingProfile": criteria}
    if evse is not None:
        asked["evseId"] = evse
    wanted = {"requestId": REQUEST, "evseId": ABSENT if evse is None else evse}
    wanted |= {f"chargingProfile.{name}": value for name, value in criteria.items()}
    told = await bench.commanded(station, "GetChargingProfiles", asked, answer=ACCEPTED, wanted=wanted)
    holds(await _report(bench), {"state": "promised", "command": told.id}, "the report before it came")
    return told.id


async def _report(bench: Bench) -> dict[str, Any]:
    report: dict[str, Any] = await bench.kept(f"reports/{REQUEST}")
    return report


async def _told(bench: Bench, command: str, *ids: int) -> None:
    """The report is whole, and its profiles are what is kept."""
    report = await _report(bench)
    about = {"report": "charging_profiles", "complete": True, "command": command, "rows": len(ids)}
    holds(report, about, "the report")
    same([item["id"] for item in report["items"]], list(ids), "the profiles of the report")
    await known(bench, *({"id": id} for id in ids))


async def _read(bench: Bench, evse: int, *profiles: dict[str, Any], source: str = "CSO", **criteria: Any) -> None:
    """Ask for the profiles of an EVSE by criteria; the station reports these."""
    station = await booted(bench)
    command = await _ask(bench, station, evse, **criteria)
    await station.call("ReportChargingProfiles", reported(REQUEST, evse, *profiles, source=source))
    await _told(bench, command, *(each["id"] for each in profiles))
    kept = (await bench.kept("charging-profiles"))["profiles"]
    same(
        [(each["evse"], each["source"]) for each in kept], [(evse, source)] * len(profiles), "where they are, and whose"
    )


@case("TC_K_29_CSMS", sample=True)
async def of_the_station(bench: Bench) -> None:
    """While a car charges, the profiles of a purpose at EVSE 0 are asked for; the report is taken and kept."""
    station = await booted(bench)
    await station.energy_transfer_started()
    command = await _ask(bench, station, 0, chargingProfilePurpose="ChargingStationMaxProfile")
    await station.call("ReportChargingProfiles", reported(REQUEST, 0, there(11, "ChargingStationMaxProfile")))
    await _told(bench, command, 11)


@case("TC_K_30_CSMS")
async def of_an_evse(bench: Bench) -> None:
    """The profiles of one EVSE are asked for; the report is taken and kept."""
    await _read(bench, 1, there(21), chargingProfilePurpose="TxDefaultProfile")


@case("TC_K_31_CSMS")
async def of_everything(bench: Bench) -> None:
    """All profiles are asked for, without an EVSE; a report of a part for each EVSE is put together."""
    station = await booted(bench, 2)
    command = await _ask(bench, station, None, chargingProfilePurpose="TxDefaultProfile")
    await station.call("ReportChargingProfiles", reported(REQUEST, 1, there(31), more=True))
    holds(await _report(bench), {"state": "open", "complete": False, "parts": 1}, "the report after one part")
    await station.call("ReportChargingProfiles", reported(REQUEST, 2, there(32)))
    await _told(bench, command, 31, 32)
    holds(await _report(bench), {"parts": 2}, "the whole report")


@case("TC_K_32_CSMS")
async def by_its_id(bench: Bench) -> None:
    """A profile that was set is asked for by its id; the report is taken and kept."""
    station = await booted(bench)
    number = (await put(bench, station, profile())).request["chargingProfile"]["id"]
    command = await _ask(bench, station, None, chargingProfileId=[number])
    await station.call("ReportChargingProfiles", reported(REQUEST, 1, there(number)))
    await _told(bench, command, number)


@case("TC_K_33_CSMS")
async def by_stack_level(bench: Bench) -> None:
    """The profiles of one stack level at an EVSE are asked for; the report is taken and kept."""
    await _read(bench, 1, there(41, level=4), stackLevel=4)


@case("TC_K_34_CSMS")
async def by_source(bench: Bench) -> None:
    """The profiles that somebody else set at an EVSE are asked for; the report is taken and kept as theirs."""
    await _read(
        bench,
        1,
        there(51, "ChargingStationExternalConstraints"),
        source="EMS",
        chargingLimitSource=["EMS"],
    )


@case("TC_K_35_CSMS")
async def by_purpose(bench: Bench) -> None:
    """The profiles of one purpose at an EVSE are asked for; the report, of several, is taken and kept."""
    await _read(bench, 1, there(61), there(62, level=1), chargingProfilePurpose="TxDefaultProfile")


@case("TC_K_36_CSMS")
async def by_purpose_and_level(bench: Bench) -> None:
    """The profiles of one purpose and stack level at an EVSE are asked for; the report is taken and kept."""
    await _read(bench, 1, there(71, level=2), chargingProfilePurpose="TxDefaultProfile", stackLevel=2)


@case("TC_K_52_CSMS")
async def external_constraints(bench: Bench) -> None:
    """What the station reports as its external constraints is taken, and kept as not being ours."""
    await _read(
        bench,
        0,
        there(91, "ChargingStationExternalConstraints"),
        source="EMS",
        chargingProfilePurpose="ChargingStationExternalConstraints",
    )


async def _limits(bench: Bench) -> list[tuple[int, str]]:
    """Where others limit the charging, and who."""
    return [(each["evse"], each["source"]) for each in (await bench.kept("charging-profiles"))["limits"]]


async def _limited(bench: Bench, station: Station201) -> None:
    """The energy management limits the station, without any profile."""
    limit = {"chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": False}}
    same(await station.call("NotifyChargingLimit", limit), {}, "the answer to NotifyChargingLimit")
    same(await _limits(bench), [(0, "EMS")], "the limits that are kept")


async def _released(bench: Bench, station: Station201) -> None:
    answer = await station.call("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    same(answer, {}, "the answer to ClearedChargingLimit")
    same(await _limits(bench), [], "the limits that are kept")


@case("TC_K_48_CSMS")
async def an_external_limit(bench: Bench) -> None:
    """A limit that the energy management set is taken, and kept with who set it."""
    await _limited(bench, await booted(bench))


@case("TC_K_50_CSMS")
async def an_external_limit_is_released(bench: Bench) -> None:
    """The limit of the energy management is gone as soon as the station says so."""
    station = await booted(bench)
    await _limited(bench, station)
    await _released(bench, station)


@case("TC_K_51_CSMS")
async def an_external_limit_is_released_while_a_car_charges(bench: Bench) -> None:
    """The limit is gone while a car charges, whose transaction then tells that its rate has changed and goes on."""
    station = await booted(bench)
    transaction = await station.energy_transfer_started()
    await _limited(bench, station)
    await _released(bench, station)
    await transaction.event("Updated", "ChargingRateChanged")
    same((await bench.session(transaction.id))["stopped_at"], None, "the end of the session")
