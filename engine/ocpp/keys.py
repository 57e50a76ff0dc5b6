"""The names in JSON objects as the very objects that the parser makes of them."""

from __future__ import annotations

import orjson


def as_parsed(name: str) -> str:
    """The text object that orjson uses for this key.

    It keeps one for each short key, and a dictionary finds a key by the object itself without comparing texts. Should
    orjson make another one some day, the texts are compared and all is found as before.
    """
    (key,) = orjson.loads(orjson.dumps({name: None}))
    return str(key)
