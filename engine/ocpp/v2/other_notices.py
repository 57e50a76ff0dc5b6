"""What a 2.1 station tells that no machine looks at yet: DER, battery swap, settlement, streams. Answered as specified.

Each is put on record as it was said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.charging.kept.notices import Noticed
from engine.ocpp.port import Circumstances

_ANSWERS: dict[str, dict[str, Any]] = {
    "BatterySwap": {},
    "ClosePeriodicEventStream": {},
    "NotifyDERAlarm": {},
    "NotifyDERStartStop": {},
    "NotifyPeriodicEventStream": {},
    "NotifyPriorityCharging": {},
    "NotifySettlement": {},
    "OpenPeriodicEventStream": {"status": "Accepted"},
    # No schedule here is made from moment to moment, so there is no update of one to be had.
    "PullDynamicScheduleUpdate": {
        "status": "Rejected",
        "statusInfo": {"reasonCode": "NotEnabled", "additionalInfo": "No dynamic schedules are made here."},
    },
}
ACTIONS = frozenset(_ANSWERS)


def understand(action: str) -> Callable[[dict[str, Any], Circumstances], Noticed]:
    """What understands one of these actions."""
    answer = _ANSWERS[action]

    def noticed(payload: dict[str, Any], _circumstances: Circumstances) -> Noticed:
        return Noticed(action, payload, answer)

    return noticed
