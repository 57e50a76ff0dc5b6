"""What a station whose boot was not accepted may say, and what may be said to it.

1.6, section 4.2.1: it should say nothing but BootNotification, or what we triggered; if it does all the same, that is
heard like any other. 2.x, B02.FR.09 and B03.FR.07: it is refused with SecurityError. Which of the two is the version's
rule. A Pending that our own trouble caused is not told from here: whoever is to be accepted is heard.
"""

from __future__ import annotations

from engine.charging.config import MachineConfig
from engine.charging.intents import BOOT, Intent
from engine.charging.state import ChargePointState

UNREGISTERED = frozenset({"pending", "rejected"})
MAX_INVITED = 32


def held_back(state: ChargePointState, intent: Intent) -> bool:
    """Whether a command must not be sent now.

    Pending: no remote start or stop. Rejected: nothing but the request to boot again.
    """
    if state.registration not in UNREGISTERED:
        return False
    return intent.needs_acceptance or (state.registration == "rejected" and intent.kind != BOOT)


def invite(state: ChargePointState, intent: Intent, until: int) -> None:
    """A command leaves that asks the station to say something: it may, until then, before it is accepted too."""
    if intent.invites and state.registration in UNREGISTERED:
        state.invited[intent.invites] = until
        while len(state.invited) > MAX_INVITED:
            del state.invited[next(iter(state.invited))]


def out_of_turn(state: ChargePointState, said: str, now: int, config: MachineConfig) -> bool:
    """Whether a station that waits for an operator's word says something (an action) that it was not asked for."""
    if config.registration == "Accepted" or state.registration not in UNREGISTERED:
        return False
    return now > state.invited.get(said, -1)
