"""A station's password as bytes (2.x, A00.FR.205; 1.6 security white paper, A00.FR.205).

1.6's AuthorizationKey is binary and is written into the station as up to 40 hexadecimal digits. Some stations then send
the bytes, as they should, others the digits. So digits that can be such a key stand for the bytes that they write:
`canonical` is applied to what an operator sets and to what a station sends, and both kinds of station are let in.
"""

from __future__ import annotations

import re
import secrets

from engine.errors import InvalidInput

MAX_BYTES = 256
KEY_BYTES = 20
"""The longest AuthorizationKey of 1.6: its 40 digits are a valid password of every version."""

_KEY_DIGITS = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")


def fresh_secret() -> str:
    """An unguessable password that every version of OCPP can carry: 20 random bytes as 40 hexadecimal digits."""
    return secrets.token_hex(KEY_BYTES)


def as_bytes(secret: str | bytes) -> bytes:
    """A password as the bytes that a station sends: text is UTF-8."""
    return secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogateescape")


def canonical(secret: bytes) -> bytes:
    """The bytes that the digits of an AuthorizationKey stand for; anything else as it is."""
    return bytes.fromhex(secret.decode("ascii")) if _KEY_DIGITS.fullmatch(secret) else secret


def candidates(sent: bytes) -> tuple[bytes, ...]:
    """What a station's password may mean: its canonical form and, for digits kept by an older release, itself."""
    bare = canonical(sent)
    return (bare,) if bare == sent else (bare, sent)


def checked_secret(secret: str | bytes) -> bytes:
    """The canonical bytes of a password that is to be kept. Raises InvalidInput for one that is empty or too long."""
    raw = as_bytes(secret)
    if not 1 <= len(raw) <= MAX_BYTES:
        raise InvalidInput(
            f"A secret has 1 to {MAX_BYTES} bytes.", field="secret", remedy="Use 16 to 40 random characters."
        )
    return canonical(raw)


def secret_of_hex(digits: str) -> bytes:
    """The bytes of a password given as hexadecimal digits. Raises InvalidInput for what is none."""
    try:
        return checked_secret(bytes.fromhex(digits))
    except ValueError as error:
        raise InvalidInput(
            "This is no hexadecimal text.", field="password_hex", remedy="Use an even number of digits 0-9 and a-f."
        ) from error
