"""Take secrets out of commands, their answers and what is kept of a station before they reach the journal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.charging.messages import Json

SECRET_KEYS = frozenset({"authorizationkey", "basicauthpassword"})
"""Configuration keys and variables whose values nobody may read, in lower case."""

HIDDEN = "***"
_VALUES = ("value", "attributeValue")

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")

LINK_TOKEN = re.compile(r"(?<=/files/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
"""What lets a station fetch or bring a file (engine/stores/files/exchange.py): as good as a password for its job."""


def is_secret(name: str) -> bool:
    """Whether a key or variable holds a secret: those above, and whatever is named like a password."""
    lowered = name.lower()
    return lowered in SECRET_KEYS or lowered.endswith("password")


def shown(name: str, value: str | None, mutability: str = "") -> str | None:
    """A setting's value as people may see it. What a station lets nobody read (WriteOnly) is not shown either."""
    if value is None:
        return None
    if mutability == "WriteOnly" or is_secret(name):
        return HIDDEN
    return without_credentials(value)


def without_credentials(text: str) -> str:
    """Text without the user names and passwords of the URLs in it, nor the tokens of our own file links."""
    if "://" not in text:
        return text
    return LINK_TOKEN.sub(HIDDEN, _CREDENTIALS.sub(f"{HIDDEN}@", text))


def redacted(content: Json, *, urls: bool = True) -> Json:
    """A copy in which the values of secret keys, and with `urls` also credentials in URLs, are hidden.

    A secret key is known wherever a `key` (1.6), or a `variable`'s `name` (2.x), stands beside a value.
    """
    if isinstance(content, Mapping):
        secret = is_secret(str(content.get("key") or _variable(content)))
        return {
            name: HIDDEN if secret and name in _VALUES and value is not None else redacted(value, urls=urls)
            for name, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [redacted(item, urls=urls) for item in content]
    if urls and isinstance(content, str):
        return without_credentials(content)
    return content


def is_hidden(content: Json) -> bool:
    """Whether a secret key's value was hidden in it, so that it can be shown but not be sent."""
    if isinstance(content, Mapping):
        return any(is_hidden(value) for value in content.values())
    if isinstance(content, list | tuple):
        return any(is_hidden(item) for item in content)
    return bool(content == HIDDEN)


def _variable(content: Mapping[str, Any]) -> str:
    variable = content.get("variable")
    return str(variable.get("name", "")) if isinstance(variable, Mapping) else ""
