"""The browser's cookies: the login, which no script can read, and what somebody prefers, which scripts set."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

LOGIN = "raycharge"
THEME, LANGUAGE, NETWORK = "raycharge_theme", "raycharge_language", "raycharge_network"
YEAR_S = 365 * 24 * 3600


def read(scope: Scope) -> dict[str, str]:
    """The request's cookies; none where the header cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        for line in Headers(scope=scope).getlist("cookie"):
            jar.load(line)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def set_by_script(name: str, value: str) -> str:
    """JavaScript that keeps a preference for a year. Both are ours: neither may hold what a person has typed."""
    return f'document.cookie = "{name}={value}; path=/; max-age={YEAR_S}; samesite=lax";'
