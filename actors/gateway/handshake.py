"""Reading a handshake: which charge point it claims to be, what proves it, and which OCPP version it offers."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote

from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request

from engine.errors import InvalidInput
from engine.ids import checked_charge_point_id

PATH_ROOT = "ocpp"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a handshake says. `user` and `secret` are None without an Authorization header of the Basic kind."""

    charge_point: str
    user: str | None
    secret: bytes | None
    subprotocols: tuple[str, ...]


def read_claim(request: Request) -> Claimed:
    """Read `/ocpp/{id}` (tolerating doubled slashes and percent-encoding), Basic credentials and subprotocols.

    Raises InvalidInput when the path names no possible charge point (OCPP-J 1.6, section 3.1.1).
    """
    path = request.path.partition("?")[0]
    segments = [s for s in path.split("/") if s]
    if len(segments) != 2 or segments[0].lower() != PATH_ROOT:
        raise InvalidInput(
            f"The path {path[:80]!r} is not /{PATH_ROOT}/CHARGE_POINT_ID.",
            field="path",
            remedy=f"Connect to ws://HOST:PORT/{PATH_ROOT}/CHARGE_POINT_ID.",
        )
    charge_point = checked_charge_point_id(unquote(segments[1]))
    user, secret = _basic_credentials(request)
    return Claimed(charge_point, user, secret, _subprotocols(request))


def choose_subprotocol(offered: tuple[str, ...], supported: tuple[str, ...], default: str) -> tuple[str | None, str]:
    """Choose a version: (the header to answer, the version to speak).

    The station's order of preference counts (OCPP-J 1.6, section 3.1.2). One that offers nothing gets `default` spoken
    and no header. ("", "") means that nothing offered is supported.
    """
    if not offered:
        return None, default
    by_lower = {name.lower(): name for name in supported}
    for name in offered:
        match = by_lower.get(name.lower())
        if match is not None:
            return name, match
    return "", ""


def _basic_credentials(request: Request) -> tuple[str | None, bytes | None]:
    try:
        header = request.headers.get("Authorization", "")
    except MultipleValuesError:
        return None, None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return None, None
    # The password may be any bytes (1.6's AuthorizationKey), so only the user name is text. The id itself may hold
    # colons: the password starts after the id where the user name is the id, else after the first colon.
    user, _, secret = decoded.partition(b":")
    return user.decode("utf-8", "replace"), secret


def split_secret(claim: Claimed) -> bytes | None:
    """The password of a claim whose charge point id may itself contain colons; None where the user is someone else."""
    if claim.user is None or claim.secret is None:
        return None
    whole = claim.user.encode() + b":" + claim.secret
    prefix = claim.charge_point.encode() + b":"
    if whole[: len(prefix)].lower() == prefix.lower():
        return whole[len(prefix) :]
    return None


def _subprotocols(request: Request) -> tuple[str, ...]:
    values = request.headers.get_all("Sec-WebSocket-Protocol")
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
