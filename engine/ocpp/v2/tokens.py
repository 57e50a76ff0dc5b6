"""idTokens of 2.x: Authorize, and how a token's standing is written (2.0.1 block C)."""

from __future__ import annotations

from typing import Any

from engine.charging.kept.notices import Enquiry
from engine.charging.messages import AuthorizeAsked, Json, TokenStanding
from engine.clock import to_iso
from engine.ocpp.port import Circumstances

NO_AUTHORIZATION = "NoAuthorization"
"""The type of a token that stands for "nobody has to be asked": its text is empty."""

ACCEPTED = TokenStanding("Accepted")
MAX_ID_TOKEN = 36


def understand(payload: dict[str, Any], circumstances: Circumstances) -> AuthorizeAsked | Enquiry:
    """With a contract's certificate (C07) somebody has to look at that first: until then it is not good."""
    token = payload["idToken"]
    found = standing(token, circumstances)
    if "iso15118CertificateHashData" in payload or "certificate" in payload:
        negative = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}
        return Enquiry("Authorize", payload | {"idTokenInfo": id_token_info(found)}, negative)
    return AuthorizeAsked(token["idToken"], found)


def standing(token: dict[str, Any], circumstances: Circumstances) -> TokenStanding:
    """How an IdTokenType stands."""
    if token["type"] == NO_AUTHORIZATION:
        return ACCEPTED
    return circumstances.standing(token["idToken"])


def id_token_info(found: TokenStanding) -> dict[str, Json]:
    """IdTokenInfoType. A group is told by the type Central: it is ours. One too long for the field is left out."""
    info: dict[str, Json] = {"status": found.status}
    if found.expires is not None:
        info["cacheExpiryDateTime"] = to_iso(found.expires)
    if found.group and len(found.group) <= MAX_ID_TOKEN:
        info["groupIdToken"] = {"idToken": found.group, "type": "Central"}
    return info
