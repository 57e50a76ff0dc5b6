"""What the support desk's pages show: a driver whose charger has broken down under her, and many sessions of others."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import insert, update

from api.memory.facade import MemoryAnalytics
from api.ports.facade import MeterPoint, StatusRow
from api.ports.messages import MemoryMessages, MessageRow
from engine.clock import SECOND
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.tokens import token_holders
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, PriceComponent, Tariff
from engine.tariffs.stored import stored_course, stored_tariff
from tests.web.world import World

ASHA, PHONE, BROKEN, AT = "Asha Rao", "+49 170 5550123", "s-asha", "HAFEN-05"
"""A driver, her number, her session, and the charger that has gone wrong in the middle of it."""


EXAMPLES = {"/sessions/{id}": f"/sessions/{BROKEN}"}


async def seed(world: World) -> None:
    """Put it all where the pages look for it."""
    await _driver(world)
    began = world.ports.clock.now() - 1500 * SECOND
    rows = [*_running(world), *_history(world), _hers(began)]
    async with world.ports.business.database.write() as connection:
        await connection.execute(insert(sessions), rows)
    _break_down(world)
    _priced(world)
    _told(world)


async def _driver(world: World) -> None:
    api = world.api()
    driver = await api.post("/drivers", {"name": ASHA, "phone": PHONE, "network": "north"})
    card = {"id_token": "04A1B2C3D4", "network": "north", "driver": driver["id"], "label": "Card", "kind": "RFID"}
    await api.post("/tokens", card)
    async with world.ports.business.database.write() as connection:
        # She has had it for long: what she charged with it is hers.
        await connection.execute(update(token_holders).values(since=1))


def _row(**said: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(("stopped", "duration_s", "meter_stop_wh", "settled"))
    row |= {"evse": 1, "connector": 1, "transaction_id": "17", "id_token": "", "reason": "", "doubts": []}
    row |= {"meter_start_wh": Decimal(812_400), "currency": "EUR", "tariff": "", "tariff_version": 0, "cost": None}
    return row | {"authorisation": "Accepted", "command": "", "stop_id_token": ""} | said


def _hers(began: int) -> dict[str, Any]:
    """Asha's session, which runs."""
    told = {"id": BROKEN, "charge_point": AT, "network": "north", "transaction_id": "4711", "state": "metered"}
    figures = {"energy_wh": Decimal(11_200), "cost": Decimal("5.49"), "tariff": "city", "tariff_version": 1}
    return _row(**told, **figures, id_token="04A1B2C3D4", started=began, updated=began)


def _running(world: World) -> list[dict[str, Any]]:
    """A row for every session that the live views tell of."""
    rows, places = [], world.ports.business.places
    for charge_point, view in world.fleet.views.items():
        for connector in view["connectors"]:
            told = connector["session"]
            if told is not None and charge_point != AT:
                rows.append(
                    _row(
                        id=told["id"],
                        charge_point=charge_point,
                        evse=connector["evse"],
                        network=places.network_of(charge_point),
                        id_token=told["id_token"],
                        state=told["state"],
                        started=told["started"],
                        updated=told["started"],
                        energy_wh=Decimal(told["energy_wh"]),
                        cost=None if told["cost"] is None else Decimal(told["cost"]),
                        currency=told["currency"] or "",
                    )
                )
    return rows


def _history(world: World) -> list[dict[str, Any]]:
    """The sessions of some days before."""
    chance, now = random.Random(7), world.ports.clock.now()
    reasons = ("Local", "Remote", "EVDisconnected", "SOCLimitReached", "PowerLoss", "EmergencyStop")
    rows, names = [], sorted(world.fleet.views)
    for number in range(140):
        charge_point = chance.choice(names)
        started = now - chance.randrange(3600, 5 * 86_400) * SECOND
        lasted, energy = chance.randrange(300, 5400), chance.randrange(900, 61_000)
        rows.append(
            _row(
                id=f"s-{number:04d}",
                charge_point=charge_point,
                evse=chance.choice((1, 2)),
                network=world.ports.business.places.network_of(charge_point),
                transaction_id=str(4000 + number),
                id_token=f"04{chance.randrange(16**8):08X}",
                state="stopped",
                started=started,
                updated=started,
                stopped=started + lasted * SECOND,
                settled=started + (lasted + 60) * SECOND,
                duration_s=lasted,
                energy_wh=Decimal(energy),
                meter_stop_wh=Decimal(812_400 + energy),
                cost=(Decimal(energy) / 1000 * Decimal("0.49")).quantize(Decimal("0.01")),
                tariff="city",
                tariff_version=1,
                reason=chance.choice(reasons),
                doubts=["meter_backwards"] if number % 23 == 0 else [],
            )
        )
    return rows


