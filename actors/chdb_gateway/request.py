"""Reads one HTTP request the way ClickHouse does: what is asked, by whom, with which settings, parameters and data."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import lz4.frame  # type: ignore[import-untyped]
import zstandard

from actors.chdb_gateway.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, UNKNOWN_SETTING, refusal

_TRANSPORT = frozenset(
    {
        "query",
        "user",
        "password",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "quota_key",
        "wait_end_of_query",
        "buffer_size",
        "enable_http_compression",
        "http_zlib_compression_level",
        "client_protocol_version",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "add_http_cors_header",
        "role",
        "stacktrace",
        "cancel_http_readonly_queries_on_client_close",
        "http_write_exception_in_output_format",
        "readonly",
        "compress",
        "decompress",
        "max_result_bytes",
        "async_insert",
        "wait_for_async_insert",
    }
)
"""URL parameters that are not handed to chDB as settings. `readonly` follows from the user and the method, the result
limit from ours; sessions are not kept (each request is its own), so a session id is taken and has no effect."""

_SETTING = re.compile(r"^[a-z][a-z0-9_]{1,80}$")
_INSERT = re.compile(rb"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*INSERT\s+INTO\s", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(rb"\sFORMAT\s+(\w+)[ \t]*(?:;|\r?\n|$|(?=[\[{(]))", re.IGNORECASE)
_VALUES = re.compile(rb"\sVALUES\s*$", re.IGNORECASE)
_OUTPUT_FORMAT = re.compile(r"\sFORMAT\s+(\w+)(?:\s+SETTINGS\s.*)?\s*;?\s*$", re.IGNORECASE | re.DOTALL)
_INSERT_SETTINGS = re.compile(r"\sSETTINGS\s", re.IGNORECASE)
_HEAD = 65_536
"""How far into a body the end of an INSERT's head is looked for, bytes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. With `data` it is an INSERT whose rows come apart from its text, in `data_format`."""

    sql: str
    database: str = ""
    output_format: str = "TabSeparated"
    settings: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None
    data_format: str = ""

    @property
    def shown_format(self) -> str:
        """The format of the answer, for its header."""
        found = _OUTPUT_FORMAT.search(self.sql)
        return found.group(1) if found and self.data is None else self.output_format


class Login(NamedTuple):
    """Who says to be there."""

    user: str
    password: str


def login_of(headers: Mapping[str, str], query: Mapping[str, str]) -> Login:
    """The user and password, from whichever of the three places; ("default", "") if from none."""
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return Login(headers.get("X-ClickHouse-User", "default"), headers.get("X-ClickHouse-Key", ""))
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise refusal(BAD_ARGUMENTS, "The Authorization header cannot be read.") from None
        return Login(user or "default", password)
    return Login(query.get("user", "default") or "default", query.get("password", ""))


def read_statement(query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Statement:
    """Put the `query` parameter and the body together, and take settings and parameters from the URL.

    Raises QueryFailed for an unknown kind of URL parameter or ClickHouse's own block compression, which HTTP clients
    that use Content-Encoding do not need.
    """
    if query.get("compress", "0") not in ("0", "false") or query.get("decompress", "0") not in ("0", "false"):
        raise refusal(NOT_IMPLEMENTED, "compress=1 and decompress=1 are not supported: use Content-Encoding.")
    settings, params = _split(query)
    sql, data, data_format = _divide(query.get("query", "").encode(), body)
    return Statement(
        sql,
        query.get("database") or headers.get("X-ClickHouse-Database", ""),
        query.get("default_format") or headers.get("X-ClickHouse-Format", "") or "TabSeparated",
        settings,
        params,
        data,
        data_format,
    )


def _split(query: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    settings: dict[str, str] = {}
    params: dict[str, str] = {}
    for name, value in query.items():
        if name.startswith("param_"):
            params[name[6:]] = value
        elif name not in _TRANSPORT:
            if not _SETTING.match(name):
                raise refusal(UNKNOWN_SETTING, f"Unknown setting '{name}'.")
            settings[name] = value
    return settings, params


def _divide(query: bytes, body: bytes) -> tuple[str, bytes | None, str]:
    """The statement's text, and for an INSERT with rows in a format also the rows and the format's name."""
    whole = query if not body else (query + b"\n" + body if query else body)
    head = query or body[:_HEAD]
    if _INSERT.match(head):
        found = _FORMAT.search(head)
        if found:
            rest = body if query else body[found.end() :]
            if query and found.end() < len(query):
                rest = query[found.end() :] + b"\n" + body
            return _text(head[: found.start()]), rest, found.group(1).decode()
        if query and body and (start := _VALUES.search(query)):
            return _text(query[: start.start()]), body, "Values"
    return _text(whole), None, ""


def _text(sql: bytes) -> str:
    try:
        return sql.decode()
    except UnicodeDecodeError:
        raise refusal(BAD_ARGUMENTS, "The statement is not UTF-8.") from None


def insert_from(statement: Statement, path: str) -> str:
    """The INSERT of a statement with data, reading its rows from the file at `path`."""
    source = f" FROM INFILE '{path}' COMPRESSION 'none' "
    found = _INSERT_SETTINGS.search(statement.sql)
    head, tail = (statement.sql, "") if not found else (statement.sql[: found.start()], statement.sql[found.start() :])
    return f"{head}{source}{tail} FORMAT {statement.data_format}"


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a request's Content-Encoding. Raises QueryFailed for an unknown one, broken data, or more than `limit`."""
    if encoding in ("", "identity") or not body:
        return body
    try:
        if encoding in ("gzip", "deflate"):
            data = zlib.decompressobj(47 if encoding == "gzip" else 15).decompress(body, limit + 1)
        elif encoding == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(body) as reader:
                data = reader.read(limit + 1)
        elif encoding == "lz4":
            data = lz4.frame.LZ4FrameDecompressor().decompress(body, limit + 1)
        else:
            raise refusal(NOT_IMPLEMENTED, f"Unknown Content-Encoding: {encoding}.")
    except (zlib.error, zstandard.ZstdError, RuntimeError) as error:
        raise refusal(BAD_ARGUMENTS, f"The body is not {encoding}: {error}.") from None
    if len(data) > limit:
        raise refusal(BAD_ARGUMENTS, f"The body is larger than {limit} bytes.")
    return data


def compress(data: bytes, accepted: str) -> tuple[bytes, str]:
    """Compress an answer by the first of the client's encodings that we have; ("", as it is) if none."""
    wanted = [part.split(";")[0].strip().lower() for part in accepted.split(",")]
    for encoding in ("lz4", "zstd", "gzip", "deflate"):
        if encoding in wanted:
            if encoding == "lz4":
                return lz4.frame.compress(data), encoding
            if encoding == "zstd":
                return zstandard.ZstdCompressor(level=1).compress(data), encoding
            coder = zlib.compressobj(3, wbits=31 if encoding == "gzip" else 15)
            return coder.compress(data) + coder.flush(), encoding
    return data, ""
