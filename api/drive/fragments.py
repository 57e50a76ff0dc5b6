"""The part of a page that changes while somebody looks at it.

`assets/drive.js` asks for it with the tag of what it shows and `Prefer: wait=20` (RFC 7240). The answer comes when the
part is another one, or when that time is over (304): at once after the live feed has told of one of its charge points,
and by a look now and then at what is only in the stores. So a phone asks three times a minute while nothing happens.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from api.ui.visit import Visitor
from api.web.context import Context

LONGEST_S = 25.0
LOOK_S = 2.0
"""How often the stores are looked at for what the live feed does not tell: payments, starts, prices."""

GATHER_S = 0.15
"""A station says several things at once; they become one answer."""

_WAIT = re.compile(r"\bwait=(\d{1,2})\b")


def tag_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


async def changing(
    request: Request,
    visitor: Visitor,
    charge_points: Collection[str],
    make: Callable[[], Awaitable[str]],
    *,
    look_s: float = LOOK_S,
) -> Response:
    """The part that `make` gives, once it is another one than the browser shows, or 304 after its patience."""
    loop = asyncio.get_running_loop()
    shown = request.headers.get("if-none-match", "").strip('"')
    until = loop.time() + _patience(request)
    with _woken_by(visitor.context, charge_points) as woken:
        while True:
            woken.clear()
            text = await make()
            if (tag := tag_of(text)) != shown:
                headers = {"ETag": f'"{tag}"', "Cache-Control": "no-store"}
                return Response(text, media_type="text/html", headers=headers)
            left = until - loop.time()
            if left <= 0 or await request.is_disconnected():
                return Response(status_code=304, headers={"ETag": f'"{tag}"'})
            try:
                await asyncio.wait_for(woken.wait(), min(left, look_s))
                await asyncio.sleep(GATHER_S)
            except TimeoutError:
                continue


def _patience(request: Request) -> float:
    """How long the browser is ready to wait, in seconds; 0 unless it says so."""
    found = _WAIT.search(request.headers.get("prefer", ""))
    return min(float(found[1]), LONGEST_S) if found else 0.0


@contextmanager
def _woken_by(context: Context, charge_points: Collection[str]) -> Iterator[asyncio.Event]:
    """An event that is set whenever the live feed has told of one of these."""
    woken, names = asyncio.Event(), {name.lower() for name in charge_points}
    stop = context.image.follow(lambda seen: woken.set() if seen.id.lower() in names else None)
    try:
        yield woken
    finally:
        stop()
