"""Authorize, and how a token's standing is written (OCPP 1.6, sections 4.1 and 7.27).

idTags are case-insensitive (CiString20): they are kept as said, and whoever compares them compares lower case.
"""

from __future__ import annotations

from typing import Any

from engine.charging.messages import AuthorizeAsked, TokenStanding
from engine.clock import to_iso
from engine.ocpp.port import Circumstances

MAX_ID_TAG = 20
_IN_1_6 = {"NoCredit": "Blocked", "NotAtThisTime": "Blocked"}
"""What this version has no word for: "has been blocked, not allowed for charging"."""


def understand(payload: dict[str, Any], circumstances: Circumstances) -> AuthorizeAsked:
    id_tag: str = payload["idTag"]
    return AuthorizeAsked(id_tag, circumstances.standing(id_tag))


def id_tag_info(standing: TokenStanding) -> dict[str, str]:
    """IdTagInfo. A group's name longer than an idTag can be cannot be told to a 1.6 station, and is left out."""
    info = {"status": _IN_1_6.get(standing.status, standing.status)}
    if standing.expires is not None:
        info["expiryDate"] = to_iso(standing.expires)
    if standing.group and len(standing.group) <= MAX_ID_TAG:
        info["parentIdTag"] = standing.group
    return info
