"""What is filled in about a connector, and what most of them are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.dashboard.office.form import Field
from api.ui.texts import N_, _
from engine.places.connectors import TYPES

PRESETS: Mapping[str, str] = {
    "dc_ccs": N_("DC, CCS cable"),
    "dc_chademo": N_("DC, CHAdeMO cable"),
    "ac_socket": N_("AC 22 kW, socket"),
    "ac_cable": N_("AC 11 kW, cable"),
}
_WORDS = ("type", "format", "power_type", "max_voltage_v", "max_amperage_a", "max_power_w")
_VALUES: Mapping[str, tuple[Any, ...]] = {
    "dc_ccs": ("IEC_62196_T2_COMBO", "CABLE", "DC", 920, 250, 150_000),
    "dc_chademo": ("CHADEMO", "CABLE", "DC", 500, 125, 50_000),
    "ac_socket": ("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 32, 22_000),
    "ac_cable": ("IEC_62196_T2", "CABLE", "AC_3_PHASE", 230, 16, 11_000),
}


def preset(name: str) -> dict[str, Any]:
    """What such a connector is, in the API's words: V and A of one phase, W."""
    return dict(zip(_WORDS, _VALUES[name], strict=True))


def connector_fields() -> list[Field]:
    """With its numbers, as the station counts."""
    powers = {
        "DC": _("Direct current"),
        "AC_1_PHASE": _("Alternating, one phase"),
        "AC_2_PHASE": _("Alternating, two phases"),
        "AC_2_PHASE_SPLIT": _("Alternating, split phase"),
        "AC_3_PHASE": _("Alternating, three phases"),
    }
    return [
        Field("evse", _("EVSE"), "whole", help=_("OCPP 1.6: its connectorId")),
        Field("connector", _("Connector"), "whole", help=_("OCPP 1.6: always 1")),
        Field("type", _("Type"), "choice", options=sorted(TYPES)),
        Field("format", _("Cable or socket"), "choice", options={"CABLE": _("Cable"), "SOCKET": _("Socket")}),
        Field("power_type", _("Power"), "choice", options=powers),
        Field("max_voltage_v", _("Voltage of one phase, V"), "whole"),
        Field("max_amperage_a", _("Current of one phase, A"), "whole"),
        Field("max_power_w", _("Power at most, W"), "whole"),
        Field("label", _("Label on it"), help=_("As drivers read it")),
    ]
