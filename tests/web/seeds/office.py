"""What the office's pages show: tariffs, receipts and doubtful sessions, people with roles, campaigns, channels."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from sqlalchemy import insert, select, update

from api.memory.facade import MemoryFleet
from engine.access.acting import Actor, acting_as
from engine.access.scope import EVERYWHERE, Scope
from engine.billing.issuer import VAT, Profile, TaxId
from engine.campaigns.course import Plan
from engine.campaigns.memory import MemoryCampaigns
from engine.campaigns.port import Campaign
from engine.charging.operations import Reset
from engine.clock import SECOND
from engine.ids import new_id
from engine.long_work.exporter import Exporter
from engine.outbox import letter
from engine.projections.billing import Billing
from engine.stores.audit import note
from engine.stores.files.catalogue import FirmwareImage
from engine.stores.places.inbox import Knocked
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.deliveries import deliveries
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.payments import open_items, payments
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Tariff
from tests.engine.billing.world import settled
from tests.engine.projections.events import entry
from tests.web.world import World

NEW_CHARGER = "YARD-NEW"
"""A charger that has knocked and is registered nowhere."""

RECEIPT, REVIEW, CAMPAIGN, TARIFF, CHANNEL = "receipt-1", "review-1", "campaign-1", "city", "channel-1"
EXAMPLES = {
    "/stations/{id}": "/stations/hafen",
    "/stations/{id}/sheet": "/stations/hafen/sheet",
    "/networks/{id}": "/networks/north",
    "/networks/{id}/payment-policy": "/networks/north/payment-policy",
    "/tariffs/{id}": f"/tariffs/{TARIFF}",
    "/tariffs/{id}/write": f"/tariffs/{TARIFF}/write?number=1",
    "/users/{id}": "/users/u-support",
    "/roles/{id}": "/roles/support",
    "/tokens/{id}": "/tokens/FLEET-0001?network=north",
    "/token-groups/{id}": "/token-groups/FLEET?network=north",
    "/drivers/{id}": "/drivers/driver-1",
    "/campaigns/{id}": f"/campaigns/{CAMPAIGN}",
    "/firmware/{id}": "/firmware/image-1",
    "/receipts/{id}": f"/receipts/{RECEIPT}",
    "/reviews/{id}": f"/reviews/{REVIEW}",
    "/payments/{id}": "/payments/payment-1",
    "/issuers/{id}": "/issuers/issuer-1",
    "/audit/{id}": "/audit/audit-1",
    "/alert-rules/{kind}": "/alert-rules/faulted",
    "/channels/{id}": f"/channels/{CHANNEL}",
    "/deliveries/{id}": "/deliveries/msg-1",
}
PRICES = {
    "currency": "EUR",
    "tax_included": True,
    "tax_percent": "19",
    "elements": [
        {
            "components": [{"dimension": "ENERGY", "price": "0.39"}],
            "restrictions": {"start_time": "22:00", "end_time": "06:00"},
        },
        {"components": [{"dimension": "ENERGY", "price": "0.49"}]},
    ],
    "idle": {"per_minute": "0.10", "grace_s": 900, "cap": "12.00"},
    "text": {"en": "0.49 €/kWh, at night 0.39 €/kWh; 0.10 € per minute of idling after 15 minutes"},
}


async def seed(world: World) -> None:
    """Put it all where the pages look for it."""
    with acting_as(Actor("user", "u-admin", "admin@example.org", "198.51.100.7")):
        await _prices(world)
        await _people(world)
        await _bills(world)
        await _work(world)
        await _told(world)


async def _prices(world: World) -> None:
    api = world.api("admin")
    with patch("engine.stores.tariffs.catalogue.new_id", lambda: TARIFF):
        await api.post("/tariffs", {"name": "City", "network": "north", "content": PRICES, "publish": {}})
    await api.post("/tariff-assignments", {"tariff": TARIFF})
    night = {"currency": "EUR", "elements": PRICES["elements"][1:], "tax_percent": "19"}
    await api.post("/tariffs", {"name": "Fleet customers", "network": "north", "content": night})


async def _people(world: World) -> None:
    api = world.api("admin")
    role = {"name": "Yard crew", "permissions": ["charge-points:read", "commands:basic"], "network": "north"}
    await api.post("/roles", role | {"description": "Restarts chargers, and nothing else."})
    grant = {"role": "finance", "network": "north"}
    await api.post("/users", {"email": "ines@nordlicht.example", "name": "Ines Kröger", "roles": [grant]})
    with patch("engine.stores.drivers.repository.new_id", lambda: "driver-1"):
        await api.post("/drivers", {"name": "Jan Petersen", "phone": "+49 170 5550199", "network": "north"})
    group = {"id": "FLEET", "name": "Taxi fleet", "network": "north", "max_sessions": 12, "credit_limit": "2000"}
    await api.post("/token-groups", group)
    for number in range(1, 25):
        card = {"id_token": f"FLEET-{number:04d}", "label": f"Taxi {number}", "network": "north", "group": "FLEET"}
        blocked = {"status": "Blocked", "block_reason": "Reported lost"} if number == 7 else {}
        await api.post("/tokens", card | blocked)


async def _bills(world: World) -> None:
    business, now = world.ports.business, world.ports.clock.now()
    profile = Profile(
        "Nordlicht Laden GmbH",
        ("Am Sandtorkai 1", "20457 Hamburg"),
        "DE",
        "EUR",
        "Europe/Berlin",
        tax_ids=(TaxId("VAT", "DE123456789"),),
        tax_regime=VAT,
    )
    with patch("engine.billing.issuers.new_id", lambda: "issuer-1"):
        await business.billing.issuers.create(EVERYWHERE, "north", profile)
    billing = Billing(business.database, world.ports.clock)
    position = (await billing.open(1))[0]
    ids = {"engine.billing.issuing.new_id": RECEIPT, "engine.billing.settling.new_id": REVIEW}
    for number in range(1, 13):
        doubts = ("meter_backwards",) if number == 12 else ()
        said = settled(
            f"s-{number:04d}", tariff=_tariff(), path=_course(now, number), doubts=doubts, **_at(now, number)
        )
        with _named(ids, "" if number in (1, 12) else f"-{number}"):
            await billing.apply([entry(position + number, [said])])
    async with business.database.write() as connection:
        at = {"created": now, "updated": now}
        paid = {"id": "payment-1", "network": "north", "purpose": "start", "currency": "EUR", "state": "captured"}
        amounts = {
            "wanted": Decimal(50),
            "authorised": Decimal(50),
            "captured": Decimal("11.20"),
            "due": Decimal("11.20"),
        }
        await connection.execute(insert(payments), paid | amounts | {"reference": "ch_81", "receipt": RECEIPT} | at)
        item = {"id": "item-1", "network": "north", "kind": "capture_refused", "subject": "payment-1", "state": "open"}
        open_item = {"amount": Decimal("3.40"), "currency": "EUR", "detail": "The card has expired.", "created": now}
        await connection.execute(insert(open_items), item | open_item)


async def give_receipt(world: World, driver: str) -> str:
    """A copy of a receipt for a driver, since receipts are never changed; its id."""
    made = new_id()
    async with world.ports.business.database.write() as connection:
        one = (await connection.execute(select(receipts).where(receipts.c.id == RECEIPT))).mappings().one()
        more = {"id": made, "session": f"s-{made}", "number": f"C-{made[:8]}", "sequence": 9000 + int(made[:4], 16)}
        await connection.execute(insert(receipts), dict(one) | more | {"driver": driver})
    return made


def _tariff() -> Tariff:
    prices = (Element((PriceComponent(Dimension.ENERGY, Decimal("0.49")),)),)
    idle = IdleFee(Decimal("0.10"), grace_s=900)
    return Tariff(TARIFF, 1, "EUR", prices, name="City", idle=idle, tax_percent=Decimal(19), tax_included=True)


def _course(now: int, number: int) -> Course:
    began = now - number * 7200 * SECOND
    full = began + (20 + number) * 60 * SECOND
    marks = (Mark(began, Decimal(1000), Flow.CHARGING), Mark(full, Decimal(1000 + 2100 * number), Flow.SUSPENDED_EV))
    return Course(marks, "Europe/Berlin", full + 300 * SECOND)


def _at(now: int, number: int) -> dict[str, Any]:
    path = _course(now, number)
    times = {"started": path.marks[0].at, "stopped": path.marks[-1].at, "ended": path.ended, "received": path.ended}
    return {"charge_point": "HAFEN-00", "energy_wh": str(2100 * number), **times}


def _named(ids: dict[str, str], suffix: str) -> Any:
    stack = ExitStack()
    for path, id in ids.items():
        stack.enter_context(patch(path, lambda id=id: f"{id}{suffix}"))
    return stack


async def _work(world: World) -> None:
    now, campaigns = world.ports.clock.now(), world.ports.campaigns
    assert isinstance(campaigns, MemoryCampaigns)
    assert isinstance(world.ports.fleet, MemoryFleet)
    targets = sorted(world.fleet.views)[:20]
    plan = Plan(per_minute=30.0, at_once=5)
    made = Campaign(
        CAMPAIGN, "Restart after the update", Reset(), plan, 60.0, "running", "", "ops@example.org", now, None, 0, {}
    )
    await campaigns.create(made, targets)
    image = FirmwareImage("image-1", "hyc300-3.4.2.bin", 48_234_496, "ab" * 32, now, "Alpitronic", "HYC300", "3.4.2")
    await world.ports.files.catalogue.add_image(
        replace(image, created_by="admin@example.org", note="Fixes the display")
    )
    works = world.ports.business.long_works
    await works.ask("sessions_export", "u-admin", Scope(None), {"state": "stopped"})
    exporter = Exporter(world.ports.business.database, works, world.ports.files.store)
    assert await exporter.work_once()
    knocked = Knocked(NEW_CHARGER, "203.0.113.77", "ocpp2.0.1 ocpp1.6", "password", 4, now - 90 * SECOND, now)
    await world.ports.business.inbox.write_down([knocked])


async def _told(world: World) -> None:
    now, business = world.ports.clock.now(), world.ports.business
    api = world.api("admin")
    address = {"kind": "webhook", "address": "https://hooks.nordlicht.example/raycharge"}
    with patch("engine.deliveries.channels.new_id", lambda: CHANNEL):
        await api.post("/channels", {"name": "Nordlicht's own system", "network": "north", **address})
    await api.post("/subscriptions", {"channel": CHANNEL, "kinds": ["session.*", "receipt.issued"]})
    message = {"id": "msg-1", "channel": CHANNEL, "key": "k1", "network": "north", "kind": "session.ended"}
    rest = {"subject": "Session s-0001 has ended", "body": "22 kWh in 41 minutes", "payload": {"session": "s-0001"}}
    state = {
        "state": "dead",
        "attempts": 9,
        "status": 503,
        "error": "503 Service Unavailable",
        "stream": "session:s-0001",
    }
    async with business.database.write() as connection:
        await connection.execute(
            insert(deliveries), message | rest | state | {"created": now, "due": now, "ended": now}
        )
        with patch("engine.outbox.letter.new_id", lambda: "letter-1"):
            text = "Your receipt is attached."
            await letter.put(
                connection, now, letter.Letter("asha@example.org", "receipt", "Receipt", text, network="north")
            )
        await connection.execute(
            update(outbox).where(outbox.c.id == "letter-1").values(state="dead", error="550 No such mailbox")
        )
        with patch("engine.stores.audit.new_id", lambda: "audit-1"):
            before, after = {"name": "Hafen", "public": False}, {"name": "Hafencity Garage", "public": True}
            await note(connection, now, "changed", "station", "hafen", network="north", before=before, after=after)
