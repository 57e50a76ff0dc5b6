"""Logging in at an OpenID provider that really signs: the right way in, and every way that must be none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.api.conftest import Facade, assert_problem, facade_with
from tests.api.people.openid_provider import CLIENT, SECRET, OpenIdProvider

V1 = "/api/v1"
ANN = {"sub": "1001", "email": "ann@example.org", "email_verified": True, "name": "Ann", "groups": ["desk"]}


@pytest.fixture
async def provider() -> AsyncIterator[OpenIdProvider]:
    made = OpenIdProvider(facade_with().clock, subject=dict(ANN))
    await made.start()
    yield made
    await made.stop()


def facade_of(provider: OpenIdProvider, **more: Any) -> Facade:
    settings = Settings(
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles="desk=support, bosses=admin, typo=nothing",
        **more,
    )
    facade = facade_with(settings)
    provider.clock = facade.clock
    return facade


async def log_in(client: httpx.AsyncClient, provider: OpenIdProvider, **changes: str) -> httpx.Response:
    """As a browser does: begin here, log in there, come back."""
    begun = (await client.post(f"{V1}/oidc/start")).raise_for_status()
    back = provider.authorize(begun.json()["authorization_url"])
    return await client.get(f"{V1}/oidc/callback", params=back | changes)


async def me(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    token = answer.raise_for_status().json()["access_token"]
    told: dict[str, Any] = (await client.get(f"{V1}/me", headers={"Authorization": f"Bearer {token}"})).json()
    return told


async def test_somebody_comes_in_with_the_roles_that_their_groups_give_and_keeps_no_others(
    provider: OpenIdProvider,
) -> None:
    facade = facade_of(provider)
    facade.token()
    async with facade.client() as client:
        first = await me(client, await log_in(client, provider))
        assert (first["email"], first["role"]) == ("ann@example.org", "support")
        provider.subject |= {"groups": ["bosses", "typo", "unmapped"], "email": "ann.new@example.org"}
        second = await me(client, await log_in(client, provider))
        assert (second["id"], second["email"], second["role"]) == (first["id"], "ann@example.org", "admin")
        assert [grant["network"] for grant in second["grants"]] == [None, None], "support is withdrawn"
        # A password login of an account that has none.
        body = {"email": "ann@example.org", "password": "x"}
        assert_problem(await client.post(f"{V1}/login", json=body), 401)


BAD = {
    "wrong nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another client"},
    "several audiences": {"aud": [CLIENT, "another client"]},
    "made for another": {"azp": "another client"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1_767_225_600 - 61},
    "from the future": {"iat": 1_767_225_600 + 3600},
    "no subject": {"sub": ""},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
async def test_a_token_that_was_not_made_for_this_login_lets_nobody_in(
    provider: OpenIdProvider, changes: dict[str, Any]
) -> None:
    facade = facade_of(provider)
    async with facade.client() as client:
        provider.changes = changes
        assert_problem(await log_in(client, provider), 401)
        provider.changes = {}
        assert (await log_in(client, provider)).status_code == 200


async def test_unsigned_and_wrongly_signed_tokens_let_nobody_in(provider: OpenIdProvider) -> None:
    facade = facade_of(provider)
    public = (
        provider.keys["first"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    stranger = OpenIdProvider(facade.clock)
    forged = {
        "none": lambda claims: jwt.encode(claims, "", "none", {"kid": "first"}),
        "HS256 with the public key": lambda claims: _hmac_with(public, claims),
        "another key under this name": lambda claims: stranger.sign(claims),
        "an unknown key": lambda claims: jwt.encode(claims, stranger.keys["first"], "RS256", {"kid": "second"}),
        "no token": lambda claims: "nonsense",
        "nothing": lambda claims: None,
    }
    async with facade.client() as client:
        assert (await log_in(client, provider)).status_code == 200
        for name, sign in forged.items():
            provider.signed = sign
            answer = await log_in(client, provider)
            assert answer.status_code == 401, name
            assert answer.json()["detail"] == "The login at the provider cannot be used."


def _hmac_with(public: bytes, claims: dict[str, Any]) -> str:
    """The classic confusion: the public key's text as the secret of an HMAC, which PyJWT itself refuses to sign."""
    import base64
    import hashlib
    import hmac
    import json

    def part(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    signed = part(json.dumps({"alg": "HS256", "kid": "first"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(public, signed, hashlib.sha256))).decode()


async def test_a_rotated_key_is_fetched_and_forged_names_do_not_make_us_fetch_for_each(
    provider: OpenIdProvider,
) -> None:
    facade = facade_of(provider)
    async with facade.client() as client:
        assert (await log_in(client, provider)).status_code == 200
        provider.rotate("second")
        facade.clock.advance(11)
        assert (await log_in(client, provider)).status_code == 200
        assert provider.asked_for_keys == 2
        provider.signed = lambda claims: jwt.encode(claims, provider.keys["second"], "RS256", {"kid": "made up"})
        for _ in range(3):
            assert_problem(await log_in(client, provider), 401)
        assert provider.asked_for_keys == 2


async def test_only_the_browser_that_began_comes_back_and_only_once(provider: OpenIdProvider) -> None:
    facade = facade_of(provider)
    async with facade.client() as victim, facade.client() as attacker:
        begun = (await attacker.post(f"{V1}/oidc/start")).json()
        back = provider.authorize(begun["authorization_url"])
        assert_problem(await victim.get(f"{V1}/oidc/callback", params=back), 410, field="state")
        assert_problem(await attacker.get(f"{V1}/oidc/callback", params=back), 410, field="state")
        assert_problem(await log_in(victim, provider, code="of somebody else"), 401)
        assert_problem(await log_in(victim, provider, state="x" * 43), 410)
        assert_problem(await log_in(victim, provider, error="access_denied"), 401)
        begun = (await victim.post(f"{V1}/oidc/start")).json()
        facade.clock.advance(601)
        late = provider.authorize(begun["authorization_url"])
        assert_problem(await victim.get(f"{V1}/oidc/callback", params=late), 410)


async def test_an_address_alone_links_nobody_unless_verified_and_allowed(provider: OpenIdProvider) -> None:
    provider.subject |= {"email": "admin@example.org", "groups": []}
    careful = facade_of(provider)
    careful.token()
    async with careful.client() as client:
        assert_problem(await log_in(client, provider), 403)
        provider.subject["groups"] = ["desk"]
        assert_problem(await log_in(client, provider), 409, field="email")
    allowing = facade_of(provider, oidc_link_by_email=True)
    allowing.token()
    async with allowing.client() as client:
        provider.subject |= {"email_verified": False, "groups": []}
        assert_problem(await log_in(client, provider), 403)
        provider.subject["email_verified"] = True
        linked = await me(client, await log_in(client, provider))
        assert (linked["id"], linked["role"]) == ("u-admin", "admin")
        provider.subject |= {"sub": "1002", "email_verified": False}
        assert_problem(await log_in(client, provider), 403)


async def test_who_is_disabled_here_stays_out_whatever_the_provider_says(provider: OpenIdProvider) -> None:
    facade = facade_of(provider)
    async with facade.client(facade.token()) as admin, facade.client() as client:
        ann = await me(client, await log_in(client, provider))
        await admin.patch(f"{V1}/users/{ann['id']}", json={"disabled": True})
        assert_problem(await log_in(client, provider), 403)


async def test_a_required_second_factor_may_be_shown_there_or_here(provider: OpenIdProvider) -> None:
    facade = facade_of(provider)
    async with facade.client(facade.token()) as admin, facade.client() as client:
        await admin.patch(f"{V1}/roles/support", json={"totp_required": True})
        assert (await log_in(client, provider)).json()["second_factor_missing"]
        provider.subject["amr"] = ["pwd", "mfa"]
        answer = await log_in(client, provider)
        assert not answer.json()["second_factor_missing"]
        assert "commands:basic" in (await me(client, answer))["permissions"]
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        begun = await client.post(f"{V1}/me/second-factor", json={}, headers=headers)
        assert begun.status_code == 200, "who has no password needs none for it"


async def test_a_provider_that_is_away_is_our_trouble_and_one_that_is_not_there_is_none(
    provider: OpenIdProvider,
) -> None:
    facade = facade_of(provider)
    await provider.stop()
    async with facade.client() as client:
        assert_problem(await client.post(f"{V1}/oidc/start"), 503)
    await provider.start()
    async with facade_with().client() as client:
        assert_problem(await client.post(f"{V1}/oidc/start"), 404)
        assert_problem(await client.get(f"{V1}/oidc/callback", params={"state": "x" * 43}), 404)


@pytest.mark.parametrize(
    "wrong", [{"oidc_issuer": "http://login.example"}, {"oidc_client_id": ""}, {"oidc_roles": "desk"}], ids=str
)
def test_settings_that_cannot_be_are_refused_at_start(wrong: dict[str, Any]) -> None:
    right = {"oidc_issuer": "https://login.example", "oidc_client_id": CLIENT}
    with pytest.raises(ConfigurationError, match="RAYCHARGE_OIDC"):
        facade_with(Settings(**(right | wrong)))
