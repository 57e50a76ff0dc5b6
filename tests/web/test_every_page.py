"""Every page that is registered, for every role: opened or refused as its permission says, whole, and readable by all.

Pages with a part in their path are opened with the addresses of tests/web/seeds.
"""

from __future__ import annotations

import httpx
import pytest

from api.ui import cookies, mounting
from api.ui.extraction import TRANSLATED, missing, read, renewed, written
from api.ui.page import PAGES, Page
from api.ui.texts import LOCALE, _, speaking
from engine.access.roles import ROLES
from tests.web import demo
from tests.web.conftest import Checker, Opener, Site
from tests.web.seeds import examples

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
mounting.load()
DASHBOARD = {page.path: page for page in PAGES if not f"{page.path}/".startswith("/drive/")}


def address(page: Page) -> str:
    """Some ids are known only once the demonstration's data are there."""
    return examples().get(page.path, page.path)


def open_to(role: str) -> set[str]:
    """The paths of the pages that a role may look at."""
    return {path for path, page in DASHBOARD.items() if not page.permission or page.permission in ROLES[role]}


@pytest.mark.pages
@pytest.mark.parametrize("role", demo.ROLES)
async def test_each_role_opens_what_it_may_and_nothing_else(site: Site, role: str) -> None:
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        client.cookies.set(cookies.LOGIN, site.world.token(role))
        found = {path: (await client.get(address(page))).status_code for path, page in DASHBOARD.items()}
    assert found == {path: 200 if path in open_to(role) else 403 for path in DASHBOARD}


@pytest.mark.parametrize("role", demo.ROLES)
async def test_each_role_s_navigation_has_what_it_may_and_nothing_else(opener: Opener, role: str) -> None:
    opened = await opener(role)
    await opened.go("/")
    links = await opened.page.locator("aside nav a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert set(links) == {path for path in open_to(role) if DASHBOARD[path].place is not None}


@pytest.mark.pages
@pytest.mark.parametrize("path", DASHBOARD)
async def test_every_page_can_be_read_by_everybody(opener: Opener, axe: Checker, path: str) -> None:
    """On a wide screen in the light theme, and on a phone in the dark one."""
    for theme, phone in (("light", False), ("dark", True)):
        opened = await opener("admin", theme=theme, phone=phone)
        assert await opened.go(address(DASHBOARD[path])) == 200
        await opened.page.wait_for_load_state("networkidle")
        await axe(opened)
        assert await opened.page.evaluate(TOO_WIDE) <= 0, "it has to be scrolled sideways"


async def test_german_has_no_english_left_in_the_navigation(opener: Opener) -> None:
    opened = await opener("admin", language="de")
    await opened.go("/")
    shown = await opened.page.locator("aside nav a span").all_inner_texts()
    with speaking("de"):
        assert sorted(shown) == sorted(_(page.title) for page in DASHBOARD.values() if page.place)
    assert await opened.page.locator("html").get_attribute("lang") == "de"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_no_catalogue_is_stale(language: str) -> None:
    """`make texts` puts new texts in; their translation is somebody's work."""
    assert missing(language) == []
    assert (LOCALE / f"{language}.po").read_bytes() == written(renewed(language))
    assert not any(message.fuzzy for message in read(language) if message.id)
