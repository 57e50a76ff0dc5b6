"""What operators set up in the dashboard, in a browser: tariffs, people, imports, chargers, campaigns, exports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

from engine.campaigns.memory import MemoryCampaigns
from engine.long_work.exporter import Exporter
from tests.web import demo
from tests.web.conftest import GUARDED, Open, Opener
from tests.web.seeds.office import CAMPAIGN, NEW_CHARGER

HEAD = "station,station_name,network,city,charge_point,security_profile,evse,connector_type,connector_format,power_type"
CONNECTOR = "IEC_62196_T2_COMBO,CABLE,DC"
GOOD = f"{HEAD}\r\npier,Pier 7,north,Hamburg,PIER-01,0,1,{CONNECTOR}\r\n"
BAD = f"{GOOD}pier,Pier 7,north,Hamburg,PIER-02,0,1,IEC_9,CABLE,DC\r\n"


def labelled(page: Page | Locator, name: str, n: int = 0) -> Locator:
    return page.get_by_label(name, exact=True).nth(n)


async def choose(page: Page, label: str, option: str) -> None:
    """Choose in one of Quasar's selects: the last of this name, since the frame has a network of its own."""
    await page.get_by_role("combobox", name=label, exact=True).last.click()
    await page.get_by_role("option", name=option, exact=True).click()


def press(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True).first


async def test_a_tariff_is_written_previewed_and_assigned(opener: Opener) -> None:
    opened = await opener("admin")
    page = opened.page
    await opened.go("/tariffs/new")
    await labelled(page, "Name").fill("Harbour")
    await choose(page, "Network", demo.NETWORKS["north"][0])
    await labelled(page, "Currency").fill("EUR")
    await labelled(page, "Price").fill("0.50")
    await labelled(page, "Energy, kWh").fill("20")
    bill = page.get_by_role("region", name="Lines of the bill")
    await expect(bill).to_contain_text("20 kWh × 0.5")
    await expect(page.locator(".rc-total")).to_have_text("€10.00")
    await labelled(page, "Price").fill("a lot")
    await expect(page.get_by_text("elements.0.components.0.price", exact=False).first).to_be_visible()
    await labelled(page, "Price").fill("0.60")
    await expect(page.locator(".rc-total")).to_have_text("€12.00")
    await press(page, "Save and have it hold from now on").click()
    await expect(page.get_by_role("heading", name="Harbour")).to_be_visible()
    await expect(page.get_by_text("It is assigned nowhere")).to_be_visible()
    await press(page, "Assign it …").click()
    dialog = page.get_by_role("dialog")
    await labelled(dialog, "Only this charge point").fill("NOWHERE")
    await press(dialog, "Assign it").click()
    await expect(dialog.get_by_role("alert").first).to_be_visible()
    await labelled(dialog, "Only this charge point").fill("HAFEN-00")
    await press(dialog, "Assign it").click()
    await expect(page.get_by_role("region", name="Where it holds")).to_contain_text("HAFEN-00")


async def test_a_form_shows_the_apis_words_at_the_field_and_a_conflict_as_one(opener: Opener) -> None:
    opened = await opener("operations")
    page, world = opened.page, opened.site.world
    await opened.go("/networks/bay")
    await labelled(page, "Currency").fill("rupees")
    await press(page, "Save").click()
    field = page.locator(".q-field", has=page.get_by_label("Currency", exact=True))
    await expect(field).to_have_class(re.compile("q-field--error"))
    await labelled(page, "Currency").fill("INR")
    await labelled(page, "State or region").fill("KA")
    api = world.api("admin")
    await api.patch("/networks/bay", {"region": "MH"})
    await press(page, "Save").click()
    await expect(page.get_by_text("Somebody changed this meanwhile.")).to_be_visible()
    await press(page, "Look at what is there now").click()
    await expect(labelled(page, "State or region")).to_have_value("MH")


async def test_somebody_is_invited_and_given_another_role(opener: Opener) -> None:
    opened = await opener("admin")
    page = opened.page
    await opened.go("/users")
    await press(page, "Invite somebody").click()
    dialog = page.get_by_role("dialog")
    await labelled(dialog, "E-mail address").fill("jan@nordlicht.example")
    await press(dialog, "Send the invitation").click()
    await expect(page.get_by_role("region", name="Roles")).to_contain_text("support")
    letters = await opened.site.world.api().get("/outbox", {"recipient": "jan@nordlicht.example"})
    assert [each["kind"] for each in letters["items"]] == ["invitation"]
    await press(page, "Give a role …").click()
    dialog = page.get_by_role("dialog")
    await choose(page, "Role", "finance")
    await choose(page, "Where", demo.NETWORKS["bay"][0])
    await press(dialog, "Give it").click()
    await expect(page.get_by_role("region", name="Roles")).to_contain_text(demo.NETWORKS["bay"][0])


