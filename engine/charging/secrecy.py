"""Take secrets out of commands and their answers before they reach the journal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.charging.messages import Json

SECRET_KEYS = frozenset({"authorizationkey", "basicauthpassword"})
"""Configuration keys and variables whose values nobody may read, in lower case."""

HIDDEN = "***"

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def redacted(content: Json) -> Json:
    """A copy in which the values of secret keys, and credentials in URLs, are hidden.

    A secret key is known wherever a `key` (1.6), or a `variable`'s `name` (2.x), stands beside a value.
    """
    if isinstance(content, Mapping):
        secret = str(content.get("key") or _variable(content)).lower() in SECRET_KEYS
        return {
            name: HIDDEN if secret and name in ("value", "attributeValue") and value is not None else redacted(value)
            for name, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [redacted(item) for item in content]
    if isinstance(content, str) and "://" in content:
        return _CREDENTIALS.sub(f"{HIDDEN}@", content)
    return content


def _variable(content: Mapping[str, Any]) -> str:
    variable = content.get("variable")
    return str(variable.get("name", "")) if isinstance(variable, Mapping) else ""
