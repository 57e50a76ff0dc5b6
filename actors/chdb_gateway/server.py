"""The HTTP side of the gateway: logins, headers, compression, and who may do what."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from actors.chdb_gateway.engine import Answer, Engine, Limits
from actors.chdb_gateway.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    READONLY,
    REQUEST_TOO_LARGE,
    QueryFailed,
    refusal,
)
from actors.chdb_gateway.guard import check_settings
from actors.chdb_gateway.request import Statement, compress, decompress, login_of, read_statement
from actors.embedded.locks import FolderLock, Held
from engine.errors import ConfigurationError

WORTH_COMPRESSING = 1024
"""Answers below this many bytes go out as they are."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one who may do everything, and the names under which anyone on this machine may read (without a password)."""

    writer: str
    writer_password: str
    readers: tuple[str, ...] = ("default", "raycharge_reader")
    reader_password: str = ""


class ChdbGateway:
    """chDB in `data_dir`, served on `host`:`port` (0: any free one; `port` then tells which).

    `start` raises ConfigurationError when another process has the folder or the port; `stop` finishes running inserts
    and closes the folder. Both may be called once.
    """

    def __init__(self, data_dir: Path, host: str, port: int, credentials: Credentials, limits: Limits) -> None:
        self._folder, self._host, self.port = data_dir, host, port
        self._credentials, self._limits = credentials, limits
        self._engine = Engine(data_dir, limits)
        self._lock: FolderLock | None = None
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Take the folder, open it, and listen."""
        try:
            self._lock = FolderLock(self._folder / "gateway.lock")
        except Held as held:
            raise ConfigurationError(
                f"The chDB folder {self._folder} is in use by process {held.pids or 'of another user'}. chDB allows "
                "one process for each folder: stop that one, or use another RAYCHARGE_DATA_DIR."
            ) from None
        try:
            await self._engine.open()
            await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def _listen(self) -> None:
        server = web.Server(self._handle, handler_cancellation=True, auto_decompress=False, access_log=None)
        self._runner = web.ServerRunner(server)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port, reuse_address=True, reuse_port=False)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"Port {self.port} on {self._host} cannot be used for the ClickHouse interface ({error.strerror}): "
                "free it, or set RAYCHARGE_CLICKHOUSE_PORT."
            ) from None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Take no more requests, finish running inserts, close chDB, let go of the folder."""
        if self._runner is not None:
            for site in list(self._runner.sites):
                with contextlib.suppress(RuntimeError):  # it stopped by itself
                    await site.stop()
        await self._engine.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path in ("/ping", "/replicas_status"):
            return web.Response(text="Ok.\n")
        if request.path != "/" or request.method not in ("GET", "POST", "HEAD"):
            return web.Response(status=404, text=f"There is no handle {request.path}\n")
        query_id = request.query.get("query_id") or str(uuid.uuid4())
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Server-Display-Name": "raycharge-chdb"}
        headers["X-ClickHouse-Timezone"] = self._engine.timezone
        try:
            trusted = self._login(request)
            statement = read_statement(request.query, request.headers, await self._body(request))
            if not statement.sql.strip():
                return web.Response(text="Ok.\n", headers=headers)
            answer = await self._run(statement, trusted=trusted, may_write=request.method == "POST")
        except QueryFailed as failure:
            headers["X-ClickHouse-Exception-Code"] = str(failure.code)
            return web.Response(status=failure.status, text=failure.text, headers=headers)
        return await self._respond(request, statement, answer, headers)

    def _login(self, request: web.BaseRequest) -> bool:
        """Whether the user may do everything. Raises QueryFailed for one whom we do not know."""
        user, password = login_of(request.headers, request.query)
        known = self._credentials
        if user == known.writer:
            right = hmac.compare_digest(password.encode(), known.writer_password.encode())
        else:
            right = user in known.readers and hmac.compare_digest(password.encode(), known.reader_password.encode())
        if not right:
            raise refusal(
                AUTHENTICATION_FAILED,
                f"{user[:80]}: Authentication failed: password is incorrect, or there is no user with such name.",
            )
        return user == known.writer

    async def _body(self, request: web.BaseRequest) -> bytes:
        limit = self._limits.body_bytes
        if not request.can_read_body:
            return b""
        parts: list[bytes] = []
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > limit:
                raise refusal(REQUEST_TOO_LARGE, f"The body is larger than {limit} bytes.")
            parts.append(chunk)
        if request.content_length is not None and size != request.content_length:
            raise refusal(BAD_ARGUMENTS, "The body ended early.")
        body = b"".join(parts)
        encoding = request.headers.get("Content-Encoding", "")
        return body if not encoding else await asyncio.to_thread(decompress, body, encoding, limit)

    async def _run(self, statement: Statement, *, trusted: bool, may_write: bool) -> Answer:
        if not trusted:
            check_settings(statement.settings)
            if statement.data is not None:
                raise refusal(READONLY, "Cannot execute query in readonly mode.")
            return await self._engine.read(statement, guarded=True)
        if await self._engine.only_reads(statement):
            return await self._engine.read(statement, guarded=False)
        if not may_write:
            raise refusal(
                READONLY, "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly."
            )
        return await self._engine.write(statement)

    @staticmethod
    async def _respond(
        request: web.BaseRequest, statement: Statement, answer: Answer, headers: dict[str, str]
    ) -> web.StreamResponse:
        headers["X-ClickHouse-Format"] = statement.shown_format
        headers["X-ClickHouse-Summary"] = _summary(answer)
        body = answer.body
        accepted = request.headers.get("Accept-Encoding", "")
        wanted = request.query.get("enable_http_compression", "0") in ("1", "true")
        if wanted and accepted and len(body) >= WORTH_COMPRESSING:
            body, encoding = await asyncio.to_thread(compress, body, accepted)
            if encoding:
                headers["Content-Encoding"] = encoding
        return web.Response(body=body, headers=headers, content_type=_content_type(statement.shown_format))


def _summary(answer: Answer) -> str:
    nanoseconds = round(answer.seconds * 1e9)
    return json.dumps(
        {
            "read_rows": str(answer.read_rows),
            "read_bytes": str(answer.read_bytes),
            "written_rows": str(answer.written_rows),
            "written_bytes": str(answer.written_bytes),
            "total_rows_to_read": str(answer.read_rows),
            "result_bytes": str(len(answer.body)),
            "elapsed_ns": str(nanoseconds),
        }
    )


def _content_type(shown_format: str) -> str:
    name = shown_format.lower()
    if name in ("json", "jsoncompact", "jsonstrings", "jsoncolumns"):
        return "application/json"
    if name.startswith("json"):
        return "application/x-ndjson"
    if name.startswith("csv"):
        return "text/csv"
    if name.startswith(("tab", "tsv", "pretty", "vertical")):
        return "text/tab-separated-values"
    return "application/octet-stream"
