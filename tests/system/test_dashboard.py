"""The dashboard of the running system in Chromium: a change is seen as it happens, a Reset is sent and its end told."""

from __future__ import annotations

import time

import pytest
from playwright.async_api import Browser, Page, expect

from loadtest.installation import ADMIN, PASSWORD, Installation
from tests.system.charge_points import registered
from tests.system.raw_station import RawStation, status
from tests.web.conftest import WIDE
from tests.web.conftest import chromium as chromium

pytestmark = pytest.mark.system
PATIENCE_MS = 60_000
SOON_S = 10.0
"""A second or two, and what a busy machine makes of it."""


async def sign_in(page: Page, url: str, then: str) -> None:
    """As a person does, from the page that was asked for and back to it."""
    await page.goto(url + then)
    await page.get_by_label("E-mail address").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{then}*")


async def test_a_change_is_seen_as_it_happens_and_a_reset_is_answered(system: Installation, chromium: Browser) -> None:
    identity = await registered(system, "SCREEN")
    context = await chromium.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        await station.call("StatusNotification", status("Available"))
        await sign_in(page, f"http://127.0.0.1:{system.api_port}", f"/charge-points/{identity}")
        connector = page.locator("section.rc-card", has_text="Connector 1/1")
        await expect(connector.get_by_text("Available")).to_be_visible(timeout=PATIENCE_MS)

        told = time.monotonic()
        await station.call("StatusNotification", status("Preparing"))
        await expect(connector.get_by_text("Preparing")).to_be_visible(timeout=PATIENCE_MS)
        assert time.monotonic() - told < SOON_S

        await page.get_by_role("button", name="Reset").click()
        await page.get_by_role("dialog").get_by_role("button", name="Reset").click()
        call = await station.next_call()
        assert call[2:] == ["Reset", {"type": "Soft"}]
        await station.answer(call[1], {"status": "Accepted"})
        await expect(page.get_by_text("Reset: Accepted")).to_be_visible(timeout=PATIENCE_MS)
    await context.close()
