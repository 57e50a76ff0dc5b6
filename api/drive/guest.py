"""Charging without an account: the start's secret is in a cookie of this browser, which no script can read."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

HERE = "here"
"""Stands in an address where a driver's start has its id."""

COOKIE, LASTS_S = "raycharge_charge", 7 * 24 * 3600
_SECRET = re.compile(r"[0-9A-Za-z_-]{16,64}")


def secret_of(request: Request) -> str:
    """The secret of what this browser charges, "" where it charges nothing."""
    found = request.cookies.get(COOKIE, "")
    return found if _SECRET.fullmatch(found) else ""


def remember(request: Request, secret: str) -> Response:
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    response = RedirectResponse(f"/drive/charging/{HERE}", 303)
    response.set_cookie(COOKIE, secret, max_age=LASTS_S, path="/drive", httponly=True, samesite="lax", secure=secure)
    return response


def forget(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/drive")
    return response
