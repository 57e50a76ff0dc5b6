"""A driver's way through `/drive` in a browser: from the connector's code to the receipt, whatever the network does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from engine.clock import SECOND
from tests.engine.payments.shop import bill
from tests.web.conftest import PHONE
from tests.web.drive_pages import AtConnector, Charging, sign_in
from tests.web.garage import Garage, open_garage
from tests.web.world import PASSWORD


@pytest.fixture
async def garage(tmp_path: Path) -> AsyncIterator[Garage]:
    made = await open_garage(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def phone(chromium: Browser) -> AsyncIterator[Page]:
    """A phone whose browser complains of nothing."""
    context = await chromium.new_context(viewport=PHONE, has_touch=True, locale="en-GB")  # type: ignore[arg-type]
    page, troubles = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    await context.close()
    assert troubles == []


@pytest.mark.story
async def test_a_stranger_pays_charges_is_warned_stops_and_has_a_receipt(garage: Garage, phone: Page) -> None:
    at, charging = AtConnector(phone, garage.url), Charging(phone)
    await at.open(garage.codes[0])
    await at.wait_for("free")
    await expect(phone.locator("main")).to_contain_text("€0.50 per kWh")
    await at.start()
    await charging.wait_for("paying")
    await charging.pay()
    start = await garage.the_start()
    await charging.wait_for("waiting")
    await garage.station.begin("s1", start)
    garage.show("Charging", power_w="11000")
    await charging.wait_for("charging")
    await expect(phone.locator("[data-figure=power]")).to_have_text("11 kW")

    soon = datetime.now(UTC) + timedelta(minutes=5)
    fee = {"begins": int(soon.timestamp()) * SECOND, "per_minute": "0.10"}
    garage.show("SuspendedEV", power_w="0", idle_fee=fee)
    await charging.wait_for_idle_warning()
    garage.show("SuspendedEV", power_w="0", idle_fee=fee | {"begins": fee["begins"] - 600 * SECOND})
    await expect(phone.locator("[data-after]")).to_be_visible()

    await charging.stop()
    await expect(phone.locator("main")).to_contain_text("is being stopped")
    await garage.station.finish("s1", 20_000)
    await bill(garage.business.database, "s1", 1000)
    garage.show()
    await charging.wait_for("completed")
    await charging.wait_for_receipt()
    assert await charging.figure("price") == "€10.00"
    assert await charging.figure("energy") == "20.0 kWh"


async def test_a_driver_taps_twice_and_starts_once_and_a_reload_shows_the_truth(garage: Garage, phone: Page) -> None:
    email = garage.world.account("driver", "default")
    code = garage.codes[0]
    await sign_in(phone, garage.url, email, PASSWORD, f"/drive/c/{code}")
    at, charging = AtConnector(phone, garage.url), Charging(phone)
    await at.wait_for("free")
    await phone.locator("button[form=start]").dblclick()
    await phone.wait_for_url("**/drive/charging/*")
    await charging.wait_for("waiting")
    assert garage.station.starts == 1
    start = await garage.the_start()
    second = await phone.context.new_page()
    await second.goto(phone.url)
    await Charging(second).wait_for("waiting")

    await phone.context.set_offline(True)
    await garage.station.begin("s1", start)
    garage.show("Charging", power_w="7400")
    await expect(phone.locator(".offline")).to_be_visible(timeout=30_000)
    await phone.context.set_offline(False)
    await charging.wait_for("charging")
    await expect(phone.locator(".offline")).to_be_hidden()
    await Charging(second).wait_for("charging")
    await phone.reload()
    await charging.wait_for("charging")


async def test_a_fault_takes_the_connector_away_and_the_next_one_is_offered(garage: Garage, phone: Page) -> None:
    at = AtConnector(phone, garage.url)
    await at.open(garage.codes[0])
    await at.wait_for("free")
    garage.show("Faulted")
    await at.wait_for("out_of_order")
    assert not await at.can_start()
    await expect(phone.get_by_role("link", name="CP-1 / 2")).to_be_visible()
    garage.show("Available", link="offline")
    await at.wait_for("unknown")
    garage.show()
    await at.wait_for("free")
    assert await at.can_start()


async def test_a_start_that_fails_says_why_in_plain_words_and_that_it_cost_nothing(garage: Garage, phone: Page) -> None:
    garage.station.answer = "Rejected"
    email = garage.world.account("driver", "default")
    await sign_in(phone, garage.url, email, PASSWORD, f"/drive/c/{garage.codes[0]}")
    await AtConnector(phone, garage.url).start()
    await Charging(phone).wait_for("refused_by_charger")
    await expect(phone.locator("main")).to_contain_text("Nothing was charged.")
    await phone.get_by_role("link", name="Back to the connector").click()
    await AtConnector(phone, garage.url).wait_for("free")
