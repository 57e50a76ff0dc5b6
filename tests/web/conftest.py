"""The pages in Chromium: one façade over believable data and one browser for all tests, a page for each.

A page notes what the browser complains of and what it asks of other hosts; both must be nothing at its end. Without
Chromium these tests are skipped, in CI they fail. `make test` has one story each of the desk, a driver and signing in;
all others are of the stage `pages` in `.ci/run`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

from api.ui import cookies
from api.web.serve import start
from tests.web.world import World, furnished

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
# Quasar's menus and dialogs fade: what is half faded away has no contrast.
STILL = """!document.querySelector("[class*='-enter-active'], [class*='-leave-active']")"""
# NiceGUI has a handler of its own there, so that "any" would always be so.
GUARDED = "String(window.onbeforeunload).includes('preventDefault')"
LARGEST = 200 * 1024
AXE_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}


@dataclass
class Site:
    """The façade that all pages of these tests come from."""

    world: World
    url: str


@dataclass
class Open:
    """An open page. `troubles` is what the browser complained of, `outside` what it asked of other hosts."""

    page: Page
    site: Site
    theme: str
    troubles: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    async def go(self, path: str) -> int:
        """Open a path, and return its status once the page is alive."""
        answer = await self.page.goto(self.site.url + path)
        assert answer is not None
        await self.page.wait_for_function(
            # Until the handshake the page may still reload itself, and forget what was typed.
            "!document.querySelector('#app') || (document.querySelector('#app > *') && window.did_handshake)"
        )
        return answer.status

    def listen(self) -> None:
        def said(message: ConsoleMessage) -> None:
            # The browser itself says so of every answer that is no success; statuses are looked at by the tests.
            if message.type == "error" and "Failed to load resource" not in message.text:
                self.troubles.append(message.text)

        def asked(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.site.url).netloc:
                self.outside.append(request.url)

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", asked)


# For whichever of these tests are run: a machine that does something else beside it takes longer than the usual 5 s.
expect.set_options(timeout=30_000)
Opener = Callable[..., Awaitable[Open]]
Checker = Callable[..., Awaitable[None]]
Camera = Callable[[Open, str], Awaitable[None]]
SETTLED_MS = 1500
"""What charts and tables need to be drawn after the last answer. Only pictures wait for it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser is slow: whatever needs one is of the stage `pages`, but for the stories that `make test` tells."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()) and item.get_closest_marker("story") is None:
            item.add_marker("pages")


@pytest.fixture(scope="session")
async def site() -> AsyncIterator[Site]:
    """Served on a port of its own."""
    world = await furnished()
    serving = await start(world.front, "127.0.0.1", 0)
    try:
        yield Site(world, f"http://127.0.0.1:{serving.port}")
    finally:
        # Also with pages that are still open.
        async with asyncio.timeout(30):
            await serving.stop()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = os.environ.get("RAYCHARGE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("The pages' tests need Chromium.")
        pytest.skip("There is no Chromium here.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def opener(site: Site, chromium: Browser) -> AsyncIterator[Opener]:
    """Opens pages: `await opener("support", theme="dark", language="de", phone=True)`; role "" is nobody."""
    opened: list[Open] = []
    async with AsyncExitStack() as stack:

        async def open_page(
            role: str = "admin",
            network: str | None = None,
            *,
            theme: str = "light",
            language: str = "en",
            phone: bool = False,
        ) -> Open:
            context = await chromium.new_context(viewport=PHONE if phone else WIDE, has_touch=phone)  # type: ignore[arg-type]
            stack.push_async_callback(context.close)
            context.set_default_timeout(30_000)
            kept = {cookies.THEME: theme, cookies.LANGUAGE: language}
            if role:
                kept[cookies.LOGIN] = site.world.token(role, network)
            await context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in kept.items()])
            made = Open(await context.new_page(), site, theme)
            made.listen()
            opened.append(made)
            return made

        yield open_page
    assert [trouble for each in opened for trouble in each.troubles] == []
    assert [url for each in opened for url in each.outside] == []


@pytest.fixture
def axe() -> Checker:
    """`await axe(opened)`: axe-core finds no serious or critical violation on the page as it is.

    `within_dialog`: without contrast, since axe takes what is behind an open dialog for the dialog's own background.
    """

    async def check(opened: Open, *, within_dialog: bool = False) -> None:
        await opened.page.wait_for_function(STILL)
        rules = {"color-contrast": {"enabled": not within_dialog}}
        found = await Axe().run(opened.page, options=AXE_RULES | {"rules": rules})
        bad = [each for each in found.response["violations"] if each["impact"] in SERIOUS]
        told = [f"{each['id']}: {node['html'][:300]}" for each in bad for node in each["nodes"][:5]]
        assert told == []

    return check


@pytest.fixture
def screenshot() -> Camera:
    """`await screenshot(opened, "alerts")` writes docs/images/alerts-light.png, where RAYCHARGE_SCREENSHOTS=1 asks."""

    async def take(opened: Open, name: str) -> None:
        if os.environ.get("RAYCHARGE_SCREENSHOTS") != "1":
            return
        # The driver's app always waits for what changes.
        await opened.page.wait_for_load_state("load" if "/drive" in opened.page.url else "networkidle")
        await opened.page.wait_for_timeout(SETTLED_MS)
        path = IMAGES / f"{name}-{opened.theme}.png"
        IMAGES.mkdir(parents=True, exist_ok=True)
        await opened.page.screenshot(path=path, animations="disabled")
        assert path.stat().st_size <= LARGEST, f"{path.name} is too large for the repository"

    return take
