"""Opaque cursors: where a page of a list ended, as text for the next request.

A cursor carries no authority (the filters and the permission are checked anew with each request), so it is not signed.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from engine.errors import InvalidInput

_MAX_LENGTH = 512


def encode(position: Any) -> str:
    """Write a position (text, or a pair of a whole number and text) as URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def _decode(cursor: str) -> Any:
    if len(cursor) > _MAX_LENGTH or not cursor.isascii():
        raise _broken()
    try:
        return orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError) as error:
        raise _broken() from error


def decode_name(cursor: str | None) -> str:
    """The name after which a page starts; "" without a cursor. Raises InvalidInput."""
    if not cursor:
        return ""
    value = _decode(cursor)
    if not isinstance(value, str) or "\0" in value:
        raise _broken()
    return value


def decode_moment(cursor: str | None) -> tuple[int, str] | None:
    """The (time, id) after which a page starts; None without a cursor. Raises InvalidInput."""
    if not cursor:
        return None
    match _decode(cursor):
        case [int(at), str(name)] if not isinstance(at, bool) and abs(at) < 2**62 and "\0" not in name:
            return at, name
        case _:
            raise _broken()


def decode_in(order: str, cursor: str | None) -> tuple[int, str] | None:
    """The (time, id) after which a page starts, of a list in this order: one of another order would leave out rows.

    Written with `encode((order, time, id))`. Raises InvalidInput.
    """
    if not cursor:
        return None
    match _decode(cursor):
        case [str(told), int(at), str(name)] if not isinstance(at, bool) and abs(at) < 2**62 and "\0" not in name:
            if told != order:
                raise InvalidInput(
                    "This cursor is of another order.", field="cursor", remedy="Keep `sort` the same on each page."
                )
            return at, name
        case _:
            raise _broken()


def _broken() -> InvalidInput:
    return InvalidInput(
        "This cursor was not given out by us.",
        field="cursor",
        remedy="Use the `next` of the page before, or leave it out to start over.",
    )
