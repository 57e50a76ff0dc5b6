"""Pictures of every page of the dashboard in both themes, for docs/images: only where RAYCHARGE_SCREENSHOTS=1 asks."""

from __future__ import annotations

import os
import re

import pytest

from tests.web.conftest import Camera, Opener
from tests.web.test_every_page import DASHBOARD, address

pytestmark = pytest.mark.skipif(os.environ.get("RAYCHARGE_SCREENSHOTS") != "1", reason="Nobody asked for pictures.")
TABS = ("conversation", "commands", "trouble")


def name_of(path: str) -> str:
    """ "/charge-points/{id}" → "charge-points-one"."""
    words = re.sub(r"\{[^}]*\}", "one", path).strip("/").replace("/", "-")
    return words or "overview"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", DASHBOARD)
async def test_every_page_has_its_picture(opener: Opener, screenshot: Camera, path: str, theme: str) -> None:
    opened = await opener("admin", theme=theme)
    await opened.go(address(DASHBOARD[path]))
    await screenshot(opened, name_of(path))


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_signing_in_and_the_tabs_of_a_charge_point_have_theirs(
    opener: Opener, screenshot: Camera, theme: str
) -> None:
    nobody = await opener("", theme=theme)
    await nobody.go("/sign-in")
    await screenshot(nobody, "sign-in")
    for tab in TABS:
        opened = await opener("admin", theme=theme)
        await opened.go(f"/charge-points/HAFEN-05#{tab}")
        await opened.page.locator(f"[role=tab][aria-selected=true]:has-text('{tab.capitalize()}')").wait_for()
        await screenshot(opened, f"charge-point-{tab}")
    phone = await opener("admin", theme=theme, phone=True)
    await phone.go("/")
    await screenshot(phone, "overview-phone")
