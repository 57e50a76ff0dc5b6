"""How far a charge point's setting up has come, and which steps there are.

    planned ⇄ commissioning ⇄ live
       └───────────┴───────────┴──► retired

Only what is live is offered to drivers. A planned one may be registered before there is any hardware; a live one goes
back to commissioning while it is being worked on. Retired is the end.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import Conflict, InvalidInput

PLANNED, COMMISSIONING, LIVE, RETIRED = STATES = ("planned", "commissioning", "live", "retired")

STEPS: Mapping[str, frozenset[str]] = {
    PLANNED: frozenset({COMMISSIONING, RETIRED}),
    COMMISSIONING: frozenset({PLANNED, LIVE, RETIRED}),
    LIVE: frozenset({COMMISSIONING, RETIRED}),
    RETIRED: frozenset(),
}


def checked_state(state: str) -> str:
    """`state` if a charge point can be registered in it, else InvalidInput."""
    if state not in STATES or state == RETIRED:
        raise InvalidInput(
            f"A charge point cannot begin as {state!r}.",
            field="commissioning",
            remedy=f"Use one of: {', '.join(STATES[:-1])}.",
        )
    return state


def check_step(before: str, after: str) -> None:
    """Raise InvalidInput for no state at all, Conflict for one that cannot be reached from `before`."""
    if after not in STATES:
        raise InvalidInput(
            f"commissioning cannot be {after!r}.", field="commissioning", remedy=f"Use one of: {', '.join(STATES)}."
        )
    if after != before and after not in STEPS[before]:
        possible = ", ".join(sorted(STEPS[before])) or "nothing else: register a new one"
        raise Conflict(
            f"A charge point that is {before} cannot become {after}.",
            field="commissioning",
            remedy=f"From {before} it can become {possible}.",
        )
