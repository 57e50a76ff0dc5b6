"""A small ClickHouse client over HTTP that sends every statement exactly once.

`clickhouse-connect` sends a raw insert again by itself when the connection breaks (its `raw_insert` is always
"retryable"), which would write rows twice. Queries of people and of the façade may well use it; what must be counted
goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import orjson

from engine.errors import ConfigurationError, RaychargeError, StoreUnavailable

CONTENT_CODES = frozenset({6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 306, 321, 349, 407, 426})
"""ClickHouse's exception codes that blame the rows: cannot be parsed, out of range, of the wrong type."""

_CODE = re.compile(r"Code: (\d+)\.")
_NONE: Mapping[str, str] = MappingProxyType({})


class Refused(RaychargeError):
    """The store does not take these rows, whenever they are sent. `code` is ClickHouse's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ClickHouse:
    """One store, by URL: http(s)://user:password@host:port/database. Statements are sent once, never again."""

    def __init__(self, url: str, *, timeout_s: float = 120.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                "The ClickHouse URL has the form http://user:password@host:8123/database (RAYCHARGE_CLICKHOUSE_URL)."
            )
        port = parts.port or (8443 if parts.scheme == "https" else 8123)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.database = parts.path.strip("/") or "default"
        self._client = httpx.AsyncClient(
            base_url=f"{parts.scheme}://{host}:{port}",
            headers={
                "X-ClickHouse-User": unquote(parts.username or "default"),
                "X-ClickHouse-Key": unquote(parts.password or ""),
            },
            timeout=httpx.Timeout(timeout_s, connect=5.0),
            trust_env=False,
        )

    async def execute(self, sql: str, settings: Mapping[str, str] = _NONE) -> None:
        """Run a statement that returns nothing."""
        await self._post(settings, sql.encode())

    async def rows(self, sql: str) -> list[list[Any]]:
        """Run a query and return its rows; 64-bit integers come as int, decimals and times as text."""
        settings = {"default_format": "JSONCompact", "output_format_json_quote_64bit_integers": "0"}
        answer = await self._post(settings, sql.encode())
        rows: list[list[Any]] = orjson.loads(answer)["data"]
        return rows

    async def insert(self, table: str, lines: bytes, *, query_id: str) -> None:
        """Insert lines of JSON arrays. Raises Refused when the rows are to blame, else StoreUnavailable.

        After either error a part of the rows may be in the table.
        """
        settings = {
            "query": f"INSERT INTO {table} FORMAT JSONCompactEachRow",
            "query_id": query_id,
            "input_format_json_throw_on_bad_escape_sequence": "0",
            "insert_deduplicate": "0",
            "wait_end_of_query": "1",
        }
        await self._post(settings, lines)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, settings: Mapping[str, str], body: bytes) -> bytes:
        try:
            answer = await self._client.post("/", params={"database": self.database, **settings}, content=body)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"ClickHouse does not answer: {type(error).__name__}: {error}") from error
        if answer.status_code != 200 or "X-ClickHouse-Exception-Code" in answer.headers:
            raise _failure(answer)
        return answer.content


def _failure(answer: httpx.Response) -> RaychargeError:
    text = answer.text[:2000].strip()
    named = answer.headers.get("X-ClickHouse-Exception-Code") or ""
    found = _CODE.search(text)
    code = int(named) if named.isdigit() else int(found.group(1)) if found else 0
    if code in CONTENT_CODES:
        return Refused(code, text)
    return StoreUnavailable(f"ClickHouse refused ({answer.status_code}): {text}")
