"""Monitors are cleared in as many messages as the station's limit makes of them (2.0.1, N06.FR.04)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from api.operations.operator import Operator
from api.schemas.operations import OperationOut
from engine.charging import operations as ops
from engine.errors import InvalidInput

LIMIT = ops.SettingName(
    component="MonitoringCtrlr", variable="ItemsPerMessage", variable_instance="ClearVariableMonitoring"
)
_ANSWERED = frozenset({"Accepted", "Rejected", "Failed"})


class MonitorsClearedOut(BaseModel):
    operations: list[OperationOut] = Field(description="One for each message, in order.")
    not_asked: list[int] = Field(description="What was left when the station did not answer any more.")


async def clear_monitors(operator: Operator, numbers: Sequence[int]) -> MonitorsClearedOut:
    """All of them, one message after the other, as long as the station answers. Raises InvalidInput."""
    wanted = list(dict.fromkeys(numbers))
    most = await _most(operator, len(wanted))
    done: list[OperationOut] = []
    while len(done) * most < len(wanted) and all(each.outcome in _ANSWERED for each in done):
        start = len(done) * most
        done.append(await operator.carry_out(ops.ClearMonitors(tuple(wanted[start : start + most]))))
    return MonitorsClearedOut(operations=done, not_asked=wanted[len(done) * most :])


async def _most(operator: Operator, wanted: int) -> int:
    """How many the station takes at once; where that is not known it is asked, and all where it does not tell."""
    if wanted == 1:
        return 1
    known = _told(await operator.kept("configuration"))
    if known is None:
        try:
            await operator.carry_out(ops.GetConfiguration(0, (LIMIT,)))
        except InvalidInput:
            # Its version has no such setting: then it has no monitors either, and the next step says so.
            return wanted
        known = _told(await operator.kept("configuration"))
    return wanted if known is None else known


def _told(settings: Sequence[dict[str, Any]] | None) -> int | None:
    place = (LIMIT.component, LIMIT.variable, LIMIT.variable_instance, "Actual")
    for row in settings or ():
        if (row["component"], row["key"], row["instance"], row["attribute"]) == place:
            value = row["value"] or ""
            return int(value) if value.isdecimal() and int(value) > 0 else None
    return None
