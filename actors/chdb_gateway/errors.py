"""ClickHouse's way of saying no: numbered exceptions, and the HTTP status that each one travels under."""

from __future__ import annotations

import re

READONLY = 164
TOO_MANY_SIMULTANEOUS_QUERIES = 202
TIMEOUT_EXCEEDED = 159
QUERY_WAS_CANCELLED = 394
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
NOT_IMPLEMENTED = 48
BAD_ARGUMENTS = 36
SYNTAX_ERROR = 62
UNKNOWN_SETTING = 115
REQUEST_TOO_LARGE = 307
TOO_MANY_ROWS_OR_BYTES = 396

_NAMES = {
    READONLY: "READONLY",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    UNKNOWN_SETTING: "UNKNOWN_SETTING",
    REQUEST_TOO_LARGE: "TOO_MANY_BYTES",
    TOO_MANY_ROWS_OR_BYTES: "TOO_MANY_ROWS_OR_BYTES",
    QUERY_WAS_CANCELLED: "QUERY_WAS_CANCELLED",
}

_STATUS = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 43, 53, 62, 70, 72, 117, 130, 131, 167, 349, 407, 427, 456), 400),
    **dict.fromkeys((AUTHENTICATION_FAILED, ACCESS_DENIED, 192, 193), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115, 702), 404),
    TIMEOUT_EXCEEDED: 408,
    REQUEST_TOO_LARGE: 413,
    NOT_IMPLEMENTED: 501,
    TOO_MANY_SIMULTANEOUS_QUERIES: 503,
}

_CODE = re.compile(r"Code: (\d+)\.")


class QueryFailed(Exception):
    """A statement that did not succeed. `code` is ClickHouse's, `text` what the client gets to read."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text

    @property
    def status(self) -> int:
        """The HTTP status, as ClickHouse maps it."""
        return _STATUS.get(self.code, 500)


def refusal(code: int, message: str) -> QueryFailed:
    """An exception of our own, worded as ClickHouse words its own."""
    return QueryFailed(code, f"Code: {code}. DB::Exception: {message} ({_NAMES[code]})\n")


def from_chdb(error: RuntimeError) -> QueryFailed:
    """What chDB raised, with its code."""
    text = str(error)
    found = _CODE.search(text)
    return QueryFailed(int(found.group(1)) if found else 1002, text if text.endswith("\n") else text + "\n")