async def test_an_import_tells_the_bad_row_and_then_goes_through(opener: Opener) -> None:
    opened = await opener("operations")
    page = opened.page
    await opened.go("/transfer")
    upload = page.locator("input[type=file]").first
    await upload.set_input_files({"name": "pier.csv", "mimeType": "text/csv", "buffer": BAD.encode()})
    wrong = page.get_by_role("region", name="Rows that are wrong")
    await expect(wrong).to_contain_text("connector_type")
    await expect(wrong.locator("tbody tr")).to_have_count(1)
    await expect(wrong.locator("tbody td").first).to_have_text("3")
    await upload.set_input_files({"name": "pier.csv", "mimeType": "text/csv", "buffer": GOOD.encode()})
    await expect(page.get_by_text("1 new, 0 changed, 0 as they are")).to_have_count(3)
    await press(page, "Import it").click()
    await expect(page.locator(".rc-chip", has_text="Imported.")).to_be_visible()
    await opened.go("/stations/pier")
    await expect(page.get_by_role("heading", name="Pier 7")).to_be_visible()
    await opened.go("/work")
    await expect(page.get_by_text("Stations, imported").first).to_be_visible()


async def test_a_charger_that_knocked_is_set_up_until_its_first_boot(opener: Opener) -> None:
    opened = await opener("operations")
    page, world = opened.page, opened.site.world
    await opened.go("/set-up?station=hafen")
    await page.get_by_role("button", name=f"Set up {NEW_CHARGER}").click()
    await expect(labelled(page, "Its password")).not_to_be_empty()
    await press(page, "Register it").click()
    await expect(page.get_by_text("What to enter in the charger")).to_be_visible()
    await press(page, "AC 22 kW, socket").click()
    await press(page, "Add the connector").click()
    await expect(page.get_by_role("region", name="Connectors")).to_contain_text("IEC_62196_T2")
    await press(page, "Go on").click()
    await expect(page.get_by_text("It has not connected yet.", exact=False)).to_be_visible()
    live = press(page, "Make it live: drivers may use it")
    await expect(live).to_be_disabled()
    now = world.ports.clock.now()
    world.fleet.views[NEW_CHARGER] = demo.view(0, NEW_CHARGER, now)
    await expect(page.get_by_text("Terra 184", exact=False)).to_be_visible()
    await live.click()
    await expect(page.get_by_text(f"{NEW_CHARGER} is live.")).to_be_visible()
    row = await world.api().get(f"/charge-points/{NEW_CHARGER}")
    assert (row["commissioning"], row["station"], len(row["connectors"])) == ("live", "hafen", 1)


async def test_a_campaign_is_watched_while_it_runs(opener: Opener) -> None:
    opened = await opener("operations")
    page, campaigns = opened.page, opened.site.world.ports.campaigns
    assert isinstance(campaigns, MemoryCampaigns)
    await opened.go(f"/campaigns/{CAMPAIGN}")
    await expect(page.get_by_text("0 of 20 charge points")).to_be_visible()
    await _asked(campaigns, opened)
    await expect(page.get_by_text("1 of 20 charge points")).to_be_visible()
    await press(page, "Pause").click()
    await expect(press(page, "Go on")).to_be_visible()


async def _asked(campaigns: MemoryCampaigns, opened: Open) -> None:
    """The first of its charge points has done what it was asked."""
    now = opened.site.world.ports.clock.now()
    target = (await campaigns.due(CAMPAIGN, now, 1))[0]
    claimed = await campaigns.claim(target, "command-1", now)
    assert claimed is not None
    await campaigns.end(claimed, "Accepted", "", now)


async def test_an_export_is_asked_for_and_fetched(opener: Opener, tmp_path: Path) -> None:
    opened = await opener("admin")
    page, world = opened.page, opened.site.world
    await opened.go("/audit")
    await press(page, "Export as CSV").click()
    await page.wait_for_url("**/work")
    await expect(page.locator(".rc-chip", has_text="Waiting").first).to_be_visible()
    business = world.ports.business
    assert await Exporter(business.database, business.long_works, world.ports.files.store).work_once()
    link = page.get_by_role("link", name=re.compile("audit.csv"))
    await expect(link).to_be_visible()
    async with page.expect_download() as waited:
        await link.click()
    target = tmp_path / "audit.csv"
    await (await waited.value).save_as(target)
    assert target.read_text().startswith("at,actor_kind,actor")


async def test_each_sees_only_what_it_may_do(opener: Opener) -> None:
    opened = await opener("support")
    page = opened.page
    await opened.go("/stations/hafen")
    await expect(page.get_by_role("heading", name="Hafencity Garage")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)
    await opened.go("/tariffs")
    await expect(page.get_by_role("link", name="New tariff")).to_have_count(0)
    assert await opened.go("/tariffs/new") == 403
    assert await opened.go("/users") == 403


async def test_what_is_not_saved_is_asked_about(opener: Opener) -> None:
    opened = await opener("operations")
    page = opened.page
    asked: list[Any] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await opened.go("/stations/altona")
    await labelled(page, "City").fill("Hamburg-Altona")
    await page.wait_for_function(GUARDED)
    await page.get_by_role("link", name="Networks").first.click()
    await page.wait_for_timeout(0)
    await expect(page.get_by_role("heading", name="Altona Bahnhof")).to_be_visible()
    assert asked == ["beforeunload"]
