"""The device model of a simulated 2.x station: variables read, written and reported (2.0.1 block B)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.clock import to_iso
from loadtest.outbox import Call
from loadtest.speech import Answer
from loadtest.v2.variables import READ_ONLY, STATION, WRITE_ONLY, Variable, of_evse

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2

_Key = tuple[str, int, int, str, str]
ITEMS_PER_MESSAGE = 20


class DeviceModel:
    """A station's variables; only those that were changed and no setting holds take memory here."""

    def __init__(self, speech: Speech2) -> None:
        self._speech = speech
        self._station = station = speech.station
        traits = station.traits
        self._changed: dict[_Key, str] = {}
        self._changed[("TxCtrlr", 0, 0, "TxStartPoint", "")] = traits.start_at
        self._changed[("TxCtrlr", 0, 0, "TxStopPoint", "")] = traits.start_at
        self.network_profiles: dict[int, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[Variable]:
        yield from STATION
        for connector in self._station.connectors[1:]:
            yield from of_evse(connector.number, self._station.traits.max_power_w)

    def text(self, component: str, name: str) -> str:
        """The value of a variable of the whole station."""
        return self.value(next(v for v in STATION if v.component == component and v.name == name))

    def value(self, variable: Variable) -> str:
        """The variable's value at this moment."""
        station = self._station
        if variable.setting:
            return station.configuration.text(variable.setting)
        if variable.name == "AvailabilityState":
            return self._speech.word(station.connectors[variable.evse])
        if variable.name == "Identity":
            return station.identity
        if variable.name == "DateTime":
            return to_iso(station.clock)
        if variable.name == "Entries":
            return str(self._speech.entries(variable.component))
        return self._changed.get(_key(variable), variable.value)

    def read(self, item: dict[str, Any]) -> dict[str, Any]:
        """One item of GetVariables."""
        status, variable = self._find(item)
        result = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if variable is None:
            return result | {"attributeStatus": status}
        if variable.mutability == WRITE_ONLY:
            return result | {"attributeStatus": "Rejected"}
        return result | {"attributeStatus": "Accepted", "attributeValue": self.value(variable)}

    def write(self, item: dict[str, Any]) -> dict[str, Any]:
        """One item of SetVariables."""
        status, variable = self._find(item)
        result = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if variable is not None:
            status = self._assign(variable, str(item["attributeValue"]))
        return result | {"attributeStatus": status}

    def _assign(self, variable: Variable, value: str) -> str:
        if variable.mutability == READ_ONLY or not _fits(variable, value):
            return "Rejected"
        if variable.setting:
            self._station.configuration.assign(variable.setting, value)
        else:
            self._changed[_key(variable)] = value
        return "RebootRequired" if variable.reboot else "Accepted"

    def _find(self, item: dict[str, Any]) -> tuple[str, Variable | None]:
        if item.get("attributeType", "Actual") != "Actual":
            return "NotSupportedAttributeType", None
        component = [variable for variable in self if _is_of(variable, item["component"])]
        if not component:
            return "UnknownComponent", None
        found = [variable for variable in component if _is_named(variable, item["variable"])]
        return ("Accepted", found[0]) if found else ("UnknownVariable", None)

    def reported(self, variable: Variable) -> dict[str, Any]:
        """One item of a NotifyReport."""
        attribute: dict[str, Any] = {"type": "Actual", "mutability": variable.mutability}
        if variable.mutability != WRITE_ONLY:
            attribute["value"] = self.value(variable)
        traits: dict[str, Any] = {"dataType": variable.kind, "supportsMonitoring": False}
        if variable.unit:
            traits["unit"] = variable.unit
        if variable.values:
            traits["valuesList"] = variable.values
        component: dict[str, Any] = {"name": variable.component}
        if variable.evse:
            component["evse"] = {"id": variable.evse}
            if variable.connector:
                component["evse"]["connectorId"] = variable.connector
        named = {"name": variable.name} | ({"instance": variable.instance} if variable.instance else {})
        return {
            "component": component, "variable": named, "variableAttribute": [attribute],
            "variableCharacteristics": traits,
        }  # fmt: skip


def _key(variable: Variable) -> _Key:
    return variable.component, variable.evse, variable.connector, variable.name, variable.instance


def _is_of(variable: Variable, component: dict[str, Any]) -> bool:
    """Names of components and variables are case-insensitive."""
    evse = component.get("evse", {})
    place = evse.get("id", 0), evse.get("connectorId", variable.connector if evse else 0)
    named = str(component["name"]).lower() == variable.component.lower() and not component.get("instance")
    return named and place == (variable.evse, variable.connector)


def _is_named(variable: Variable, named: dict[str, Any]) -> bool:
    same = str(named["name"]).lower() == variable.name.lower()
    return same and str(named.get("instance", "")).lower() == variable.instance.lower()


def _fits(variable: Variable, value: str) -> bool:
    if variable.kind == "integer":
        return value.isascii() and value.isdigit()
    if variable.kind == "boolean":
        return value.lower() in ("true", "false")
    if variable.values:
        allowed = variable.values.split(",")
        return all(part.strip() in allowed for part in value.split(",") if part) and (bool(value) or not variable.value)
    return True


# --- the CSMS asks ----------------------------------------------------------------------------------------------------


def _get_variables(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return {"getVariableResult": [speech.model.read(item) for item in payload["getVariableData"]]}, None


def _set_variables(speech: Speech2, payload: dict[str, Any]) -> Answer:
    before = speech.station.configuration.text("HeartbeatInterval")
    results = [speech.model.write(item) for item in payload["setVariableData"]]
    beats = before != speech.station.configuration.text("HeartbeatInterval")
    return {"setVariableResult": results}, speech.station.beat_later if beats else None


def _base_report(speech: Speech2, payload: dict[str, Any]) -> Answer:
    base = payload["reportBase"]
    if base == "SummaryInventory":
        wanted = [v for v in speech.model if v.name in ("AvailabilityState", "Problem")]
    elif base == "ConfigurationInventory":
        wanted = [v for v in speech.model if v.mutability != READ_ONLY]
    elif base == "FullInventory":
        wanted = list(speech.model)
    else:
        return {"status": "NotSupported"}, None
    return {"status": "Accepted"}, partial(_report, speech, payload["requestId"], wanted)


def _custom_report(speech: Speech2, payload: dict[str, Any]) -> Answer:
    wanted = [variable for variable in speech.model if _is_wanted(variable, payload.get("componentVariable"))]
    for criterion in payload.get("componentCriteria", ()):
        wanted = [variable for variable in wanted if _meets(speech, variable, criterion)]
    if not wanted:
        return {"status": "EmptyResultSet"}, None
    return {"status": "Accepted"}, partial(_report, speech, payload["requestId"], wanted)


def _is_wanted(variable: Variable, asked: Iterable[dict[str, Any]] | None) -> bool:
    if asked is None:
        return True
    return any(_is_covered(variable, each) for each in asked)


def _is_covered(variable: Variable, asked: dict[str, Any]) -> bool:
    """A component without an EVSE stands for those of all EVSEs, one without a variable for all that it has."""
    component = asked["component"]
    if str(component["name"]).lower() != variable.component.lower() or component.get("instance"):
        return False
    evse = component.get("evse")
    if evse is not None and evse["id"] != variable.evse:
        return False
    if evse is not None and "connectorId" in evse and evse["connectorId"] != variable.connector:
        return False
    named = asked.get("variable")
    if named is None:
        return True
    return _is_named(variable, named if "instance" in named else named | {"instance": variable.instance})


def _meets(speech: Speech2, variable: Variable, criterion: str) -> bool:
    """B08.FR.08 to .11: Available and Enabled also mean components that have no such variable."""
    place = variable.component, variable.evse, variable.connector
    found = [v for v in speech.model if (v.component, v.evse, v.connector) == place and v.name == criterion]
    if not found:
        return criterion in ("Available", "Enabled")
    return speech.model.value(found[0]).lower() == "true"


def _report(speech: Speech2, request: int, wanted: list[Variable], now: int) -> None:
    station = speech.station
    data = [speech.model.reported(variable) for variable in wanted]
    parts = [data[start : start + ITEMS_PER_MESSAGE] for start in range(0, len(data), ITEMS_PER_MESSAGE)]
    for number, part in enumerate(parts):
        more = number + 1 < len(parts)
        payload = {
            "requestId": request, "generatedAt": station.stamp(now), "seqNo": number, "tbc": more, "reportData": part,
        }  # fmt: skip
        station.say(Call("NotifyReport", payload), now)


def _network_profile(speech: Speech2, payload: dict[str, Any]) -> Answer:
    slot, connection = int(payload["configurationSlot"]), dict(payload["connectionData"])
    if slot not in (1, 2) or connection["ocppTransport"] != "JSON":
        return {"status": "Rejected"}, None
    speech.model.network_profiles[slot] = connection
    return {"status": "Accepted"}, None


HANDLERS = {
    "GetBaseReport": _base_report,
    "GetReport": _custom_report,
    "GetVariables": _get_variables,
    "SetNetworkProfile": _network_profile,
    "SetVariables": _set_variables,
}
