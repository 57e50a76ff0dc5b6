"""A receiver's check of a signature, written from docs/webhooks.md alone: it shares nothing with the signer."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether `body` is from who has `secret`, and was sent within the last five minutes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent = headers["webhook-timestamp"]
    signed = headers["webhook-id"].encode() + b"." + sent.encode() + b"." + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers["webhook-signature"].split(" ")
    return abs(now - int(sent)) < 300 and any(hmac.compare_digest(wanted, each) for each in signatures)
