"""Errors as problem details (RFC 9457): the one table from error type to HTTP status, and the handlers that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.access.permissions import shown
from engine.errors import (
    Changed,
    ConfigurationError,
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    JournalUnavailable,
    NotFound,
    ProtocolError,
    RaychargeError,
    StaleEpoch,
    StoreUnavailable,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""What a caller is asked to wait when something of ours does not answer."""


class TooManyTries(RaychargeError):
    """The caller tried too often. `retry_after_s` is when the next try counts, in seconds."""

    retriable = True

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyRequests(TooManyTries):
    """The caller asks too often."""


class RangeBeyond(InvalidInput):
    """A range that the file of `size` bytes does not have."""

    def __init__(self, size: int) -> None:
        super().__init__("The range lies beyond the file.", field="Range", remedy=f"The file has {size} bytes.")
        self.size = size


STATUS_OF: Mapping[type[RaychargeError], tuple[int, str, str]] = {
    InvalidInput: (422, "invalid-input", "The request cannot be used"),
    NotFound: (404, "not-found", "There is no such thing"),
    Gone: (410, "gone", "Its time is over"),
    RangeBeyond: (416, "range-beyond", "The file does not have this range"),
    TooLarge: (413, "too-large", "It is too large"),
    Changed: (412, "changed", "It has been changed meanwhile"),
    Conflict: (409, "conflict", "It conflicts with what is there"),
    Unauthenticated: (401, "unauthenticated", "No valid login"),
    Forbidden: (403, "forbidden", "Not permitted"),
    TooManyTries: (429, "too-many-tries", "Too many tries"),
    TooManyRequests: (429, "too-many-requests", "Too many requests"),
    ProtocolError: (502, "protocol-error", "The station cannot be understood"),
    Unavailable: (503, "unavailable", "Not available at the moment"),
    JournalUnavailable: (503, "journal-unavailable", "The journal is not available at the moment"),
    StoreUnavailable: (503, "store-unavailable", "A store is not available at the moment"),
    StaleEpoch: (503, "moved", "The charge point is just moving to another host"),
    ConfigurationError: (500, "configuration", "The installation is not configured for this"),
    RaychargeError: (500, "internal", "Something went wrong on our side"),
}
"""Error type → status, type's last part, title. A type that is not here is answered as its nearest ancestor."""

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("bad-request", "The request cannot be read"),
    404: STATUS_OF[NotFound][1:],
    405: ("method-not-allowed", "This address does not know that method"),
    411: ("length-required", "The length of the body is missing"),
    413: ("too-large", "The request is too large"),
    415: ("not-json", "The body is not JSON"),
    500: STATUS_OF[RaychargeError][1:],
    503: STATUS_OF[Unavailable][1:],
}


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    instance: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem details answer. Members of `more` that are None, "" or empty are left out."""
    body: dict[str, Any] = {
        "type": f"urn:raycharge:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
    }
    body.update({name: value for name, value in more.items() if value not in (None, "", [])})
    return Response(orjson.dumps(body, default=str), status, dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: RaychargeError, instance: str) -> Response:
    """The answer to one of our own errors."""
    status, kind, title = next(STATUS_OF[t] for t in type(error).__mro__ if t in STATUS_OF)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="raycharge"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, RangeBeyond):
        headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, InvalidInput):
        detail, field, remedy = error.message, error.field, error.remedy
    else:
        # Ours: the text may name hosts and addresses, which belong in the log only.
        detail, field, remedy = (str(error) if isinstance(error, TooManyTries) else f"{title}."), "", ""
        if status >= 500:
            log.warning("unavailable", path=shown(instance), error=type(error).__name__, detail=str(error))
    return problem(status, kind, title, detail, instance, headers=headers, field=field, remedy=remedy)


def problem_of_http(status: int, detail: str, instance: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to what the framework refuses (unknown address, unknown method, unreadable body)."""
    kind, title = TITLES.get(status, ("http", HTTPStatus(status).phrase))
    return problem(status, kind, title, detail, instance, headers=headers)


def problem_of_crash(correlation: str, instance: str) -> Response:
    """The answer to an error that nobody foresaw; the log has the rest under the same correlation id."""
    detail = "Please try again, and give the correlation id when you report this."
    kind, title = TITLES[500]
    return problem(500, kind, title, detail, instance, correlation=correlation)


def _field(location: Sequence[int | str]) -> str:
    """Write pydantic's location as a path, without the part that says body or query."""
    parts = location[1:] if len(location) > 1 else location
    return ".".join(str(part) for part in parts)


def problem_of_validation(error: RequestValidationError, instance: str) -> Response:
    """The answer to a request that does not have the documented form: each fault under `errors`, the first on top."""
    faults = [{"field": _field(fault["loc"]), "detail": str(fault["msg"])} for fault in error.errors()]
    _, kind, title = STATUS_OF[InvalidInput]
    first = faults[0] if faults else {"field": "", "detail": "The request does not have the documented form."}
    return problem(
        422,
        kind,
        title,
        first["detail"],
        instance,
        field=first["field"],
        remedy="See /docs for what is accepted here.",
        errors=faults,
    )


def install(app: FastAPI) -> None:
    """Let every error of `app` be answered as a problem."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, RaychargeError)
        return problem_of(error, request.url.path)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_of_validation(error, request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = {404: "There is nothing at this address."}.get(error.status_code, str(error.detail))
        return problem_of_http(error.status_code, detail, request.url.path, error.headers)

    app.add_exception_handler(RaychargeError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
