"""Signatures of webhooks in the manner of Standard Webhooks: HMAC-SHA256 over id, time and body.

`webhook-signature` has one `v1,…` for each secret that is in force, with a space between, so that a receiver goes on
while its secret is changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SIZE = 32


def fresh_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SIZE)


def shown_secret(secret: bytes) -> str:
    """As receivers' libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def signature_headers(id: str, at_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers; `at_s` in seconds since the Unix epoch."""
    signed = f"{id}.{at_s}.".encode() + body
    digests = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }
