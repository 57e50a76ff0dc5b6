"""What messages are about: their kinds, and how severe what they tell of can be."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import InvalidInput

KINDS: dict[str, str] = {
    "alert.acknowledged": "Somebody has taken notice of an alert.",
    "alert.escalated": "Nobody has taken notice of an alert in time.",
    "alert.opened": "Something is wrong.",
    "alert.resolved": "It is over, or somebody has said that it is.",
    "charge_point.link": "A charge point is connected, reconnecting or offline.",
    "connector.status": "A connector has another state.",
    "credit_note.issued": "A receipt was credited, whole or in part.",
    "receipt.issued": "A session was billed.",
    "session.amended": "The station has told more about a session after its end.",
    "session.ended": "The station has stopped a session.",
    "session.settled": "Nothing more will change what a session costs.",
    "session.started": "A session has begun.",
    "session.updated": "A session has another state, energy or price; at most once a minute.",
    "test": "Somebody tries a channel.",
}
"""Kind → what it tells. `test` is sent by the test of a channel only, and cannot be subscribed to."""

SUBSCRIBABLE = tuple(kind for kind in KINDS if kind != "test")
SEVERITIES = ("warning", "minor", "major", "critical")
"""From the least to the most."""
_FAMILIES = frozenset(kind.partition(".")[0] for kind in SUBSCRIBABLE)


def wants(kinds: Sequence[str], least: str, kind: str, severity: str) -> bool:
    """Whether a subscription to `kinds` (`session.ended`, `alert.*`, `*`) from severity `least` on wants this.

    What has no severity is wanted whatever `least` says.
    """
    if least and severity and rank(severity) < rank(least):
        return False
    return kind in kinds or "*" in kinds or f"{kind.partition('.')[0]}.*" in kinds


def rank(severity: str) -> int:
    """How severe, from 0 on; what nobody knows is the worst."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def checked_kinds(kinds: Sequence[str]) -> list[str]:
    """`kinds` in order, each once. Raises InvalidInput for one that there is not, or for none at all."""
    if not kinds:
        raise InvalidInput("Say what you want to be told of.", field="kinds", remedy='Name kinds, or use ["*"].')
    for place, kind in enumerate(kinds):
        if kind != "*" and kind not in SUBSCRIBABLE and kind not in {f"{family}.*" for family in _FAMILIES}:
            raise InvalidInput(
                f"There is no kind {kind!r}.",
                field=f"kinds[{place}]",
                remedy=f"Use *, one of {', '.join(f'{family}.*' for family in sorted(_FAMILIES))}, or one of "
                f"{', '.join(SUBSCRIBABLE)}.",
            )
    return sorted(set(kinds))


def checked_severity(severity: str) -> str:
    """Raises InvalidInput for a severity that there is not; "" is any."""
    if severity and severity not in SEVERITIES:
        raise InvalidInput(
            f"There is no severity {severity!r}.", field="severity", remedy=f"Use one of {', '.join(SEVERITIES)}."
        )
    return severity
