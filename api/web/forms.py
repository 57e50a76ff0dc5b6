"""The one file of a multipart/form-data body (RFC 7578), as it comes in: nothing of it is kept in memory.

Some stations upload as a browser's form would. The first part with a file name is the file; other parts are passed
over, and so is what follows it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator

from engine.errors import InvalidInput

MAX_HEADERS = 16 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))', re.IGNORECASE)
_FILENAME = re.compile(rb'filename="((?:[^"\\\r\n]|\\.){0,500})"|filename=([^\s;"]{1,500})', re.IGNORECASE)


def boundary_of(content_type: str) -> bytes:
    """The boundary that a content type names. Raises InvalidInput."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _broken("its Content-Type names no boundary")
    return (found[1] or found[2]).encode()


class FormFile:
    """`chunks()` gives the file's bytes; `name` is there from the first of them on."""

    def __init__(self, content_type: str, body: AsyncIterable[bytes]) -> None:
        self.name = ""
        self._delimiter = b"\r\n--" + boundary_of(content_type)
        self._body = aiter(body)
        # As if a line had ended before: the first delimiter stands at the very beginning.
        self._buffer = bytearray(b"\r\n")
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises InvalidInput if the form is broken, ends too early or holds no file, and what the body raises."""
        async for _ in self._until_delimiter():
            pass
        while not await self._is_file():
            async for _ in self._until_delimiter():
                pass
        async for chunk in self._until_delimiter():
            yield chunk
        # The sender is heard out: an answer before its end would look to it like a broken connection.
        self._buffer.clear()
        while await self._more():
            self._buffer.clear()

    async def _is_file(self) -> bool:
        """Read a part's headers. Raises InvalidInput at the form's end: then there was no file."""
        while len(self._buffer) < 2:
            await self._need("the form ends within a delimiter")
        if self._buffer[:2] == b"--":
            raise InvalidInput(
                "The form holds no file.", field="body", remedy="Send the file as a part with a file name."
            )
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEADERS:
                raise _broken("a part's headers are too long")
            await self._need("the form ends within a part's headers")
        headers = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        found = _FILENAME.search(headers)
        if found is None:
            return False
        self.name = (found[1] or found[2] or b"").decode("utf-8", "replace").replace('\\"', '"')
        return True

    async def _until_delimiter(self) -> AsyncIterator[bytes]:
        """The bytes before the next delimiter, which is taken off as well."""
        keep = len(self._delimiter) - 1
        while (at := self._buffer.find(self._delimiter)) < 0:
            if (ready := len(self._buffer) - keep) > 0:
                chunk = bytes(self._buffer[:ready])
                del self._buffer[:ready]
                yield chunk
            await self._need("the form ends before its last delimiter")
        chunk = bytes(self._buffer[:at])
        del self._buffer[: at + len(self._delimiter)]
        if chunk:
            yield chunk

    async def _need(self, otherwise: str) -> None:
        if not await self._more():
            raise _broken(otherwise)

    async def _more(self) -> bool:
        if self._ended:
            return False
        try:
            self._buffer += await anext(self._body)
        except StopAsyncIteration:
            self._ended = True
            return False
        return True


def _broken(why: str) -> InvalidInput:
    return InvalidInput(
        f"The form cannot be read: {why}.", field="body", remedy="Send multipart/form-data, or the bytes alone."
    )
