"""The pages of `/drive` as a driver uses them: for the tests of the pages, and for the stories of whole systems.

Each waits for what it is asked for, and knows a page by its words and data, not by its looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Page, expect


@dataclass
class Finding:
    """The map and its list."""

    page: Page
    url: str

    async def open(self, query: str = "") -> None:
        await self.page.goto(f"{self.url}/drive{query}")

    async def search(self, words: str) -> None:
        await self.page.get_by_role("searchbox").fill(words)
        await self.page.get_by_role("button", name="Search", exact=True).click()

    async def stations(self) -> list[str]:
        return await self.page.locator("#list .station strong").all_inner_texts()

    async def choose(self, station: str) -> None:
        await self.page.locator("#list .station", has_text=station).first.click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(station)

    async def connector(self, label: str) -> None:
        """From a station's page to one of its connectors."""
        await self.page.get_by_role("link", name=label).click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(label)


@dataclass
class AtConnector:
    """A connector's page, as its QR code opens it."""

    page: Page
    url: str

    async def open(self, code: str) -> None:
        await self.page.goto(f"{self.url}/drive/c/{code}")

    async def wait_for(self, availability: str) -> None:
        """free, occupied, reserved, out_of_order or unknown; without a reload."""
        await expect(self.page.locator("[data-state]").first).to_have_attribute("data-state", availability)

    async def start(self) -> None:
        """As whoever is signed in, or as a guest."""
        await self.page.locator("button[form=start]").first.click()
        await self.page.wait_for_url(re.compile("/drive/charging/"))

    async def can_start(self) -> bool:
        return await self.page.locator("button[form=start]").count() > 0


@dataclass
class Charging:
    """What is being charged."""

    page: Page

    async def wait_for(self, state: str) -> None:
        """paying, commanding, waiting, charging, completed, or how a start ended; without a reload."""
        await expect(self.page.locator("[data-state]").last).to_have_attribute("data-state", state, timeout=30_000)

    async def pay(self, card: str = "4242 4242 4242 4242") -> None:
        """At the local provider's page and back."""
        await self.page.get_by_role("link", name="Go to payment").click()
        await self.page.locator("#card").fill(card)
        await self.page.locator("button[value=pay]").click()
        await self.page.wait_for_url(re.compile("/drive/charging/"))

    async def figure(self, name: str) -> str:
        """energy, price or power, as it stands on the page."""
        return await self.page.locator(f"[data-figure={name}]").inner_text()

    async def wait_for_idle_warning(self) -> None:
        await expect(self.page.locator(".idle")).to_be_visible(timeout=30_000)

    async def stop(self) -> None:
        await self.page.get_by_role("button", name="Stop charging").click()

    async def wait_for_receipt(self) -> None:
        await expect(self.page.locator("[data-receipt]")).to_be_visible(timeout=30_000)


async def sign_in(page: Page, url: str, email: str, password: str, then: str = "/drive", network: str = "") -> None:
    """As a driver, and on to `then`."""
    await page.goto(f"{url}/sign-in?then={then}")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", password)
    if network:
        await page.fill("[name=network]", network)
    await page.locator("main form button").first.click()
    await page.wait_for_url(f"**{then}")