def _break_down(world: World) -> None:
    """Asha's session runs, and the charger has an error inside of itself."""
    now = world.ports.clock.now()
    view = world.fleet.views[AT]
    live = {
        "id": BROKEN,
        "state": "metered",
        "evse": 1,
        "connector": 1,
        "transaction": "4711",
        "id_token": "04A1B2C3D4",
        "authorisation": "Accepted",
        "command": "",
        "started": now - 1500 * SECOND,
        "energy_wh": "11200",
        "power_w": "0",
        "metered": now - 60 * SECOND,
        "doubts": [],
        "tariff": "city",
        "tariff_version": 1,
        "cost": "5.49",
        "currency": "EUR",
    }
    view["connectors"][0] |= {"status": "Faulted", "error": "InternalError", "info": "E-42", "session": live}
    world.fleet.views[AT] = view | {"link": "connected"}


def _priced(world: World) -> None:
    """What her session is billed by, as the charge point's live state has it."""
    now = world.ports.clock.now()
    components = (PriceComponent(Dimension.ENERGY, Decimal("0.49")), PriceComponent(Dimension.FLAT, Decimal("0.50")))
    tariff = Tariff("city", 1, "EUR", (Element(components),), name="City", tax_percent=Decimal(19))
    began, last = now - 1500 * SECOND, now - 60 * SECOND
    marks = (Mark(began, Decimal(812_400), Flow.CHARGING), Mark(last, Decimal(823_600), Flow.CHARGING))
    priced = {"tariff": stored_tariff(tariff), "course": stored_course(Course(marks, "Europe/Berlin")), "sure": True}
    world.fleet.kept_views[AT, "prices"] = {BROKEN: priced}


def _told(world: World) -> None:
    """Her curve, the charger's statuses, and what was said."""
    now, analytics, log = world.ports.clock.now(), world.ports.analytics, world.ports.messages
    assert isinstance(analytics, MemoryAnalytics)
    assert isinstance(log, MemoryMessages)
    began = now - 1500 * SECOND
    points = analytics.points[BROKEN] = []
    for minute in range(24):
        at, power = began + minute * 60 * SECOND, max(0, 42_000 - 900 * minute)
        points.append(MeterPoint(at, "Power.Active.Import", "", "Outlet", str(power), "W"))
        register = str(812_400 + int(11_200 * (minute / 24) ** 0.8))
        points.append(MeterPoint(at, "Energy.Active.Import.Register", "", "Outlet", register, "Wh"))
        points.append(MeterPoint(at, "SoC", "", "EV", str(31 + minute * 2), "Percent"))
    analytics.told[AT] = [
        StatusRow(began - 40 * SECOND, 1, 1, "Preparing", "Available"),
        StatusRow(began + 5 * SECOND, 1, 1, "Charging", "Preparing"),
        StatusRow(now - 55 * SECOND, 1, 1, "Faulted", "Charging", "InternalError", "E-42"),
    ]
    for number, (ago, action, payload) in enumerate(_frames(began)):
        frame = orjson.dumps([2, str(number), action, payload]).decode()
        row = (AT, 3, now - ago * SECOND, "in", 2, action, str(number), frame, f'[3,"{number}",{{}}]', (), 1200, "")
        log.rows.append(MessageRow(*row, place=(0, number, 0)))


def _frames(began: int) -> list[tuple[int, str, dict[str, Any]]]:
    """(seconds ago, action, payload)"""
    at = datetime.fromtimestamp(began / SECOND, UTC).isoformat()
    value = {"timestamp": at, "sampledValue": [{"value": "812400", "unit": "Wh"}]}
    status = {"connectorId": 1, "errorCode": "InternalError", "status": "Faulted", "vendorErrorCode": "E-42"}
    return [
        (1500, "StartTransaction", {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 812_400, "timestamp": at}),
        *((1440 - n * 60, "MeterValues", {"connectorId": 1, "meterValue": [value]}) for n in range(20)),
        (55, "StatusNotification", status),
    ]
