"""What the demonstration's sessions cost and who bills them: one tariff and one issuer of the default network.

Made at the first start only, before anybody has made one: what an operator does to them later stays.
"""

from __future__ import annotations

from decimal import Decimal

from engine.access.scope import EVERYWHERE
from engine.billing.issuer import IN_GST, Profile, TaxId
from engine.billing.issuers import Issuers
from engine.clock import SystemClock
from engine.stores.changes import ChangeFeed
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import DEFAULT_NETWORK
from engine.stores.tariffs.assignments import Assigned, TariffAssignments
from engine.stores.tariffs.catalogue import Tariffs, Validity, WhichTariffs
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Tariff

DEMO_TARIFF = Tariff(
    "",
    1,
    "INR",
    (Element((PriceComponent(Dimension.ENERGY, Decimal(18)),)),),
    name="Demo",
    idle=IdleFee(Decimal(3), grace_s=300),
    tax_percent=Decimal(18),
    text=(("en", "₹18 per kWh. After charging: 5 minutes free, then ₹3 per minute. Plus GST."),),
)
DEMO_ISSUER = Profile(
    "Demo Charge Private Limited",
    ("100 Feet Road 12", "560038 Bengaluru"),
    "IN",
    "INR",
    "Asia/Kolkata",
    region="KA",
    tax_ids=(TaxId("GSTIN", "29AAAAA0000A1Z5"),),
    tax_regime=IN_GST,
    service_code="998714",
    year_begins=4,
    footer="A demonstration: nobody owes this.",
)


async def price(database: Database, feed: ChangeFeed) -> None:
    """Give the default network's chargers a tariff."""
    clock = SystemClock()
    tariffs = Tariffs(database, feed, clock)
    if (await tariffs.page(WhichTariffs(), Wanted(limit=1))).items:
        return
    made = await tariffs.create(DEFAULT_NETWORK, DEMO_TARIFF, publish=Validity())
    await TariffAssignments(database, feed, clock).assign(Assigned(made.id))


async def bill(database: Database) -> None:
    """Give the default network somebody who issues its receipts."""
    issuers = Issuers(database, SystemClock())
    if not (await issuers.issuers(EVERYWHERE, Wanted(limit=1), network=DEFAULT_NETWORK, retired=True)).items:
        await issuers.create(EVERYWHERE, DEFAULT_NETWORK, DEMO_ISSUER)
