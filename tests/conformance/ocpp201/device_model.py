"""Block B, second part: variables read and set, reports, and profiles of the network."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

OFFLINE_THRESHOLD = ("OCPPCommCtrlr", "OfflineThreshold", "")
AUTHORIZE_REMOTE = ("AuthCtrlr", "AuthorizeRemoteStart", "")

Name = tuple[str, str, str]


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


def _place(name: Name) -> dict[str, Any]:
    component, variable, instance = name
    return {
        "component": {"name": component},
        "variable": {"name": variable, **({"instance": instance} if instance else {})},
    }


def _names(names: list[Name]) -> dict[str, Any]:
    return {
        "names": [
            {"component": component, "variable": variable, **({"variable_instance": instance} if instance else {})}
            for component, variable, instance in names
        ]
    }


async def _kept(bench: Bench, name: Name) -> str | None:
    """What is kept as a variable's value."""
    component, variable, instance = name
    for setting in (await bench.kept("configuration"))["settings"]:
        if (setting["component"], setting["key"], setting["instance"]) == (component, variable, instance):
            value: str | None = setting["value"]
            return value
    return None


def _values(values: dict[Name, str]) -> Any:
    """A station's answer to GetVariables, each variable with its value."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        results = []
        for each in asked["getVariableData"]:
            name = (each["component"]["name"], each["variable"]["name"], each["variable"].get("instance", ""))
            results.append({"attributeStatus": "Accepted", "attributeValue": values[name], **_place(name)})
        return {"getVariableResult": results}

    return answer


async def _read(bench: Bench, values: dict[Name, str]) -> Commanded:
    station = await _booted(bench)
    told = await bench.operated(
        station, "/configuration/refresh", _names(list(values)), action="GetVariables", answer=_values(values)
    )
    asked = told.request["getVariableData"]
    for each in asked:
        holds(each, {"attributeType": {ABSENT, "Actual"}}, "a variable that is asked for")
    wanted = [_place(name) for name in values]
    found = [{"component": each["component"], "variable": each["variable"]} for each in asked]
    same(sorted(found, key=str), sorted(wanted, key=str), "the variables that are asked for")
    for name, value in values.items():
        same(await _kept(bench, name), value, f"what is kept as {name}")
    return told


@case("TC_B_06_CSMS", sample=True)
async def one_variable_is_read(bench: Bench) -> None:
    """The variable is asked for by component and name, and its value is told to the operator and kept."""
    told = await _read(bench, {OFFLINE_THRESHOLD: "60"})
    holds(told.ended, {"payload.getVariableResult.0.attributeValue": "60"}, "what the operator is told")


@case("TC_B_07_CSMS")
async def two_variables_are_read(bench: Bench) -> None:
    """Both variables are asked for, and both values are kept."""
    await _read(bench, {OFFLINE_THRESHOLD: "60", AUTHORIZE_REMOTE: "true"})


@case("TC_B_08_CSMS")
async def more_variables_than_fit_into_one_message_are_read(bench: Bench) -> None:
    """A station that takes four at once is asked for five in two messages, none with more than four."""
    limit: Name = ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables")
    values = {
        ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport"): "4",
        limit: "4",
        ("DeviceDataCtrlr", "BytesPerMessage", "GetReport"): "8000",
        ("DeviceDataCtrlr", "BytesPerMessage", "GetVariables"): "8001",
        AUTHORIZE_REMOTE: "true",
    }
    station = await _booted(bench)
    await bench.operated(
        station, "/configuration/refresh", _names([limit]), action="GetVariables", answer=_values(values)
    )
    task = bench.ask("POST", f"/charge-points/{station.identity}/configuration/refresh", _names(list(values)))
    first = await station.expect("GetVariables", _values(values))
    second = await station.expect("GetVariables", _values(values))
    sizes = sorted(len(each["getVariableData"]) for each in (first, second))
    same(sizes, [1, 4], "how many variables are asked for at once")
    ended = await bench.within(task, "waiting for the values")
    holds(ended, {"outcome": "Accepted"}, "the end of the request")
    told = {result["attributeValue"] for result in ended["payload"]["getVariableResult"]}
    same(told, set(values.values()), "the values that the operator is told")
    for name, value in values.items():
        same(await _kept(bench, name), value, f"what is kept as {name}")


@case("TC_B_09_CSMS")
async def one_variable_is_set(bench: Bench) -> None:
    """The variable is set by component and name as the operator asked, and its value is kept."""
    station = await _booted(bench)
    place = _place(OFFLINE_THRESHOLD)
    told = await bench.operated(
        station,
        "/configuration",
        {"name": {"component": "OCPPCommCtrlr", "variable": "OfflineThreshold"}, "value": "123"},
        action="SetVariables",
        answer={"setVariableResult": [{"attributeStatus": "Accepted", **place}]},
    )
    (asked,) = told.request["setVariableData"]
    holds(asked, {"attributeValue": "123", "attributeType": {ABSENT, "Actual"}, **place}, "the variable that is set")
    same(await _kept(bench, OFFLINE_THRESHOLD), "123", "what is kept")


@case("TC_B_10_CSMS")
async def two_variables_are_set(bench: Bench) -> None:
    """Two variables are set in one message, and both values are kept."""
    station = await _booted(bench)
    data = [
        {"attributeValue": "123", **_place(OFFLINE_THRESHOLD)},
        {"attributeValue": "false", **_place(AUTHORIZE_REMOTE)},
    ]
    results = [{"attributeStatus": "Accepted", **_place(name)} for name in (OFFLINE_THRESHOLD, AUTHORIZE_REMOTE)]
    await bench.commanded(station, "SetVariables", {"setVariableData": data}, answer={"setVariableResult": results})
    same(await _kept(bench, OFFLINE_THRESHOLD), "123", "what is kept")
    same(await _kept(bench, AUTHORIZE_REMOTE), "false", "what is kept")


async def _reported(bench: Bench, station: Station201, request: int, *values: str) -> None:
    """A report in as many parts as there are values; it is whole, and its rows can be read."""
    for part, value in enumerate(values):
        row = {
            "component": {"name": "EVSE", "evse": {"id": 1}, "instance": f"part{part}"},
            "variable": {"name": "AvailabilityState"},
            "variableAttribute": [{"type": "Actual", "value": value}],
            "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
        }
        said = {"requestId": request, "generatedAt": stamp(), "seqNo": part, "tbc": part < len(values) - 1}
        same(await station.call("NotifyReport", {**said, "reportData": [row]}), {}, "the answer to NotifyReport")
    report = await bench.get(f"/charge-points/{station.identity}/reports/{request}")
    holds(report, {"complete": True, "parts": len(values)}, "the report")
    same(all(value in str(report) for value in values), True, "that the report shows all values")


async def _base_report(bench: Bench, base: str) -> None:
    station = await _booted(bench)
    payload = {"requestId": 17, "reportBase": base}
    await bench.commanded(station, "GetBaseReport", payload, answer={"status": "Accepted"})
    await _reported(bench, station, 17, "Available", "Occupied", "Faulted")


@case("TC_B_12_CSMS")
async def the_inventory_of_what_can_be_configured(bench: Bench) -> None:
    """The report is asked for, assembled of its parts, and shown to the operator."""
    await _base_report(bench, "ConfigurationInventory")


@case("TC_B_13_CSMS")
async def the_full_inventory(bench: Bench) -> None:
    """The report is asked for, assembled of its parts, and shown to the operator."""
    await _base_report(bench, "FullInventory")


@case("TC_B_14_CSMS")
async def the_summary_inventory(bench: Bench) -> None:
    """The report is asked for, assembled of its parts, and shown to the operator."""
    await _base_report(bench, "SummaryInventory")


@case("TC_B_18_CSMS")
async def a_report_of_some_components(bench: Bench) -> None:
    """Problems of an EVSE: there are none, and the operator is told; then what is available, with its report."""
    station = await _booted(bench)
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
    asked = {"requestId": 21, "componentCriteria": ["Problem"], "componentVariable": [place]}
    told = await bench.commanded(station, "GetReport", asked, answer={"status": "EmptyResultSet"}, outcome=None)
    holds(told.ended, {"payload.status": "EmptyResultSet"}, "what the operator is told")
    asked = {"requestId": 22, "componentCriteria": ["Available"], "componentVariable": [place]}
    await bench.commanded(station, "GetReport", asked, answer={"status": "Accepted"})
    await _reported(bench, station, 22, "Available")


async def _network_profile(bench: Bench, status: str) -> None:
    station = await _booted(bench)
    connection = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example.org/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    payload = {"configurationSlot": 2, "connectionData": connection}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    told = await bench.commanded(station, "SetNetworkProfile", payload, answer={"status": status}, outcome=outcome)
    holds(told.ended, {"payload.status": status}, "what the operator is told")


@case("TC_B_42_CSMS")
async def a_network_profile_is_set(bench: Bench) -> None:
    """The station is given slot, address, interface, transport, version, timeout and security profile as asked."""
    await _network_profile(bench, "Accepted")


@case("TC_B_44_CSMS")
async def a_network_profile_that_fails(bench: Bench) -> None:
    """The operator is told that the station failed to take the profile."""
    await _network_profile(bench, "Failed")
