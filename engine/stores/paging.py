"""Lists that are read page by page: a cursor says after which key the next page begins, so rows may come and go."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from engine.errors import InvalidInput

MAX_LIMIT = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page, None on the last."""

    items: list[T]
    cursor: str | None


def to_cursor(*key: str | int | None) -> str:
    """The last row's sort key as opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def from_cursor(cursor: str, *types: type) -> list[str | int | None]:
    """The sort key, checked to be of these types (or None). Raises InvalidInput for one that we did not hand out."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _unusable() from error
    if type(key) is not list or len(key) != len(types):
        raise _unusable()
    if any(value is not None and type(value) is not wanted for value, wanted in zip(key, types, strict=True)):
        raise _unusable()
    # Neither store takes a NUL in a text, nor a number of more than 64 bits.
    if any("\0" in value if isinstance(value, str) else not -(2**63) <= (value or 0) < 2**63 for value in key):
        raise _unusable()
    return key


def checked_limit(limit: int) -> int:
    """`limit` if a page may be so long, else InvalidInput."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(
            f"A page has 1 to {MAX_LIMIT} rows.", field="limit", remedy=f"Use a number from 1 to {MAX_LIMIT}."
        )
    return limit


def pattern(text: str) -> str:
    """A LIKE pattern (escape character backslash) for "contains `text`"."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _unusable() -> InvalidInput:
    return InvalidInput("This cursor is none of ours.", field="cursor", remedy="Leave it out to begin at the start.")
