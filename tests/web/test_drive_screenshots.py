"""Pictures of the driver's app on a phone, in both themes, for docs/images: only where RAYCHARGE_SCREENSHOTS=1 asks."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import update

from api.memory.facade import MemoryAnalytics
from api.ports.facade import MeterPoint
from api.ui import cookies
from engine.clock import SECOND
from engine.stores.sql.models import sessions
from tests.engine.payments.shop import bill
from tests.web.conftest import PHONE, Camera, Open, Opener, Site
from tests.web.drive_pages import AtConnector, Charging
from tests.web.garage import Garage, open_garage
from tests.web.seeds.office import give_receipt

pytestmark = pytest.mark.skipif(os.environ.get("RAYCHARGE_SCREENSHOTS") != "1", reason="Nobody asked for pictures.")
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@THEMES
async def test_finding_a_charger_has_its_pictures(opener: Opener, screenshot: Camera, theme: str) -> None:
    """Map, list and station."""
    opened = await opener("", theme=theme, phone=True)
    await opened.go("/drive?q=Hamburg")
    await expect(opened.page.locator("#map[data-signs]")).to_be_visible()
    await screenshot(opened, "drive-map")
    await opened.go("/drive")
    await opened.page.locator("#list").evaluate("each => each.scrollIntoView()")
    await screenshot(opened, "drive-list")
    await opened.go("/drive/s/hafen")
    await screenshot(opened, "drive-station")


async def test_a_receipt_has_its_picture(opener: Opener, site: Site, screenshot: Camera) -> None:
    made = await give_receipt(site.world, "u-driver.north")
    for theme in ("light", "dark"):
        opened = await opener("driver", "north", theme=theme, phone=True)
        await opened.go("/drive/receipts")
        await screenshot(opened, "drive-receipts")
        await opened.go(f"/drive/receipts/{made}/html")
        await screenshot(opened, "drive-receipt")


@THEMES
async def test_charging_has_its_pictures(chromium: Browser, screenshot: Camera, tmp_path: Path, theme: str) -> None:
    """What a connector's code opens, a stranger's session that runs, the warning before the idle fee, the end."""
    garage = await open_garage(tmp_path)
    context = await chromium.new_context(viewport=PHONE, has_touch=True, locale="en-GB")  # type: ignore[arg-type]
    await context.add_cookies([{"name": cookies.THEME, "value": theme, "url": garage.url}])
    opened = Open(await context.new_page(), Site(garage.world, garage.url), theme)
    try:
        at, charging = AtConnector(opened.page, garage.url), Charging(opened.page)
        await at.open(garage.codes[0])
        await at.wait_for("free")
        await screenshot(opened, "drive-connector")
        await at.start()
        await charging.pay()
        start = await garage.the_start()
        await garage.station.begin("s1", start)
        await _charged(garage)
        garage.show("Charging", power_w="34600")
        await charging.wait_for("charging")
        await expect(opened.page.locator(".curve")).to_be_visible()
        await screenshot(opened, "drive-charging")
        soon = datetime.now(UTC) + timedelta(minutes=9)
        fee = {"begins": int(soon.timestamp()) * SECOND, "per_minute": "0.10"}
        garage.show("SuspendedEV", power_w="0", idle_fee=fee)
        await charging.wait_for_idle_warning()
        await screenshot(opened, "drive-idle-warning")
        await charging.stop()
        await garage.station.finish("s1", 20_000)
        await _set(garage, stopped=garage.world.ports.clock.now(), duration_s=1830)
        await bill(garage.business.database, "s1", 1000)
        garage.show()
        await charging.wait_for_receipt()
        await expect(opened.page.get_by_text("Taken from your card: €10.00")).to_be_visible(timeout=30_000)
        await screenshot(opened, "drive-charged")
    finally:
        await context.close()
        await garage.close()


async def _charged(garage: Garage) -> None:
    """Half an hour of a car that takes less the fuller it is."""
    analytics, now = garage.world.ports.analytics, garage.world.ports.clock.now()
    assert isinstance(analytics, MemoryAnalytics)
    points = analytics.points.setdefault("s1", [])
    for minute in range(31):
        power = 6000 if not minute else 41_000 - 400 * max(0, minute - 14)
        at = now - (30 - minute) * 60 * SECOND
        points.append(MeterPoint(at, "Power.Active.Import", "", "Outlet", str(power), "W"))
        points.append(MeterPoint(at, "SoC", "", "EV", str(22 + minute), "Percent"))
    said = {"energy_wh": Decimal(18_300), "cost": Decimal("9.15"), "currency": "EUR", "started": now - 1800 * SECOND}
    await _set(garage, **said)


async def _set(garage: Garage, **said: Any) -> None:
    """What the ledger tells of the session."""
    async with garage.business.database.write() as connection:
        await connection.execute(update(sessions).where(sessions.c.id == "s1").values(said))
