"""Moving files over HTTP without holding them in memory: bodies that come in, and answers that can be resumed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.web.forms import FormFile
from api.web.problems import RangeBeyond
from engine.errors import InvalidInput, StoreUnavailable, TooLarge
from engine.stores.files.exchange import FileExchange

log = structlog.get_logger("api.files")

IDLE_S = 60.0
"""A sender who sends nothing, or a reader who takes nothing, for so long is given up."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

HEARD_OUT, HEARD_OUT_S = 4 << 20, 3.0
"""How much more of a refused body is taken, and how long: a sender that is cut off in its words reads no answer."""

HandedOut = Callable[[int, int], Awaitable[None]]
"""Told, at the end or when the reader has gone, from where to where bytes went out."""


class Incoming:
    """A request's body: raw, or the file of a form. `name` is the form's, known once `chunks` has begun."""

    def __init__(self, request: Request, limit: int) -> None:
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit + 65_536:
            # Told before a byte is read: what a form wraps around its file is far below 64 KiB.
            raise TooLarge(f"A file has at most {limit} bytes here.", field="body", remedy="Send a smaller file.")
        self._request = request
        kind = request.headers.get("content-type", "")
        is_form = kind.partition(";")[0].strip().lower() == "multipart/form-data"
        self._form = FormFile(kind, self._body()) if is_form else None

    @property
    def name(self) -> str:
        return "" if self._form is None else self._form.name

    def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes. Raises InvalidInput for what is cut or stalls: then nothing was kept."""
        return self._body() if self._form is None else self._form.chunks()

    async def _body(self) -> AsyncIterator[bytes]:
        stream = self._request.stream()
        try:
            while True:
                chunk = await asyncio.wait_for(anext(stream), IDLE_S)
                if chunk:
                    yield chunk
        except StopAsyncIteration:
            return
        except (TimeoutError, ClientDisconnect) as error:
            raise InvalidInput(
                "The upload broke off.", field="body", remedy="Send it again, from the beginning."
            ) from error


class Upload(Request):
    """A request that knows whether its body has been taken to its end."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.scope, self._hear)
        self._inner, self._ended = request.receive, False

    async def _hear(self) -> Message:
        message = await self._inner()
        self._ended = self._ended or not message.get("more_body", False)
        return message

    async def hear_out(self) -> None:
        """Throw away what the sender still has to say, within limits."""
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD_OUT_S):
                while not self._ended and taken < HEARD_OUT:
                    taken += len((await self._hear()).get("body", b""))


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """The one range that is asked for as [start, end), None where the whole is to be sent (RFC 9110, section 14.2).

    Several ranges at once, and what is no range, give the whole. Raises RangeBeyond for one beyond the file.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    else:
        start, end = max(0, size - int(found[2])), size
    if start >= end:
        raise RangeBeyond(size)
    return start, end


class FileAnswer(Response):
    """A file, or the range of it that was asked for. HEAD gets the headers alone."""

    media_type = "application/octet-stream"

    def __init__(
        self,
        exchange: FileExchange,
        file: str,
        name: str,
        size: int,
        sha256: str,
        request: Request,
        *,
        start: int = 0,
        end: int | None = None,
        handed_out: HandedOut | None = None,
    ) -> None:
        self._start, self._end = start, size if end is None else end
        is_part = end is not None
        ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace("\\", "_")
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{sha256}"',
            "Content-Length": str(self._end - self._start),
            "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}",
        }
        if is_part:
            headers["Content-Range"] = f"bytes {self._start}-{self._end - 1}/{size}"
        super().__init__(status_code=206 if is_part else 200, headers=headers)
        self._exchange, self._file, self._handed_out = exchange, file, handed_out
        self._head_only = request.method == "HEAD"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._head_only:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        gone = asyncio.create_task(_gone(receive))
        at = self._start
        chunks = self._exchange.read(self._file, at, self._end)
        try:
            # What cannot be read is told with the right status: before anything has gone out.
            chunk = await anext(chunks, b"")
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while chunk:
                body = {"type": "http.response.body", "body": chunk, "more_body": True}
                await asyncio.wait_for(send(body), IDLE_S)
                if gone.done():
                    return
                at += len(chunk)
                chunk = await anext(chunks, b"")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            # The answer ends short of its length, so the server cuts the connection.
            log.info("reader_stalled", file=self._file, sent=at - self._start)
        finally:
            gone.cancel()
            await chunks.aclose()
            if self._handed_out is not None:
                await _told(self._handed_out, self._start, at)


async def _told(handed_out: HandedOut, start: int, end: int) -> None:
    """The bytes are gone already: trouble with writing that down leaves the link as it was."""
    try:
        await handed_out(start, end)
    except StoreUnavailable as error:
        log.warning("download_not_noted", error=str(error))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def file_answer(
    exchange: FileExchange,
    request: Request,
    file: Any,
    *,
    check: Callable[[int], None] | None = None,
    handed_out: HandedOut | None = None,
) -> FileAnswer:
    """The answer to a GET or HEAD of `file` (id, name, size, sha256), ranges included.

    `check(start)` may refuse what begins there. Raises RangeBeyond.
    """
    asked = None
    condition = request.headers.get("if-range", "")
    # The part that a station has may be one of another image: then it gets the whole of this one.
    if not condition or condition == f'"{file.sha256}"':
        asked = asked_range(request.headers.get("range", ""), file.size)
    start, end = asked or (0, None)
    if check is not None and request.method != "HEAD":
        check(start)
    return FileAnswer(
        exchange, file.id, file.name, file.size, file.sha256, request, start=start, end=end, handed_out=handed_out
    )
