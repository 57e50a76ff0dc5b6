"""Signing in and out: by password and by one-time code, back to where one was, and never for another site."""

from __future__ import annotations

import re

import httpx
import pyotp
import pytest

from api.ui import cookies
from api.ui.client import ProblemError
from api.ui.signing_in import local
from api.ui.visit import Visit
from tests.web.conftest import Opener, Site
from tests.web.world import PASSWORD

HERE = {"sec-fetch-site": "same-origin"}


def browser(site: Site, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=site.url, headers={**HERE, **headers})


@pytest.mark.story
async def test_whoever_is_not_signed_in_comes_back_to_the_page_they_asked_for(opener: Opener) -> None:
    opened = await opener("")
    await opened.go("/charge-points?state=Faulted")
    assert "/sign-in?then=" in opened.page.url
    await opened.page.get_by_label("E-mail address").fill("support@example.org")
    await opened.page.get_by_label("Password").fill(PASSWORD)
    await opened.page.get_by_role("button", name="Sign in").click()
    await opened.page.wait_for_url("**/charge-points?state=Faulted")
    (login,) = [each for each in await opened.page.context.cookies() if each["name"] == cookies.LOGIN]
    assert (login["httpOnly"], login["sameSite"]) == (True, "Lax")


async def test_a_wrong_password_is_told_in_the_api_s_words(site: Site) -> None:
    async with browser(site) as client:
        answer = await client.post("/sign-in", data={"email": "admin@example.org", "password": "wrong"})
    assert answer.status_code == 401
    assert "No user has this e-mail address and this password." in answer.text
    assert cookies.LOGIN not in answer.cookies


async def test_a_second_factor_is_asked_for_and_the_password_is_not_shown_again(site: Site) -> None:
    email = site.world.account("analyst", "bay")
    api = site.world.api("analyst", "bay")
    secret = (await api.post("/me/second-factor", {"password": PASSWORD}))["secret"]
    code = pyotp.TOTP(secret)
    at = site.world.ports.clock.now() // 1_000_000
    await api.post("/me/second-factor/confirm", {"code": code.at(at)})
    async with browser(site) as client:
        asked = await client.post("/sign-in", data={"email": email, "password": PASSWORD, "then": "/sessions"})
        sealed = re.search(r'name="sealed" value="([^"]+)"', asked.text)
        assert (asked.status_code, sealed is not None, PASSWORD in asked.text) == (401, True, False)
        assert sealed is not None
        again = {"sealed": sealed[1], "then": "/sessions"}
        wrong = await client.post("/sign-in", data={**again, "code": "000000"})
        assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)
        # The code of the next half minute: the present one was used to confirm.
        right = await client.post("/sign-in", data={**again, "code": code.at(at + 30)})
    assert (right.status_code, right.headers["location"]) == (303, "/sessions")
    assert right.cookies[cookies.LOGIN]


async def test_signing_out_ends_the_login_and_not_only_the_cookie(site: Site) -> None:
    token = site.world.token("finance", "bay")
    async with browser(site) as client:
        client.cookies.set(cookies.LOGIN, token)
        assert (await client.get("/sessions")).status_code == 200
        assert (await client.post("/sign-out")).status_code == 303
        client.cookies.set(cookies.LOGIN, token)
        after = await client.get("/sessions")
    assert (after.status_code, after.headers["location"].startswith("/sign-in")) == (303, True)


async def test_forms_of_other_sites_are_refused(site: Site) -> None:
    form = {"email": "admin@example.org", "password": PASSWORD}
    async with browser(site) as client:
        by_fetch = await client.post("/sign-in", data=form, headers={"sec-fetch-site": "cross-site"})
        del client.headers["sec-fetch-site"]
        by_origin = await client.post("/sign-in", data=form, headers={"origin": "https://evil.example"})
    for answer in (by_fetch, by_origin):
        assert (answer.status_code, cookies.LOGIN in answer.cookies) == (403, False)


async def test_the_api_never_takes_the_cookie(site: Site) -> None:
    async with browser(site) as client:
        client.cookies.set(cookies.LOGIN, site.world.token("admin"))
        assert (await client.get("/api/v1/me")).status_code == 401
        assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_the_pages_socket_is_for_the_pages_of_this_site(site: Site, origin: str) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    upgrade |= {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="} | ({"origin": origin} if origin else {})
    async with httpx.AsyncClient(base_url=site.url) as client:
        answer = await client.get("/_nicegui_ws/socket.io/?EIO=4&transport=websocket", headers=upgrade)
        polled = await client.get(
            "/_nicegui_ws/socket.io/?EIO=4&transport=polling", headers={"sec-fetch-site": "cross-site"}
        )
    assert (answer.status_code, polled.status_code) == (403, 403)


async def test_pages_have_a_policy_of_their_own_and_load_nothing_from_elsewhere(site: Site) -> None:
    async with browser(site) as client:
        client.cookies.set(cookies.LOGIN, site.world.token("admin"))
        page = await client.get("/")
        sign_in = await client.get("/forgotten-password")
    for answer in (page, sign_in):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "javascript:1"])
def test_nobody_is_sent_to_another_site_afterwards(where: str) -> None:
    assert local(where) == ""


@pytest.mark.parametrize("where", ["/", "/sessions?state=running", "/drive/c/K7PQ2MK7PQ"])
def test_addresses_of_this_site_are_gone_back_to(where: str) -> None:
    assert local(where) == where


async def test_pages_ask_as_the_person_and_no_more(site: Site) -> None:
    api = site.world.api("partner")
    with pytest.raises(ProblemError) as refused:
        await api.get("/users")
    assert (refused.value.status, refused.value.kind) == (403, "forbidden")


async def test_an_address_without_a_page_says_so_and_nothing_else(site: Site) -> None:
    async with browser(site) as client:
        answer = await client.get("/no/such/page", headers={"accept-language": "de"})
    assert (answer.status_code, "An dieser Adresse ist nichts" in answer.text) == (404, True)


async def test_a_page_that_breaks_shows_the_id_and_not_the_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Visit) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(Visit, "prepare", broken)
    async with browser(site) as client:
        client.cookies.set(cookies.LOGIN, site.world.token("admin"))
        answer = await client.get("/")
    assert answer.status_code == 500
    assert "a secret of ours" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
