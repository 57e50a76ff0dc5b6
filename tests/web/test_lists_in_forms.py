"""Lists and parameters in the office's forms, in a browser: rows added and removed, and fields that follow a choice."""

from __future__ import annotations

import gc
import re
from collections.abc import Sequence

import pytest
from playwright.async_api import expect

from api.dashboard.office.campaign_parameters import parameters_of
from api.dashboard.office.campaigns import OPERATIONS
from api.dashboard.office.rows import Row, Rows
from api.schemas.operations import SIMPLE
from engine.campaigns.memory import MemoryCampaigns
from engine.charging.operations import Trigger
from tests.web.conftest import GUARDED, Checker, Opener


async def test_steps_of_an_alert_rule_are_added_and_removed(
    opener: Opener, axe: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the keyboard; what the API refuses is said at the list."""
    drawn = Rows._draw

    def drawn_and_collected(rows: Rows, told: Sequence[Row]) -> None:
        # The button that was pressed may be gone from memory as soon as it is gone from the page.
        drawn(rows, told)
        gc.collect()

    monkeypatch.setattr(Rows, "_draw", drawn_and_collected)
    opened = await opener("admin", theme="dark")
    page, api = opened.page, opened.site.world.api()
    await opened.go("/alert-rules/clock_drift?network=north")
    steps = page.get_by_role("group", name="Who is told, and when")
    before = await api.get("/alert-rules/clock_drift", {"network": "north"})
    rows = steps.locator(".rc-listed")
    await expect(rows).to_have_count(len(before["steps"]))
    for _each in before["steps"]:
        await page.get_by_role("button", name="Remove: Step 1").press("Enter")
    await expect(rows).to_have_count(0)
    # What was taken away is not saved yet either: the browser asks before it leaves.
    await page.wait_for_function(GUARDED)
    for number, after in enumerate(("0", "600")):
        await page.get_by_role("button", name="Add: Step").press("Enter")
        await expect(rows).to_have_count(number + 1)
        row = rows.nth(number)
        await row.get_by_label("After s unacknowledged").fill(after)
        await row.get_by_role("combobox", name="Roles").press("Enter")
        await page.get_by_role("option", name="operations", exact=True).click()
        await page.keyboard.press("Escape")
    await row.get_by_label("After s unacknowledged").fill("99999999")
    await page.get_by_role("button", name="Save").click()
    await expect(steps.get_by_role("alert")).to_be_visible()
    await axe(opened)
    await row.get_by_label("After s unacknowledged").fill("600")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("the network's own")).to_be_visible()
    saved = await api.get("/alert-rules/clock_drift", {"network": "north"})
    assert [(each["after_s"], each["roles"]) for each in saved["steps"]] == [(0, ["operations"]), (600, ["operations"])]


async def test_tax_numbers_of_an_issuer_are_rows(opener: Opener) -> None:
    opened = await opener("admin")
    page, api = opened.page, opened.site.world.api()
    await opened.go("/issuers/issuer-1")
    numbers = page.get_by_role("group", name="Tax numbers")
    await expect(numbers.get_by_label("Number", exact=True)).to_have_value("DE123456789")
    await page.get_by_role("button", name="Add: Tax number").click()
    added = numbers.locator(".rc-listed").nth(1)
    await added.get_by_label("Kind, e.g. VAT or GSTIN").fill("HRB")
    await added.get_by_label("Number", exact=True).fill("4711")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Save").click()
    told = (await api.get("/issuers/issuer-1"))["tax_ids"]
    assert told == [{"kind": "VAT", "number": "DE123456789"}, {"kind": "HRB", "number": "4711"}]


async def test_what_a_campaign_asks_for_has_fields_of_its_own(opener: Opener, axe: Checker) -> None:
    opened = await opener("admin")
    page, campaigns = opened.page, opened.site.world.ports.campaigns
    assert isinstance(campaigns, MemoryCampaigns)
    campaigns.charge_points["HAFEN-00"] = ("ABB", "Terra 184", "1.8.21")
    await opened.go("/campaigns/new")
    parameters = page.get_by_role("group", name="With these parameters")
    await expect(parameters.get_by_label("Setting")).to_have_value("HeartbeatInterval")
    operation = page.get_by_role("combobox", name="What to ask for")
    await operation.click()
    await page.get_by_role("option", name="Any OCPP call").click()
    await expect(parameters.get_by_label("Parameters as JSON")).to_be_visible()
    await operation.click()
    await page.get_by_role("option", name="Ask for a message").click()
    await expect(parameters.get_by_label("Setting")).to_have_count(0)
    await axe(opened)
    await parameters.get_by_role("combobox", name="Message").click()
    await page.get_by_role("option", name="Heartbeat").click()
    await parameters.get_by_label("EVSE").fill("5000")
    await page.get_by_label("Only these, an id a line").fill("HAFEN-00")
    await page.get_by_role("button", name="Begin the campaign").click()
    await expect(parameters.get_by_text("less than or equal to 1023")).to_be_visible()
    await parameters.get_by_label("EVSE").fill("")
    await page.get_by_role("button", name="Begin the campaign").click()
    await page.wait_for_url(lambda url: "/campaigns/" in url and not url.endswith("/new"))
    made = await campaigns.get(page.url.rsplit("/", 1)[1])
    assert made.operation == Trigger("heartbeat", 0, 0)


@pytest.mark.parametrize(
    "operation", sorted(OPERATIONS.keys() & SIMPLE.keys() - {"set_display_message", "transfer_data"})
)
def test_what_is_proposed_for_a_campaign_is_what_its_operation_takes(operation: str) -> None:
    """But for what only a person knows: the words of a message, and a vendor's data."""
    _fields, values = parameters_of(operation, {})
    SIMPLE[operation].model_validate(values.get("parameters", {}))


async def test_a_station_s_position_is_picked_on_a_map_or_typed(opener: Opener, axe: Checker) -> None:
    """By the pointer, by the keyboard, and by figures; each shows the other, and nothing is asked of another host."""
    opened = await opener("admin")
    page = opened.page
    await opened.go("/stations/altona")
    shown = page.get_by_role("application", name="Position")
    latitude, longitude = page.get_by_label("Latitude"), page.get_by_label("Longitude")
    await expect(shown).to_have_attribute("data-at", "53.5523,9.9352")
    await expect(shown.locator(".pin-place")).to_be_visible()
    await axe(opened)
    await shown.click(position={"x": 120, "y": 160})
    await expect(latitude).not_to_have_value("53.5523")
    at = await latitude.input_value(), await longitude.input_value()
    assert abs(float(at[0]) - 53.5523) < 0.1
    assert float(at[1]) < 9.9352
    await latitude.fill("48.1372")
    await longitude.fill("11.5756")
    await expect(shown).to_have_attribute("data-at", "48.1372,11.5756")
    await shown.press("Enter")
    await expect(latitude).to_have_value(re.compile(r"48\.13"))
    async with page.expect_navigation():
        await page.get_by_role("button", name="Save").click()
    row = await opened.site.world.api().get("/stations/altona")
    assert (round(row["latitude"], 2), round(row["longitude"], 2)) == (48.14, 11.58)
    await opened.site.world.api().patch("/stations/altona", {"latitude": 53.5523, "longitude": 9.9352})
