"""One OpenID provider: where it is, which keys it signs with, and what its ID tokens say.

Keys are kept and fetched again when a token names one that is not among them, but not for every forged one. Only
asymmetric signatures count: with HS256 or `none` whoever knows the public key, or nothing, could sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt
import structlog

from engine.clock import SECOND, Clock
from engine.errors import ConfigurationError, Unauthenticated, Unavailable

log = structlog.get_logger("oidc")

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "EdDSA")
LEEWAY_US = 60 * SECOND
"""How far the provider's clock may be off."""
DISCOVERY_LASTS_US = 3600 * SECOND
KEYS_LAST_US = 3600 * SECOND
KEYS_NOT_BEFORE_US = 10 * SECOND
"""Unknown key ids make us ask again no more often than this."""
_TIMEOUT_S = 10.0
_LARGEST = 512 * 1024
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


@dataclass(frozen=True, slots=True)
class Client:
    """How we are known to the provider."""

    issuer: str
    id: str
    secret: str
    redirect_uri: str
    scopes: str = "openid email profile"

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ConfigurationError("RAYCHARGE_OIDC_ISSUER must be an https:// address.")
        if not self.id:
            raise ConfigurationError("RAYCHARGE_OIDC_ISSUER needs RAYCHARGE_OIDC_CLIENT_ID.")


class OidcProvider:
    """The provider as its clients see it. All methods raise Unavailable while it does not answer."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client, self._clock = client, clock
        self._discovered: tuple[int, Mapping[str, Any]] | None = None
        self._keys: tuple[int, Mapping[str, jwt.PyJWK]] | None = None

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        endpoint = str((await self._discovery())["authorization_endpoint"])
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def claims_of(self, code: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """Exchange the code and return what the ID token says. Raises Unauthenticated if it cannot be trusted."""
        endpoint = str((await self._discovery())["token_endpoint"])
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": verifier,
            "client_id": self.client.id,
        }
        answer = await self._ask("POST", endpoint, data=form, auth=(self.client.id, self.client.secret))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("no ID token")
        return await self.checked(token, nonce)

    async def checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token (Core, section 3.1.3.7). Raises Unauthenticated, in the same words always."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise _refused(str(error)) from error
        if header.get("alg") not in ALGORITHMS:
            raise _refused(f"signed with {header.get('alg')}")
        key = await self._key(header.get("kid"))
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                [str(header["alg"])],
                audience=self.client.id,
                issuer=self.client.issuer,
                # Our own clock decides about times.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise _refused(str(error)) from error
        self._check_rest(claims, nonce)
        return claims

    def _check_rest(self, claims: Mapping[str, Any], nonce: str) -> None:
        now = self._clock.now()
        expires, issued = claims["exp"], claims["iat"]
        if not isinstance(expires, (int, float)) or expires * SECOND + LEEWAY_US <= now:
            raise _refused("expired")
        if not isinstance(issued, (int, float)) or issued * SECOND - LEEWAY_US > now:
            raise _refused("issued in the future")
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise _refused("another nonce")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.client.id:
            raise _refused("made for another client")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise _refused("no subject")

    async def _key(self, kid: Any) -> jwt.PyJWK:
        now = self._clock.now()
        if self._keys is None or now - self._keys[0] > KEYS_LAST_US:
            self._keys = (now, await self._fetch_keys())
        found = self._chosen(kid)
        if found is None and now - self._keys[0] >= KEYS_NOT_BEFORE_US:
            self._keys = (now, await self._fetch_keys())
            found = self._chosen(kid)
        if found is None:
            raise _refused("signed with an unknown key")
        return found

    def _chosen(self, kid: Any) -> jwt.PyJWK | None:
        assert self._keys is not None
        keys = self._keys[1]
        if kid is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(str(kid))

    async def _fetch_keys(self) -> Mapping[str, jwt.PyJWK]:
        told = await self._ask("GET", str((await self._discovery())["jwks_uri"]))
        found: dict[str, jwt.PyJWK] = {}
        for number, key in enumerate(told.get("keys", [])):
            if not isinstance(key, dict) or key.get("use", "sig") != "sig" or key.get("kty") == "oct":
                continue
            try:
                found[str(key.get("kid", number))] = jwt.PyJWK(key)
            except jwt.PyJWTError as error:
                log.info("key_left_out", kid=key.get("kid"), error=str(error))
        return found

    async def _discovery(self) -> Mapping[str, Any]:
        now = self._clock.now()
        if self._discovered is not None and now - self._discovered[0] <= DISCOVERY_LASTS_US:
            return self._discovered[1]
        told = await self._ask("GET", f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self.client.issuer:
            raise Unavailable(f"The OpenID provider calls itself {told.get('issuer')!r}, not RAYCHARGE_OIDC_ISSUER.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(told.get(name), str):
                raise Unavailable(f"The OpenID provider does not tell its {name}.")
        self._discovered = (now, told)
        return told

    async def _ask(self, method: str, url: str, **more: Any) -> Mapping[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as http:
                answer = await http.request(method, url, headers={"Accept": "application/json"}, **more)
                told = answer.json() if len(answer.content) <= _LARGEST else None
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"The OpenID provider does not answer at {url}: {error!r}") from error
        if method == "POST" and answer.status_code in (400, 401):
            # The provider does not take the code: wrong, used, too old, or for another verifier.
            raise _refused(f"the provider answered {answer.status_code} {told}")
        if answer.status_code != 200 or not isinstance(told, dict):
            raise Unavailable(f"The OpenID provider answers {answer.status_code} at {url}.")
        return told


def _refused(why: str) -> Unauthenticated:
    """One answer to all; the log tells which it was."""
    log.warning("id_token_refused", why=why)
    return Unauthenticated("The login at the provider cannot be used.", remedy="Begin again.")
