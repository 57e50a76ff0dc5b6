"""What a command is about, whatever its OCPP version calls it: by this the machine knows what will follow from it.

`engine/ocpp` reads an intent out of a CALL's action and payload; nothing in this package looks at either.
"""

from __future__ import annotations

from typing import NamedTuple

START = "start"
STOP = "stop"
RESET = "reset"
BOOT = "boot"
COST = "cost"
OTHER = "other"


class Intent(NamedTuple):
    """`kind` is one of the names above.

    `evse` 0 stands for any; `id_token` and `request` (2.x: remoteStartId) tell which Start answers a remote one;
    `transaction` is what a remote stop, or a cost to show, is about. `invites` is the action that the station is asked
    to send, "" if none. `patient`: what follows may take hours (a reset that waits for sessions to end).
    `needs_acceptance`: not to be sent before the boot was accepted.
    """

    kind: str = OTHER
    evse: int = 0
    id_token: str = ""
    request: int | None = None
    transaction: str = ""
    invites: str = ""
    patient: bool = False

    @property
    def needs_acceptance(self) -> bool:
        """No remote start or stop to a station whose boot was not accepted (1.6, 4.2.1; 2.x, B02)."""
        return self.kind in (START, STOP)


NO_INTENT = Intent()
