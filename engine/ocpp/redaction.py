"""Takes secrets out of frames before anything is stored or shown.

Secrets are: the values of the configuration keys AuthorizationKey and BasicAuthPassword (1.6 ChangeConfiguration and
GetConfiguration; 2.x SetVariables, GetVariables, reports), fields that are named like a password, credentials in
URLs, and the tokens of our own file links. A frame in which nothing looks like one costs a few substring tests.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from engine.charging.messages import Json
from engine.charging.secrecy import LINK_TOKEN
from engine.ocpp.frames import DEFAULT_LIMITS, MAX_LENIENT_BYTES
from engine.ocpp.lenient_json import read_lenient

REDACTED = "***"
_NAMES = ("authorizationkey", "basicauthpassword", "password")
_SUSPECT = re.compile(rb"authorizationkey|password|:\\?/\\?/[^\s\"/]{0,600}@|/files\\?/|\\u00", re.IGNORECASE)
_VALUE_FIELDS = frozenset({"value", "attributevalue", "variableattribute"})
_URL_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,20}://)[^\s/\"]{1,512}@")
_UNREADABLE = b'"a frame that names a secret and could not be read was left out"'


def redact_text(raw: bytes) -> bytes:
    """The frame without secrets; the very same object where there are none.

    A frame that looks like holding one but cannot be parsed is left out altogether.
    """
    lowered = raw.lower()
    plain = b"@" not in raw and b"\\u" not in raw and b"/files" not in raw
    if plain and b"password" not in lowered and b"authorizationkey" not in lowered:
        return raw
    if _SUSPECT.search(raw) is None:
        return raw
    try:
        clean, changed = _redacted(_read(raw))
        return orjson.dumps(clean) if changed else raw
    except (ValueError, TypeError):  # not even leniently readable, or too deep to be written
        return _UNREADABLE


def _read(raw: bytes) -> Json:
    """What the frame says, read as leniently as `frames.parse` reads it. Raises ValueError."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        if len(raw) > MAX_LENIENT_BYTES:
            raise
        return read_lenient(raw.decode(errors="replace"), DEFAULT_LIMITS.max_depth)[0]


def redact_tree(value: Json) -> Json:
    """A copy of a JSON value without secrets. `value` is left as it is."""
    return _redacted(value)[0]


def _redacted(value: Json) -> tuple[Json, bool]:
    """The copy, and whether it differs. Walks without recursion, so no depth can hurt."""
    root: list[Json] = [value]
    changed = False
    pending: list[list[Json] | dict[str, Json]] = [root]
    while pending:
        container = pending.pop()
        entries: Any = container.items() if isinstance(container, dict) else enumerate(container)
        secret = isinstance(container, dict) and _names_secret(container)
        for key, inner in list(entries):
            clean = _cleaned(key, inner, secret=secret)
            changed = changed or clean is not inner
            if isinstance(clean, dict):
                clean = dict(clean)
                pending.append(clean)
            elif isinstance(clean, list):
                clean = list(clean)
                pending.append(clean)
            container[key] = clean
    return root[0], changed


def _cleaned(key: str | int, value: Json, *, secret: bool) -> Json:
    """One field's or item's value; the very same object where nothing in it is secret by its name or text."""
    if value is None:
        return None
    if isinstance(key, str):
        if secret and key.lower() in _VALUE_FIELDS:
            return _blanked(value)
        if _is_secret_name(key):
            return REDACTED
    return _clean_string(value) if isinstance(value, str) else value


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
    if "/files/" in text:
        text = LINK_TOKEN.sub(REDACTED, text)
    lowered = text.lower()
    if any(name in lowered for name in _NAMES) and not lowered.replace(".", "").isalnum():
        return REDACTED
    return text
