"""What each operation of a campaign takes, as fields; the rare ones as JSON, as their own command has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from api.dashboard.office.form import Field
from api.ui.texts import N_, _

Made = tuple[list[Field], dict[str, Any]]
MESSAGES = {
    "status": N_("State of the connectors"),
    "boot": N_("Boot"),
    "heartbeat": N_("Heartbeat"),
    "meter_values": N_("Meter values"),
    "transaction": N_("Session under way"),
    "firmware_status": N_("State of the firmware update"),
    "log_status": N_("State of the log"),
    "diagnostics_status": N_("State of the diagnostics"),
    "sign_certificate": N_("Request for a certificate"),
}
AS_JSON: Mapping[str, Any] = {
    # Operation → its parameters to begin with.
    "get_configuration": {},
    "send_local_list": {},
    "clear_charging_profile": {},
    "set_charging_profile": {"profile": {"schedules": [{"unit": "A", "periods": [{"limit": "16.0"}]}]}},
    "call": {"action": "Heartbeat", "payload": {}},
}


def parameters_of(operation: str, images: Mapping[str, str]) -> Made:
    """The fields, and the values to begin with. `images`: firmware image → how it is called."""
    if operation == "update_firmware":
        return _firmware(images)
    if operation in _NAMED:
        return _NAMED[operation]()
    help = _("As of the operation's own command; see /docs")
    fields = [Field("parameters", _("Parameters as JSON"), "json", help=help)]
    return (fields, {"parameters": AS_JSON[operation]}) if operation in AS_JSON else ([], {})


def _named(name: str, label: str, kind: str = "text", **more: Any) -> Field:
    return Field(f"parameters.{name}", label, kind, **more)


def _whole_station() -> str:
    return _("Empty: the whole charge point.")


def _setting() -> Made:
    either = _("Or, of OCPP 2.x, component and variable")
    fields = [
        _named("name.key", _("Setting"), help=_("E.g. HeartbeatInterval")),
        _named("name.component", _("Component"), help=either),
        _named("name.variable", _("Variable")),
        _named("value", _("Value"), empty=None),
    ]
    return fields, {"parameters": {"name": {"key": "HeartbeatInterval"}, "value": "300"}}


def _reset() -> Made:
    ways = {False: _("Once its sessions have ended"), True: _("At once; sessions end")}
    return [_named("immediate", _("When"), "choice", options=ways)], {"parameters": {"immediate": False}}


def _availability() -> Made:
    ways = {True: _("Into service"), False: _("Out of service")}
    fields = [
        _named("operative", _("Availability"), "choice", options=ways),
        _named("evse", _("EVSE"), "whole", help=_whole_station()),
    ]
    return fields, {"parameters": {"operative": True}}


def _trigger() -> Made:
    messages = {name: _(word) for name, word in MESSAGES.items()}
    fields = [
        _named("message", _("Message"), "choice", options=messages),
        _named("evse", _("EVSE"), "whole", help=_whole_station()),
    ]
    return fields, {"parameters": {"message": "status"}}


def _unlock() -> Made:
    fields = [_named("evse", _("EVSE"), "whole"), _named("connector", _("Connector"), "whole")]
    return fields, {"parameters": {"evse": 1, "connector": 1}}


def _message() -> Made:
    priorities = {
        "AlwaysFront": _("Always in front"),
        "InFront": _("In front"),
        "NormalCycle": _("In turn with others"),
    }
    fields = [
        _named("content", _("Text"), wide=True),
        _named("priority", _("Priority"), "choice", options=priorities),
        _named("language", _("Language"), help=_("Two letters")),
    ]
    return fields, {"parameters": {"priority": "NormalCycle"}}


def _log() -> Made:
    kinds = {"diagnostics": _("Diagnostics"), "security": _("Security log")}
    return [_named("log", _("Log"), "choice", options=kinds)], {"parameters": {"log": "diagnostics"}}


def _vendor_data() -> Made:
    fields = [
        _named("vendor", _("Vendor"), empty=None),
        _named("message", _("Message")),
        _named("data", _("Data"), "area"),
    ]
    return fields, {}


def _firmware(images: Mapping[str, str]) -> Made:
    known = {"": _("none of ours")} | dict(images)
    fields = [
        _named("image", _("Image"), "choice", options=known, wide=True),
        _named("location", _("Or where it lies"), help=_("An address that the charge points can reach"), wide=True),
    ]
    return fields, {"parameters": {"image": next(iter(images), "")}}


_NAMED: Mapping[str, Callable[[], Made]] = {
    "set_configuration": _setting,
    "reset": _reset,
    "availability": _availability,
    "trigger": _trigger,
    "unlock": _unlock,
    "set_display_message": _message,
    "get_log": _log,
    "transfer_data": _vendor_data,
}
