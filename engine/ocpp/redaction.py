"""Takes secrets out of frames before anything is stored or shown.

Secrets are: the values of the configuration keys AuthorizationKey and BasicAuthPassword (1.6 ChangeConfiguration and
GetConfiguration; 2.x SetVariables, GetVariables, reports), fields that are named like a password, and credentials in
URLs. A frame in which nothing looks like one costs a few substring tests.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from engine.charging.messages import Json

REDACTED = "***"
_NAMES = ("authorizationkey", "basicauthpassword", "password")
_SUSPECT = re.compile(rb"authorizationkey|password|:\\?/\\?/[^\s\"]{0,600}@|\\u00", re.IGNORECASE)
_VALUE_FIELDS = frozenset({"value", "attributevalue", "variableattribute"})
_URL_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,20}://)[^\s/\"]{1,512}@")
_UNREADABLE = b'"a frame that names a secret and could not be read was left out"'


def redact_text(raw: bytes) -> bytes:
    """The frame without secrets; the very same object where there are none.

    A frame that looks like holding one but cannot be parsed is left out altogether.
    """
    if b"assword" not in raw and b"uthorizationKey" not in raw and b"@" not in raw and b"\\" not in raw:
        # The usual spelling is not there: one case-blind look decides.
        lowered = raw.lower()
        if b"password" not in lowered and b"authorizationkey" not in lowered:
            return raw
    if _SUSPECT.search(raw) is None:
        return raw
    try:
        value = orjson.loads(raw)
        clean = redact_tree(value)
        return raw if clean == value else orjson.dumps(clean)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _UNREADABLE


def redact_tree(value: Json) -> Json:
    """A copy of a JSON value without secrets. Walks without recursion, so no depth can hurt."""
    root: list[Json] = [value]
    pending: list[list[Json] | dict[str, Json]] = [root]
    while pending:
        container = pending.pop()
        entries: Any = container.items() if isinstance(container, dict) else enumerate(container)
        secret = isinstance(container, dict) and _names_secret(container)
        for key, inner in list(entries):
            if secret and isinstance(key, str) and key.lower() in _VALUE_FIELDS:
                inner = _blanked(inner)
            elif isinstance(key, str) and _is_secret_name(key) and isinstance(inner, str | int | float):
                inner = REDACTED
            elif isinstance(inner, str):
                inner = _clean_string(inner)
            if isinstance(inner, dict):
                inner = dict(inner)
                pending.append(inner)
            elif isinstance(inner, list):
                inner = list(inner)
                pending.append(inner)
            container[key] = inner
    return root[0]


def _is_secret_name(text: str) -> bool:
    lowered = text.strip().lower()
    return lowered in _NAMES or lowered.endswith("password")


def _names_secret(entries: dict[str, Json]) -> bool:
    """Whether an object is about a secret: {"key": "AuthorizationKey", …} or {"variable": {"name": …}, …}."""
    for field in entries.values():
        if isinstance(field, str) and _is_secret_name(field):
            return True
        if isinstance(field, dict) and any(isinstance(x, str) and _is_secret_name(x) for x in field.values()):
            return True
    return False


def _blanked(value: Json) -> Json:
    """A secret's value: blanked whatever its type; 2.x reports keep it in objects below `variableAttribute`."""
    if isinstance(value, list):
        return [_blanked(item) for item in value[:100]]
    if isinstance(value, dict):
        return {key: REDACTED if key.lower() == "value" else inner for key, inner in value.items()}
    return None if value is None else REDACTED


def _clean_string(text: str) -> str:
    """Credentials in URLs go; text that quotes a secret (JSON inside of text, as in DataTransfer) goes altogether."""
    if "@" in text:
        text = _URL_CREDENTIALS.sub(rf"\g<1>{REDACTED}@", text)
    lowered = text.lower()
    if any(name in lowered for name in _NAMES) and not lowered.replace(".", "").isalnum():
        return REDACTED
    return text
