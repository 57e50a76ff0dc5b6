"""A small OpenID provider that really listens on loopback: RSA keys, signatures, codes that count once, PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from engine.clock import SECOND, Clock
from engine.ids import new_id

CLIENT, SECRET = "raycharge", "the client's secret"


@dataclass
class OpenIdProvider:
    """`subject` is who logs in next. The attributes below it let a test make it a bad provider."""

    clock: Clock
    subject: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    """Claims that are not as they should be."""
    signed: Any = None
    """How the ID token is made instead, from its claims."""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    kid: str = ""
    asked_for_keys: int = 0

    def __post_init__(self) -> None:
        self._codes: dict[str, dict[str, str]] = {}
        self._runner: web.AppRunner | None = None
        self.issuer = ""
        self.rotate("first")

    def rotate(self, kid: str) -> None:
        """Sign with a new key; only it is published."""
        self.keys = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.kid = kid

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.issuer = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back when somebody has logged in at the address."""
        parts = urlsplit(url)
        assert url.startswith(f"{self.issuer}/authorize?")
        asked = dict(parse_qsl(parts.query))
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        code = new_id()
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    async def _configuration(self, _: web.Request) -> web.Response:
        told = {name: f"{self.issuer}/{path}" for name, path in _ENDPOINTS.items()}
        return web.json_response({"issuer": self.issuer, **told})

    async def _keys(self, _: web.Request) -> web.Response:
        self.asked_for_keys += 1
        keys = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]
        return web.json_response({"keys": keys})

    async def _token(self, request: web.Request) -> web.Response:
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form: Mapping[str, Any] = await request.post()
        asked = self._codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).decode()
        if request.headers.get("Authorization") != expected or asked is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if challenge.rstrip("=") != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = self.clock.now() // SECOND
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= self.subject | self.changes
        token = self.signed(claims) if self.signed else self.sign(claims)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self.keys[self.kid], "RS256", {"kid": self.kid})


_ENDPOINTS = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
