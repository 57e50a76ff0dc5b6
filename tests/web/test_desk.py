"""The support desk in Chromium: from a phone number to a charger that is reset, and what each role finds there."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from api.dashboard.desk import session
from tests.web.conftest import Opener, Site
from tests.web.seeds import desk


@pytest.mark.story
async def test_support_gets_from_a_phone_number_to_a_reset_in_four_clicks(opener: Opener, site: Site) -> None:
    """Each click is counted; typing is none. The header's search is on every page."""
    opened = await opener("support")
    page, clicks = opened.page, 0
    await opened.go("/")
    field = page.get_by_role("searchbox", name="Search", exact=True).first
    await field.click()
    clicks += 1
    await field.fill("0170 5550123")
    await field.press("Enter")
    found = page.locator('[data-kind="session"]').get_by_role("link")
    await found.first.click()
    clicks += 1
    wrong = page.locator('[data-code="faulted"]')
    await expect(wrong).to_contain_text("The charger reports an error inside of itself.")
    site.world.fleet.asked.clear()
    await wrong.get_by_role("button", name="Reset").click()
    clicks += 1
    await expect(page.get_by_text("Reset: Accepted")).to_be_visible()
    (asked,) = site.world.fleet.asked
    assert (asked["charge_point"], asked["action"], asked["payload"]) == (desk.AT, "Reset", {"type": "OnIdle"})
    assert asked["requested_by"] == "support@example.org"
    assert clicks <= 4


async def test_a_page_that_renews_itself_takes_no_button_from_under_a_slow_press(
    opener: Opener, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Press and release are apart by several renewals, and the command that is asked for is told by one as well."""
    renewed = asyncio.Condition()
    looks, load = 0, session.SessionView.load

    async def counted(view: session.SessionView) -> None:
        nonlocal looks
        await load(view)
        async with renewed:
            looks += 1
            renewed.notify_all()

    monkeypatch.setattr(session, "ANEW_S", 0.05)
    monkeypatch.setattr(session.SessionView, "load", counted)
    opened = await opener("support")
    await opened.go(f"/sessions/{desk.BROKEN}")
    button = opened.page.locator('[data-code="faulted"]').get_by_role("button", name="Reset")
    await button.hover()
    site.world.fleet.asked.clear()
    await opened.page.mouse.down()
    seen = looks
    async with renewed:
        await renewed.wait_for(lambda: looks >= seen + 3)
    await opened.page.mouse.up()
    await expect(opened.page.get_by_text("Reset: Accepted")).to_be_visible()
    assert [asked["action"] for asked in site.world.fleet.asked] == ["Reset"]


async def test_finance_sees_the_money_and_nothing_to_command(opener: Opener) -> None:
    opened = await opener("finance")
    await opened.go(f"/sessions/{desk.BROKEN}")
    await expect(opened.page.get_by_role("heading", name="Price and receipt")).to_be_visible()
    for name in ("Reset", "Stop charging", "Unlock"):
        await expect(opened.page.get_by_role("button", name=name)).to_have_count(0)
    assert await opened.page.locator("[data-code]").count() == 0


async def test_a_driver_is_shown_nothing_of_the_desk(opener: Opener) -> None:
    opened = await opener("driver")
    for path in ("/search?q=Asha", "/sessions", f"/sessions/{desk.BROKEN}"):
        assert await opened.go(path) == 403, path


async def test_another_networks_session_is_not_there(opener: Opener) -> None:
    opened = await opener("support", "bay")
    assert await opened.go(f"/sessions/{desk.BROKEN}") == 404
    await opened.go("/search?q=0170+5550123")
    await expect(opened.page.get_by_text("Nothing fits")).to_be_visible()


async def test_what_runs_is_told_live_without_a_reload(opener: Opener, site: Site) -> None:
    opened = await opener("support")
    await opened.go(f"/sessions?charge_point={desk.AT}")
    line = opened.page.get_by_role("row").filter(has_text="04A1B2C3D4").first
    await expect(line).to_contain_text("Faulted")
    image = site.world.rest.state.context.image
    told = image.get(desk.AT)
    connector = told.connector(1, 1)
    before = connector.status, connector.power_w, connector.energy_wh
    connector.status, connector.power_w, connector.energy_wh = "Charging", "37500", "12345"
    image.tell(told)
    await expect(line).to_contain_text("37.5")
    await expect(line).to_contain_text("12.3")
    connector.status, connector.power_w, connector.energy_wh = before
    image.tell(told)
    await expect(line).to_contain_text("Faulted")


async def test_the_history_is_filtered_and_paged_by_the_api(opener: Opener) -> None:
    opened = await opener("support")
    page = opened.page
    await opened.go("/sessions")
    rows = page.locator(".rc-rest-table tbody tr")
    await expect(rows).to_have_count(50)
    first = await rows.first.inner_text()
    await page.get_by_role("button", name="Next").click()
    await expect(rows.first).not_to_have_text(first)
    await page.get_by_text("Only with trouble").click()
    await expect(rows.first).to_contain_text("In doubt")
    # Other tests charge beside this one, and not everybody who does has no trouble.
    assert 7 <= await rows.count() < 50


_LINES = """() => [...document.querySelectorAll('[role=img][aria-label="Power and energy over time"]')].map(
    each => getElement(Number(each.id.slice(1))).chart.getOption()
).map(({series, yAxis}) => series.map(({name, data, yAxisIndex}) => [
    name, data.length > 1, yAxis[yAxisIndex].name, yAxis[yAxisIndex].show
]))[0]"""


async def test_the_battery_is_a_line_of_its_own_where_the_station_tells_it(opener: Opener) -> None:
    opened = await opener("support")
    both = [["Power", True, "kW", True], ["Energy", True, "kWh", True]]
    await opened.go(f"/sessions/{desk.BROKEN}")
    await expect(opened.page.get_by_text("Battery 31 %")).to_be_visible()
    assert await opened.page.evaluate(_LINES) == [*both, ["Battery in %", True, "%", False]]
    await opened.go("/sessions/s-0003")
    await expect(opened.page.get_by_text("At most").or_(opened.page.get_by_text("told no power"))).to_be_visible()
    told = await opened.page.evaluate(_LINES)
    assert [each[0] for each in told] == ["Power", "Energy"]


async def test_the_price_grows_line_by_line_and_the_story_is_told(opener: Opener, axe) -> None:  # type: ignore[no-untyped-def]
    for theme in ("light", "dark"):
        opened = await opener("support", theme=theme)
        await opened.go(f"/sessions/{desk.BROKEN}")
        await expect(opened.page.get_by_text("11.2 kWh × €0.49")).to_be_visible()
        await expect(opened.page.locator(".rc-story")).to_contain_text("InternalError · E-42")
        await expect(opened.page.get_by_text("Battery 31 %")).to_be_visible()
        await axe(opened)
