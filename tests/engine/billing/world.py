"""A network in Bengaluru that sells charging at ₹18/kWh and ₹3/min idle, 18 % GST on top, and what is told there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from engine.access.scope import EVERYWHERE
from engine.billing.issuer import IN_GST, Issuer, Profile, TaxId
from engine.billing.issuers import Issuers
from engine.charging.events import Event, SessionAmended, SessionSettled
from engine.clock import SECOND, ManualClock
from engine.projections.billing import Billing
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipts, review_items
from engine.stores.sql.tables.places import charge_points, connector_descriptions, networks, stations
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Tariff
from engine.tariffs.pricing import price
from engine.tariffs.stored import stored_course, stored_tariff
from tests.engine.projections.events import entry

T0 = 1_781_500_000 * SECOND
"""15 June 2026, 10:36:40 in Bengaluru."""

MINUTE = 60 * SECOND
ZONE = "Asia/Kolkata"
TARIFF = Tariff(
    "city",
    3,
    "INR",
    (Element((PriceComponent(Dimension.ENERGY, Decimal(18)),)),),
    name="City",
    idle=IdleFee(Decimal(3), grace_s=300),
    tax_percent=Decimal(18),
    text=(("en", "₹18 per kWh, ₹3 per minute of idling after 5 minutes, plus 18 % GST"),),
)
SELLER = Profile(
    name="City Charge Private Limited",
    address=("12 MG Road", "Bengaluru 560001", "Karnataka, India"),
    country="IN",
    region="KA",
    currency="INR",
    time_zone=ZONE,
    tax_ids=(TaxId("GSTIN", "29ABCDE1234F1Z5"),),
    tax_regime=IN_GST,
    service_code="998714",
    year_begins=4,
    footer="Questions? help@citycharge.example",
)
TAXED_IN_FULL = replace(SELLER, region="MH", tax_ids=(TaxId("GSTIN", "27ABCDE1234F1Z5"),))


async def open_city(database: Database, profile: Profile | None = SELLER) -> Issuer | None:
    """Describe the default network and station, CP-1 with a connector of 60 kW, and its issuer."""
    async with database.write() as connection:
        city = {"country": "IN", "region": "KA", "currency": "INR", "time_zone": ZONE}
        await connection.execute(update(networks).values(city))
        mall = {"name": "City Mall Station", "street": "1 Mall Road", "postal_code": "560001", "city": "Bengaluru"}
        await connection.execute(update(stations).values(mall))
        for id in ("CP-1", "CP-2"):
            row = {"id": id, "folded": id.lower(), "station_id": "default", "created": 1, "updated": 1}
            await connection.execute(insert(charge_points), row)
        kinds = {"type": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_power_w": 60_000}
        place = {"charge_point": "CP-1", "evse": 1, "connector": 1, "label": "CCS left", "code": "c1"}
        await connection.execute(insert(connector_descriptions), kinds | place | {"created": 1, "updated": 1})
    if profile is None:
        return None
    return await Issuers(database, ManualClock(T0)).create(EVERYWHERE, "default", profile)


def course(kwh: Decimal | int, minutes: int = 40, idle: int = 12) -> Course:
    """`kwh` in `minutes`, then a car that takes nothing for `idle` minutes."""
    full = T0 + minutes * MINUTE
    marks = (Mark(T0, Decimal(1000), Flow.CHARGING), Mark(full, 1000 + Decimal(kwh) * 1000, Flow.SUSPENDED_EV))
    return Course(marks, ZONE, full + idle * MINUTE)


def settled(
    session: str,
    kwh: Decimal | int = 22,
    *,
    tariff: Tariff | None = TARIFF,
    path: Course | None = None,
    **changes: Any,
) -> SessionSettled:
    """22 kWh in 40 minutes and 7 minutes of idling that cost: ₹396 + ₹21 and their taxes."""
    driven = path or course(kwh)
    fields: dict[str, Any] = {
        "charge_point": "CP-1",
        "session": session,
        "evse": 1,
        "connector": 1,
        "transaction": f"t-{session}",
        "id_token": "04A2B3C4D5E6F7",
        "command": "",
        "started": T0,
        "stopped": driven.marks[-1].at,
        "ended": driven.ended,
        "energy_wh": str(Decimal(kwh) * 1000),
        "reason": "EVDisconnected",
        "doubts": (),
        "tariff": None if tariff is None else stored_tariff(tariff),
        "course": None if tariff is None else stored_course(driven),
        "total": None if tariff is None else str(price(tariff, driven).gross),
        "currency": "" if tariff is None else tariff.currency,
        "received": driven.ended,
    }
    return SessionSettled(**(fields | changes))


def amended(session: str, kwh: Decimal | int | None, **changes: Any) -> SessionAmended:
    """The station says now that it was another energy."""
    driven = course(22)
    fields: dict[str, Any] = {
        "charge_point": "CP-1",
        "session": session,
        "evse": 1,
        "connector": 1,
        "transaction": f"t-{session}",
        "id_token": "04A2B3C4D5E6F7",
        "stop_id_token": "",
        "meter_start_wh": "1000",
        "meter_stop_wh": None if kwh is None else str(1000 + Decimal(kwh) * 1000),
        "energy_wh": None if kwh is None else str(Decimal(kwh) * 1000),
        "started": T0,
        "said": None,
        "believed": driven.marks[-1].at,
        "received": T0 + 3 * 3600 * SECOND,
        "duration_s": 2400,
        "reason": "Local",
        "doubts": (),
    }
    return SessionAmended(**(fields | changes))


async def billing_with(database: Database, *batches: Sequence[Event], first: int = 1) -> Billing:
    """A projection that has read these batches, each an entry."""
    billing = Billing(database, ManualClock(T0 + 3600 * SECOND))
    await billing.open(1)
    for number, batch in enumerate(batches, first):
        await billing.apply([entry(number, batch)])
    return billing


async def receipts_of(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(receipts).order_by(receipts.c.kind, receipts.c.sequence))).all())


async def reviews_of(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(review_items).order_by(review_items.c.session))).all())
