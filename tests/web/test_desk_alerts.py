"""Alerts, maintenance and cases in Chromium: many acknowledged by keyboard, one seen to its end, a job, a case."""

from __future__ import annotations

from playwright.async_api import expect

from tests.web.conftest import Opener
from tests.web.seeds import desk, desk_alerts, examples


async def test_many_alerts_are_acknowledged_by_the_keyboard_alone(opener: Opener) -> None:
    opened = await opener("operations", "bay")
    page = opened.page
    await opened.go("/alerts")
    rows = page.locator(".rc-rest-table tbody tr")
    await expect(rows).to_have_count(2)
    await page.get_by_role("checkbox", name="Tick all").press("Space")
    await expect(rows.first.get_by_role("checkbox")).to_be_checked()
    await page.keyboard.press("a")
    await expect(page.get_by_text("2 of 2 acknowledged.")).to_be_visible()
    await expect(rows.filter(has_text="Taken notice of")).to_have_count(2)
    await expect(rows.filter(has_text="operations.bay@example.org")).to_have_count(2)


async def test_an_alert_is_commented_and_declared_over_and_its_story_says_so(opener: Opener) -> None:
    opened = await opener("support")
    page = opened.page
    await opened.go("/alerts/a-drift")
    await page.get_by_role("button", name="Comment").click()
    await page.get_by_label("What others should know").fill("NTP is blocked at the site.")
    await page.get_by_role("button", name="Write").click()
    await expect(page.locator(".rc-story")).to_contain_text("NTP is blocked at the site.")
    await page.get_by_role("button", name="It is over").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What was done").fill("The firewall is open.")
    await dialog.get_by_role("button", name="It is over").click()
    await expect(page.locator(".rc-chip", has_text="Over")).to_be_visible()
    await expect(page.get_by_role("button", name="Acknowledge")).to_be_hidden()


async def test_an_alert_shows_how_its_connector_stands_and_what_was_said(opener: Opener, axe) -> None:  # type: ignore[no-untyped-def]
    opened = await opener("support", theme="dark")
    await opened.go(f"/alerts/{desk_alerts.FAULT}")
    await expect(opened.page.locator(".rc-chip", has_text="Faulted")).to_be_visible()
    await expect(opened.page.locator(".rc-frame").first).to_contain_text("StatusNotification")
    await expect(opened.page.get_by_role("link", name="The time before")).to_be_visible()
    await axe(opened)


async def test_a_job_is_begun_noted_and_finished(opener: Opener) -> None:
    opened = await opener("operations")
    page = opened.page
    await opened.go(examples()["/maintenance/{id}"])
    await page.get_by_role("button", name="Begin work").click()
    await expect(page.locator(".rc-chip", has_text="In progress")).to_be_visible()
    await page.get_by_role("button", name="Note").click()
    await page.get_by_label("What was seen or done").fill("The cable is changed.")
    await page.get_by_role("button", name="Write").click()
    await expect(page.locator(".rc-story")).to_contain_text("The cable is changed.")
    await page.get_by_role("button", name="Finish").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("How it ended").fill("New cable, tested.")
    await dialog.get_by_role("button", name="Finish").click()
    await expect(page.locator(".rc-chip", has_text="Done")).to_be_visible()
    await expect(page.get_by_text("New cable, tested.").first).to_be_visible()


async def test_support_sees_jobs_and_changes_none(opener: Opener) -> None:
    opened = await opener("support")
    await opened.go("/maintenance")
    await expect(opened.page.get_by_role("heading", name="Assigned")).to_be_visible()
    await expect(opened.page.get_by_role("button", name="New job")).to_have_count(0)


async def test_support_opens_a_case_for_who_has_called(opener: Opener, axe) -> None:  # type: ignore[no-untyped-def]
    """From the cases' page, by keyboard, for a driver who is found by name; refusals stand at their field."""
    opened = await opener("support", theme="dark")
    page = opened.page
    await opened.go("/cases")
    await page.get_by_role("button", name="Open a case").press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Who has called").fill("Nobody At All")
    await dialog.get_by_label("Subject").fill("The cable does not come out")
    await dialog.get_by_label("What was said").fill("She stands there in the rain.")
    await dialog.get_by_role("button", name="Open it").press("Enter")
    await expect(dialog.get_by_text("No driver fits.")).to_be_visible()
    await axe(opened, within_dialog=True)
    await dialog.get_by_label("Who has called").fill(desk.ASHA)
    await dialog.get_by_role("button", name="Open it").press("Enter")
    await page.wait_for_url("**/cases/*")
    await expect(page.get_by_role("heading", name="The cable does not come out")).to_be_visible()
    await expect(page.get_by_text(desk.ASHA)).to_be_visible()
    await expect(page.locator(".rc-said")).to_contain_text("only for us")


async def test_a_case_about_a_session_or_a_charger_is_opened_from_its_page(opener: Opener) -> None:
    opened = await opener("support")
    page = opened.page
    places = ((f"/sessions/{desk.BROKEN}", "Session of"), (f"/charge-points/{desk.AT}", desk.AT))
    for path, shown in (*places, ("/drivers/driver-1", "Jan Petersen")):
        await opened.go(path)
        await page.get_by_role("button", name="Open a case").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Subject").fill(f"Called about {path}")
        await dialog.get_by_label("What was said").fill("It does not begin.")
        await dialog.get_by_role("button", name="Open it").click()
        await page.wait_for_url("**/cases/*")
        await expect(page.locator("main").get_by_text(shown).first).to_be_visible()
    operations = await opener("operations")
    await operations.go("/cases")
    await expect(operations.page.get_by_role("button", name="Open a case")).to_have_count(0)


async def test_a_case_is_answered_with_a_ready_answer_and_closed(opener: Opener, axe) -> None:  # type: ignore[no-untyped-def]
    opened = await opener("support")
    page = opened.page
    await opened.go("/cases")
    await page.get_by_role("row").filter(has_text="It stopped by itself").get_by_role("link").click()
    await expect(page.locator(".rc-said").first).to_contain_text("stopped charging after twenty minutes")
    await axe(opened)
    await page.get_by_label("Answers that are ready").click()
    await page.get_by_role("option", name="Restarted").click()
    await expect(page.get_by_label("Your answer")).to_have_value("We have restarted HAFEN-05. Please try again.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".rc-said")).to_have_count(2)
    await expect(page.locator(".rc-chip", has_text="Answered")).to_be_visible()
    await page.get_by_role("button", name="Close", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("How it ended").fill("Restarted.")
    await dialog.get_by_role("button", name="Close").click()
    await expect(page.locator(".rc-chip", has_text="Closed")).to_be_visible()
