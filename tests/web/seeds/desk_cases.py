"""Support cases of a driver: one that waits for us, one that was answered."""

from __future__ import annotations

from tests.web.seeds import desk
from tests.web.world import World

EXAMPLES = {"/cases/{id}": "/cases/"}
STOPPED = {
    "category": "charging",
    "subject": "It stopped by itself",
    "text": "My car stopped charging after twenty minutes and the screen shows an error.",
    "charge_point": desk.AT,
    "evse": 1,
    "connector": 1,
}
RECEIPT = {"category": "payment", "subject": "Where is my receipt?", "text": "I need it for my employer."}


async def seed(world: World) -> None:
    """Through the API, as the driver and as support would."""
    driver, support = world.api("driver", "north"), world.api("support")
    waiting = await driver.post("/me/cases", STOPPED)
    answered = await driver.post("/me/cases", RECEIPT)
    text = "It is on its way to you by e-mail."
    await support.post(f"/cases/{answered['id']}/messages", {"text": text, "internal": False})
    ready = {"network": "north", "language": "en", "title": "Restarted"}
    body = "We have restarted {charge_point}. Please try again."
    await world.api().post("/canned-answers", ready | {"text": body})
    EXAMPLES["/cases/{id}"] = f"/cases/{waiting['id']}"
