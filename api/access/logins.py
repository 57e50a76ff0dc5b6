"""The check of a bearer token, and how one is given out.

A token names its login session, and counts only as long as that does: whoever was disabled, changed or logged out is
out within a second in every façade (change feed), and within three if an announcement was missed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt

from api.access.principal import Principal, of_role
from engine.clock import SECOND, Clock
from engine.errors import Unauthenticated
from engine.stores.people.api_keys import PREFIX
from engine.stores.people.directory import People
from engine.stores.people.logins import Login
from engine.stores.people.rows import DRIVER, HeldRole
from engine.stores.people.standing import LiveLogin, Standing

_ISSUER = "raycharge"
_ALGORITHM = "HS256"
REMEMBERED_TOKENS = 4096


class Logins:
    """Gives out bearer tokens and checks them, from memory in all but a few cases."""

    def __init__(self, people: People, key: bytes, clock: Clock, metrics_token: str = "") -> None:
        self._people, self._key, self._clock = people, key, clock
        self._metrics_token = metrics_token.encode()
        # A token's signature stays right; its end and its login's standing are looked at each time.
        self._signed = lru_cache(maxsize=REMEMBERED_TOKENS)(self._verified)

    def issue(self, login: Login) -> tuple[str, int]:
        """A bearer token for a login session, and when both end in microseconds."""
        ends = login.expires // SECOND
        claims = {
            "iss": _ISSUER,
            "sub": login.account,
            "sid": login.id,
            "iat": self._clock.now() // SECOND,
            "exp": ends,
        }
        return jwt.encode(claims, self._key, _ALGORITHM), ends * SECOND

    async def check(self, authorization: str) -> Principal:
        """The principal of an Authorization header. Raises Unauthenticated, in the same words whatever is wrong."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused()
        if self._metrics_token and hmac.compare_digest(token.encode(), self._metrics_token):
            return of_role("metrics", "", "metrics")
        if token.startswith(PREFIX):
            return await self._of_key(token)
        claims = self._claims(token)
        standing, login = await self._standing(str(claims["sub"]), str(claims["sid"]))
        return _principal(standing, login)

    async def _of_key(self, token: str) -> Principal:
        found = await self._people.api_keys.check(token)
        if found is None:
            raise _refused()
        standing, key, grants = found
        shown = role_shown(standing.roles)
        return Principal(key.id, key.name, shown, "api_key", grants, standing.account.id, standing.account.network)

    def _claims(self, token: str) -> Mapping[str, Any]:
        claims = self._signed(token)
        if not isinstance(claims["exp"], int) or claims["exp"] * SECOND <= self._clock.now():
            raise _refused()
        return claims

    def _verified(self, token: str) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key,
                [_ALGORITHM],
                issuer=_ISSUER,
                # The port's clock decides about the end, not PyJWT's.
                options={"require": ["sub", "sid", "exp", "iss"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise _refused() from error
        return claims

    async def _standing(self, account: str, login: str) -> tuple[Standing, LiveLogin]:
        standing = await self._people.known.standing(account)
        if standing is not None and login not in standing.logins:
            # Logging in is not announced: another façade may have opened this one since.
            standing = await self._people.known.standing(account, anew=True)
        found = None if standing is None else standing.logins.get(login)
        if standing is None or found is None or not standing.account.active or found.expires <= self._clock.now():
            raise _refused()
        return standing, found


def role_shown(held: tuple[HeldRole, ...]) -> str:
    """The first of somebody's roles, for people to read; "" without any."""
    return held[0].name if held else ""


def _principal(standing: Standing, login: LiveLogin) -> Principal:
    account = standing.account
    return Principal(
        account.id,
        account.email,
        role_shown(standing.roles),
        "driver" if account.kind == DRIVER else "user",
        standing.grants_in(login),
        account.id,
        account.network,
        login.id,
    )


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "This needs a valid login.",
        field="Authorization",
        remedy="POST /api/v1/login and send its access_token as: Authorization: Bearer …",
    )
