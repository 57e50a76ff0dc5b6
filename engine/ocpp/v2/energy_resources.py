"""Distributed energy resources (2.1 block R): the controls that a station reports."""

from __future__ import annotations

from typing import Any

from engine.charging.kept.notices import DER, ReportPart
from engine.ocpp.loose_values import mapping
from engine.ocpp.port import Circumstances
from engine.ocpp.v2.report_parts import unnumbered


def understand_der_controls(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    """They stay in the station's words."""
    kinds = {name: value for name, value in payload.items() if isinstance(value, list)}
    rows = [{"control": name, **mapping(control)} for name, listed in kinds.items() for control in listed]
    return unnumbered(DER, payload, rows)
