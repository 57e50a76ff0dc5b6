"""The table of all charge points and the page of one: live, filtered, saved, and with commands."""

from __future__ import annotations

from playwright.async_api import expect

from api.live.image import FleetImage
from tests.web.conftest import Opener, Site

NAME = "MESSE-02"


def image_of(site: Site) -> FleetImage:
    image: FleetImage = site.world.rest.state.context.image
    return image


def told(site: Site, status: str) -> None:
    """As if the station had just said so of its first connector."""
    known = image_of(site).get(NAME)
    assert known is not None
    known.connectors[0].status = status
    image_of(site).tell(known)


async def test_the_table_shows_a_change_without_a_reload(opener: Opener, site: Site) -> None:
    told(site, "Available")
    opened = await opener("operations")
    await opened.go(f"/charge-points?q={NAME}")
    row = opened.page.locator(f'[row-id="{NAME}"]').last
    await expect(row).to_contain_text("Available")
    told(site, "Faulted")
    await expect(row).to_contain_text("Faulted")
    told(site, "Available")


async def test_the_first_rows_are_there_before_any_script_and_give_way_to_the_table(opener: Opener, site: Site) -> None:
    opened = await opener("operations")
    await opened.page.route("**/quasar.umd*.js", lambda route: route.abort())
    await opened.page.goto(f"{site.url}/charge-points", wait_until="commit")
    first = opened.page.locator(".rc-ahead tbody tr").first
    await expect(first.get_by_role("link")).to_be_visible()
    where = await first.get_by_role("link").get_attribute("href")
    assert (where or "").startswith("/charge-points/")
    await expect(first.locator(".rc-chip").first).to_be_visible()
    await opened.page.unroute("**/quasar.umd*.js")
    # Its scripts complain of what they were refused until the page has gone.
    await opened.page.goto("about:blank")
    opened.troubles.clear()
    await opened.go("/charge-points")
    await expect(opened.page.locator("[row-id]").first).to_be_visible()
    await expect(opened.page.locator(".rc-ahead")).to_have_count(0)
    await opened.go("/charge-points?state=Faulted")
    await expect(opened.page.get_by_text("charge points, live")).to_be_visible()
    assert await opened.page.locator(".rc-ahead").count() == 0


async def test_filters_narrow_the_table_and_are_kept_as_a_view(opener: Opener, site: Site) -> None:
    opened = await opener("operations")
    await opened.go("/charge-points")
    await expect(opened.page.get_by_text("charge points, live")).to_be_visible()
    await opened.page.locator(".rc-search-field input").fill("HAFEN")
    await expect(opened.page.locator('[row-id="MESSE-02"]')).to_have_count(0)
    await opened.page.get_by_role("button", name="Views").click()
    await opened.page.get_by_text("Save this view …").click()
    await opened.page.get_by_label("Name", exact=True).fill("The harbour")
    await opened.page.get_by_role("button", name="Save", exact=True).click()
    await expect(opened.page.get_by_text("The view is saved.")).to_be_visible()
    views = await site.world.api("operations").pages("/me/views", {"page": "charge-points"})
    assert [(view["name"], view["content"]["q"]) for view in views] == [("The harbour", "HAFEN")]


async def test_a_network_s_support_sees_its_own_charge_points_alone(opener: Opener) -> None:
    opened = await opener("support", "north")
    await opened.go("/charge-points")
    await expect(opened.page.locator('[row-id^="HAFEN"]').first).to_be_visible()
    assert await opened.page.locator('[row-id^="AIRPORT"]').count() == 0
    assert await opened.go("/charge-points/AIRPORT-03") == 404


async def test_tabs_have_addresses_and_a_command_tells_its_outcome(opener: Opener) -> None:
    opened = await opener("operations")
    await opened.go(f"/charge-points/{NAME}#commands")
    await opened.page.get_by_label("Payload, JSON").fill("{")
    await opened.page.get_by_role("button", name="Send").click()
    await expect(opened.page.get_by_text("The payload is no JSON")).to_be_visible()
    await opened.page.get_by_label("Payload, JSON").fill('{"type": "Soft"}')
    await opened.page.get_by_role("button", name="Send").click()
    await expect(opened.page.locator("[role=status] .rc-chip", has_text="Accepted")).to_be_visible()


async def test_finance_sees_the_charge_point_without_its_commands(opener: Opener) -> None:
    opened = await opener("finance")
    await opened.go(f"/charge-points/{NAME}")
    await expect(opened.page.get_by_role("tab", name="Now")).to_be_visible()
    for name in ("Commands", "Conversation"):
        assert await opened.page.get_by_role("tab", name=name).count() == 0
    assert await opened.page.get_by_role("button", name="Reset").count() == 0
