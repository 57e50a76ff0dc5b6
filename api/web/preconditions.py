"""Against lost updates: ETag on what can be changed, If-Match on the change (RFC 9110, 8.8.3 and 13.1.1).

Rows that can be changed have a `version`, which every change raises. A change with If-Match counts only for that
version; without one it counts whatever is there. Stores take `version: int | None` and raise `Changed`.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from engine.errors import InvalidInput

_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def tagged(response: Response, version: int) -> None:
    """Say which version this answer shows."""
    response.headers["ETag"] = f'"{version}"'


async def _version_of(
    if_match: Annotated[str | None, Header(description="The ETag of what is to be changed; `*` for any.")] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInput("This is no ETag of ours.", field="If-Match", remedy="Send the ETag of the last answer.")
    return int(found[1])


IfMatch = Annotated[int | None, Depends(_version_of)]
