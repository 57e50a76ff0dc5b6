"""Block N: monitors of a station's variables: asked for, set, cleared, and how much of them is active and reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

Place = dict[str, Any]
STATION: Place = {"name": "ChargingStation"}
EVSE: Place = {"name": "EVSE", "evse": {"id": 1}}
POWER, AVAILABILITY = {"name": "Power"}, {"name": "AvailabilityState"}
LIMIT: Place = {
    "component": {"name": "MonitoringCtrlr"},
    "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"},
}


def _at(component: Place, variable: Place) -> Place:
    return {"component": component, "variable": variable}


def _monitor(id: int, type: str, value: float = 1, severity: int = 8) -> dict[str, Any]:
    return {"id": id, "transaction": False, "type": type, "value": value, "severity": severity}


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _with_limit(bench: Bench, limit: int = 10) -> Station201:
    """A station that was asked how many monitors it clears at once."""
    station = await _booted(bench)
    name = {
        "component": "MonitoringCtrlr",
        "variable": "ItemsPerMessage",
        "variable_instance": "ClearVariableMonitoring",
    }
    result = LIMIT | {"attributeStatus": "Accepted", "attributeValue": str(limit)}
    told = await bench.operated(
        station,
        "/configuration/refresh",
        {"names": [name]},
        action="GetVariables",
        answer={"getVariableResult": [result]},
    )
    same(told.request, {"getVariableData": [LIMIT]}, "the GetVariables")
    return station


async def _ask(bench: Bench, station: Station201, request: int, status: str, **asked: Any) -> Commanded:
    """The operator asks for monitors; `asked` are the criteria, and nothing else may narrow them."""
    fields = {"monitoringCriteria": ABSENT, "componentVariable": ABSENT}
    told = await bench.commanded(
        station,
        "GetMonitoringReport",
        {"requestId": request, **asked},
        answer={"status": status},
        outcome="Accepted" if status == "Accepted" else "Rejected",
        wanted=fields | {"requestId": request, **asked},
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    return told


async def _nothing(bench: Bench, station: Station201, request: int, **asked: Any) -> None:
    """There are none: that is known at once, without a report that would be awaited."""
    told = await _ask(bench, station, request, "EmptyResultSet", **asked)
    report = await bench.kept(f"reports/{request}")
    holds(report, {"report": "monitoring", "command": told.id, "complete": True, "items": []}, "the report")


async def _reported(
    bench: Bench,
    station: Station201,
    request: int,
    parts: Sequence[Sequence[tuple[Place, dict[str, Any]]]],
    **asked: Any,
) -> None:
    """They come in parts, each answered; then the operator sees every one of them, as part of this report."""
    told = await _ask(bench, station, request, "Accepted", **asked)
    for number, part in enumerate(parts):
        said = {
            "requestId": request,
            "seqNo": number,
            "generatedAt": stamp(),
            "tbc": number < len(parts) - 1,
            "monitor": [{**place, "variableMonitoring": [monitor]} for place, monitor in part],
        }
        same(await station.call("NotifyMonitoringReport", said), {}, "the answer to a part")
    report = await bench.kept(f"reports/{request}")
    holds(report, {"report": "monitoring", "command": told.id, "complete": True, "parts": len(parts)}, "the report")
    wanted = [each for part in parts for each in part]
    same([item["id"] for item in report["items"]], [monitor["id"] for _, monitor in wanted], "the report's monitors")
    for place, monitor in wanted:
        await _shown(bench, place, monitor)


async def _shown(bench: Bench, place: Place, monitor: dict[str, Any]) -> None:
    """The operator sees this monitor, where it is and what it does."""
    shown = {each["id"]: each for each in (await bench.kept("monitors"))["monitors"]}
    where = {
        "component": place["component"]["name"],
        "evse": place["component"].get("evse", {}).get("id"),
        "variable": place["variable"]["name"],
    }
    holds(shown.get(monitor["id"]), where | monitor, f"the monitor {monitor['id']} that the operator sees")


@case("TC_N_01_CSMS", sample=True)
async def monitors_by_criteria(bench: Bench) -> None:
    """All delta monitors (there are none), then all threshold monitors; those are shown to the operator."""
    station = await _with_limit(bench)
    await _nothing(bench, station, 11, monitoringCriteria=["DeltaMonitoring"])
    parts = [
        [(_at(STATION, POWER), _monitor(1, "UpperThreshold", 22000.5, 2))],
        [(_at(EVSE, POWER), _monitor(2, "LowerThreshold", 10, 5))],
    ]
    await _reported(bench, station, 12, parts, monitoringCriteria=["ThresholdMonitoring"])


@case("TC_N_02_CSMS")
async def monitors_of_a_components_variable(bench: Bench) -> None:
    """One variable of the station (no monitors), then one of EVSE 1, whose monitor is shown to the operator."""
    station = await _with_limit(bench)
    await _nothing(bench, station, 21, componentVariable=[_at(STATION, POWER)])
    parts = [[(_at(EVSE, AVAILABILITY), _monitor(3, "Delta"))]]
    await _reported(bench, station, 22, parts, componentVariable=[_at(EVSE, AVAILABILITY)])


@case("TC_N_03_CSMS")
async def monitors_by_criteria_and_variable(bench: Bench) -> None:
    """Criteria and a variable go out together: delta monitors of EVSE 1 (none), then thresholds of the station."""
    station = await _with_limit(bench)
    asked: dict[str, Any] = {"componentVariable": [_at(EVSE, AVAILABILITY)]}
    await _nothing(bench, station, 31, monitoringCriteria=["DeltaMonitoring"], **asked)
    parts = [
        [(_at(STATION, POWER), _monitor(4, "UpperThreshold", 22000, 2))],
        [(_at(STATION, POWER), _monitor(5, "LowerThreshold", 1000, 6))],
    ]
    asked = {"componentVariable": [_at(STATION, POWER)]}
    await _reported(bench, station, 32, parts, monitoringCriteria=["ThresholdMonitoring"], **asked)


@case("TC_N_60_CSMS")
async def monitors_by_criteria_and_several_variables(bench: Bench) -> None:
    """Criteria and two variables go out together, in order; the delta monitors of both are shown.

    The document's steps and its validations name different criteria and variables: all of them are asked for here.
    """
    station = await _with_limit(bench)
    power = [_at(STATION, POWER), _at(EVSE, POWER)]
    availability = [_at(STATION, AVAILABILITY), _at(EVSE, AVAILABILITY)]
    await _nothing(bench, station, 61, monitoringCriteria=["ThresholdMonitoring"], componentVariable=power)
    parts = [[(place, _monitor(number, "Delta"))] for number, place in enumerate(availability, 6)]
    await _reported(bench, station, 62, parts, monitoringCriteria=["DeltaMonitoring"], componentVariable=availability)
    await _nothing(bench, station, 63, monitoringCriteria=["ThresholdMonitoring"], componentVariable=availability)


@case("TC_N_47_CSMS")
async def all_monitors(bench: Bench) -> None:
    """Neither criteria nor variables are named; all parts of the report are taken, and every monitor is shown."""
    station = await _booted(bench)
    parts = [
        [
            (_at(STATION, POWER), _monitor(1, "UpperThreshold", 22000, 2)),
            (_at(EVSE, POWER), _monitor(2, "Periodic", 60)),
        ],
        [(_at(EVSE, AVAILABILITY), _monitor(3, "Delta"))],
        [(_at(EVSE, POWER), _monitor(4, "PeriodicClockAligned", 900, 9))],
    ]
    await _reported(bench, station, 47, parts)


@case("TC_N_05_CSMS")
async def the_monitoring_base_is_set(bench: Bench) -> None:
    """Each of the three bases goes out and, accepted, is known as the one that is in force."""
    station = await _booted(bench)
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        asked = {"monitoringBase": base}
        await bench.commanded(station, "SetMonitoringBase", asked, answer={"status": "Accepted"}, wanted=asked)
        same((await bench.kept("monitors"))["base"], base, "the base that is known")


async def _set(bench: Bench, station: Station201, *places: Place) -> None:
    """A delta monitor on each of these, which the station numbers; the operator sees them with its numbers."""
    data = [{"value": 1, "type": "Delta", "severity": 8, **place} for place in places]
    results = [
        {"id": number, "status": "Accepted", "type": "Delta", "severity": 8, **place}
        for number, place in enumerate(places, 70)
    ]
    told = await bench.commanded(
        station, "SetVariableMonitoring", {"setMonitoringData": data}, answer={"setMonitoringResult": results}
    )
    for number, place in enumerate(places):
        wanted = {"value": 1, "type": "Delta", "severity": 8, **place}
        holds(told.request["setMonitoringData"][number], wanted, f"the monitor in place {number}")
        seen = {"id": 70 + number, "value": 1, "type": "Delta", "severity": 8}
        await _shown(bench, place, seen)
    same(len(told.request["setMonitoringData"]), len(places), "how many monitors are set")


@case("TC_N_08_CSMS")
async def one_monitor_is_set(bench: Bench) -> None:
    """A delta monitor on the availability of EVSE 1: value, severity, component and variable as asked."""
    await _set(bench, await _booted(bench), _at(EVSE, AVAILABILITY))


@case("TC_N_09_CSMS")
async def monitors_on_several_variables_are_set(bench: Bench) -> None:
    """One message sets a delta monitor on EVSE 1 and one on the whole station, in this order."""
    await _set(bench, await _booted(bench), _at(EVSE, AVAILABILITY), _at(STATION, AVAILABILITY))


async def _level(bench: Bench, status: str) -> None:
    station = await _booted(bench)
    asked = {"severity": 4}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    told = await bench.commanded(
        station, "SetMonitoringLevel", asked, answer={"status": status}, outcome=outcome, wanted=asked
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    same((await bench.kept("monitors"))["level"], 4 if status == "Accepted" else None, "the level that is known")


@case("TC_N_16_CSMS")
async def the_monitoring_level_is_set(bench: Bench) -> None:
    """Severity 4 goes out and, accepted, is known as the level."""
    await _level(bench, "Accepted")


@case("TC_N_17_CSMS")
async def a_monitoring_level_that_is_out_of_range(bench: Bench) -> None:
    """Rejected is told to the operator, and the level is not known as set."""
    await _level(bench, "Rejected")


@case("TC_N_18_CSMS")
async def monitors_are_cleared_in_portions_that_the_station_can_take(bench: Bench) -> None:
    """One more than the station takes at once makes two messages: none exceeds its limit, and each id is in one."""
    station = await _with_limit(bench, 3)
    query = "&".join(f"number={number}" for number in range(1, 5))
    task = bench.ask("DELETE", f"/charge-points/{station.identity}/monitors?{query}")
    asked: list[list[int]] = []
    for _ in range(2):
        request = await station.expect("ClearVariableMonitoring", _not_found)
        asked.append(request["id"])
    ended = await bench.within(task, "waiting for all portions")
    same([len(ids) <= 3 for ids in asked], [True, True], "whether the station's limit is kept")
    same(sorted(number for ids in asked for number in ids), [1, 2, 3, 4], "the monitors that are cleared")
    same((len(ended["operations"]), ended["not_asked"]), (2, []), "what the operator is told")


def _not_found(request: dict[str, Any]) -> dict[str, Any]:
    return {"clearMonitoringResult": [{"id": number, "status": "NotFound"} for number in request["id"]]}


@case("TC_N_44_CSMS")
async def a_monitor_that_cannot_be_cleared(bench: Bench) -> None:
    """The station refuses to clear it: that is told to the operator, and the monitor is still shown."""
    station = await _booted(bench)
    await _set(bench, station, _at(EVSE, AVAILABILITY))
    answer = {"clearMonitoringResult": [{"id": 70, "status": "Rejected"}]}
    told = await bench.commanded(
        station, "ClearVariableMonitoring", {"id": [70]}, answer=answer, outcome="Rejected", wanted={"id": [70]}
    )
    same(told.ended["payload"], answer, "what the operator is told")
    await _shown(bench, _at(EVSE, AVAILABILITY), {"id": 70, "type": "Delta"})
