"""Every page of `/drive` on a phone: read by everybody in both themes, small, in German, and safe from other sites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest
from playwright.async_api import Response, expect

from tests.web.conftest import Open, Opener, Site
from tests.web.drive_pages import Finding
from tests.web.test_every_page import TOO_WIDE

FOR_ANYBODY = ("/drive", "/drive?q=mall", "/drive/s/mall", "/drive/charging", "/drive/account", "/drive/sign-up")
FOR_ANYBODY += ("/drive/confirm", "/drive/offline", "/drive/problem")
FOR_DRIVERS = ("/drive/account", "/drive/history", "/drive/receipts", "/drive/cards", "/drive/vehicles")
LARGEST_BYTES = 120 * 1024
"""What a phone loads for the map, once: Leaflet is half of it."""

Axe = Callable[[Open], Awaitable[None]]


async def code_at(site: Site, station: str) -> str:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=60) as client:
        found = (await client.get(f"/api/v1/open/locations/{station}")).json()
    return str(found["connectors"][0]["code"])


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_anybody_can_read_every_page_on_a_phone(opener: Opener, site: Site, axe: Axe, theme: str) -> None:
    opened = await opener("", theme=theme, phone=True)
    for path in (*FOR_ANYBODY, f"/drive/c/{await code_at(site, 'mall')}"):
        assert await opened.go(path) == 200, path
        await axe(opened)
        assert await opened.page.evaluate(TOO_WIDE) <= 0, f"{path} has to be scrolled sideways"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_driver_can_read_every_page_of_theirs(opener: Opener, axe: Axe, theme: str) -> None:
    opened = await opener("driver", "north", theme=theme, phone=True)
    for path in FOR_DRIVERS:
        assert await opened.go(path) == 200, path
        await axe(opened)
        assert await opened.page.evaluate(TOO_WIDE) <= 0, f"{path} has to be scrolled sideways"


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(opener: Opener) -> None:
    opened = await opener("")
    await opened.go("/drive/receipts")
    assert opened.page.url.endswith("/sign-in?then=%2Fdrive%2Freceipts")


async def test_staff_are_shown_the_app_as_anybody_is(opener: Opener) -> None:
    opened = await opener("support")
    assert await opened.go("/drive/account") == 200
    await expect(opened.page.get_by_role("link", name="Sign in")).to_be_visible()


async def test_the_map_and_its_list_say_the_same_and_a_search_finds_places(opener: Opener, site: Site) -> None:
    opened = await opener("", phone=True)
    finding = Finding(opened.page, site.url)
    await finding.open()
    await expect(opened.page.locator("#map")).to_have_attribute("data-signs", "2")
    assert len(await finding.stations()) == 5
    await finding.search("hamburg")
    await expect(opened.page.locator("#list .station")).to_have_count(2)
    await finding.choose("Altona Bahnhof")
    await finding.connector("ALTONA-01 / 1")
    await opened.page.goto(f"{site.url}/drive/code?code={await code_at(site, 'hafen')}")
    await expect(opened.page.get_by_role("heading", level=1)).to_have_text("HAFEN-00 / 1")
    await opened.page.goto(f"{site.url}/drive/code?code=AAAAAAAAAA")
    await expect(opened.page.get_by_role("alert")).to_contain_text("no such connector")


async def test_german_leaves_no_english(opener: Opener) -> None:
    opened = await opener("", language="de", phone=True)
    await opened.go("/drive")
    assert await opened.page.locator("html").get_attribute("lang") == "de"
    shown = await opened.page.locator("nav a span").all_inner_texts()
    assert shown == ["Finden", "Laden", "Belege", "Konto"]
    await expect(opened.page.locator("#list")).to_contain_text("frei")


async def test_language_and_theme_are_chosen_without_an_account(opener: Opener) -> None:
    opened = await opener("", phone=True)
    await opened.go("/drive/account")
    await opened.page.get_by_label("Language").select_option("de")
    await opened.page.get_by_label("Appearance").select_option("dark")
    await opened.page.get_by_role("button", name="Apply").click()
    await expect(opened.page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(opened.page.get_by_role("heading", level=1)).to_have_text("Konto")


async def test_a_phone_loads_little_and_what_it_has_it_keeps(opener: Opener) -> None:
    opened = await opener("", phone=True)
    answers: list[Response] = []
    opened.page.on("response", lambda answer: answers.append(answer))
    await opened.go("/drive")
    await expect(opened.page.locator("#map")).to_have_attribute("data-signs", "2")
    sizes = {
        answer.url: (await answer.request.sizes())["responseBodySize"]
        for answer in answers
        if not answer.from_service_worker
    }
    assert sum(sizes.values()) <= LARGEST_BYTES, sizes
    kept = [answer for answer in answers if "/drive/assets/" in answer.url]
    assert kept
    assert all("immutable" in answer.headers["cache-control"] for answer in kept)


async def test_another_sites_form_is_refused_and_pages_have_a_strict_policy(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=60) as client:
        code = await code_at(site, "mall")
        foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}
        answer = await client.post(f"/drive/c/{code}/start", data={"key": "k" * 40}, headers=foreign)
        assert answer.status_code == 403
        assert "raycharge_charge" not in answer.cookies
        shown = await client.get("/drive")
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert shown.headers["permissions-policy"].startswith("camera=(), geolocation=(self)")
        worker = await client.get("/drive/sw.js")
        assert (worker.headers["cache-control"], worker.headers["service-worker-allowed"]) == ("no-cache", "/drive")
        told = (await client.get("/drive/manifest.webmanifest")).json()
        for icon in told["icons"]:
            assert (await client.get(icon["src"])).headers["content-type"] == "image/svg+xml"


async def test_without_a_network_the_app_says_so(opener: Opener) -> None:
    opened = await opener("", phone=True)
    await opened.go("/drive/offline")
    await opened.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await opened.page.reload()
    await opened.page.context.set_offline(True)
    await opened.page.goto(f"{opened.site.url}/drive/charging")
    await expect(opened.page.get_by_role("heading", level=1)).to_have_text("No connection")
