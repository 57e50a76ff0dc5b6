"""What the law asks of public charging prices, as data: who is under which rule, and where it is written.

Rules that a tariff alone can break are listed; what must be displayed at a site is not. This is a help against
oversights and no legal advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_MEMBERS.split())


class Demand(StrEnum):
    """What a rule asks for.

    `per_kwh`: neither TIME nor FLAT has a price; occupancy per minute may have one. `energy_priced`: energy has a price
    where one of them has. `tax_included`: prices are stated with the tax. `tax_stated`: a tax percent is set.
    """

    PER_KWH = "per_kwh"
    ENERGY_PRICED = "energy_priced"
    TAX_INCLUDED = "tax_included"
    TAX_STATED = "tax_stated"


@dataclass(frozen=True, slots=True)
class Rule:
    """`countries`: ISO 3166-1 alpha-2, or ISO 3166-2 for a part of one. `from_kw` None is for every power.

    `binding` False is what is told to consumers by other means, too, and so no error of the tariff.
    """

    code: str
    countries: frozenset[str]
    demand: Demand
    text: str
    remedy: str
    source: str
    from_kw: Decimal | None = None
    binding: bool = True

    def concerns(self, places: frozenset[str], max_power_kw: Decimal | None) -> bool:
        """Whether a connector of this power in these places is under the rule; an unknown power is not."""
        if not self.countries & places:
            return False
        return self.from_kw is None or (max_power_kw is not None and max_power_kw >= self.from_kw)


RULES = (
    Rule(
        code="afir-per-kwh",
        countries=EU,
        demand=Demand.PER_KWH,
        from_kw=Decimal(50),
        text="In the EU the ad hoc price at public points of 50 kW and more must be based on the price per kWh; "
        "besides it only an occupancy fee per minute is allowed.",
        remedy="Price ENERGY, use the idle fee or PARKING_TIME for occupancy, and leave out TIME and FLAT.",
        source="Regulation (EU) 2023/1804 (AFIR), Article 5(4)",
    ),
    Rule(
        code="pangv-per-kwh",
        countries=frozenset({"DE"}),
        demand=Demand.ENERGY_PRICED,
        text="In Germany the price of ad hoc charging must be stated per kWh.",
        remedy="Give ENERGY a price.",
        source="Preisangabenverordnung (PAngV) 2022, section 14; measured under MessEG and MessEV (Eichrecht)",
    ),
    Rule(
        code="consumer-price-with-tax",
        countries=EU,
        demand=Demand.TAX_INCLUDED,
        text="Prices told to consumers in the EU must include VAT.",
        remedy="State the prices with tax (tax_included) and set the tax percent.",
        source="Directive 98/6/EC, Article 2(a); in Germany PAngV 2022, section 3",
        binding=False,
    ),
    Rule(
        code="in-gst",
        countries=frozenset({"IN"}),
        demand=Demand.TAX_STATED,
        text="In India charging is a service under GST, and the tax must be shown.",
        remedy="Set the tax percent (18 for charging services) so that receipts show CGST and SGST, or IGST.",
        source="CGST Act 2017, section 33; charging is a service: Ministry of Power, 13 April 2018",
    ),
    Rule(
        code="gb-per-kwh",
        countries=frozenset({"GB"}),
        demand=Demand.ENERGY_PRICED,
        text="In the United Kingdom the price of ad hoc charging must be stated in pence per kWh.",
        remedy="Give ENERGY a price.",
        source="The Public Charge Point Regulations 2023 (SI 2023/1168)",
    ),
    Rule(
        code="us-ca-per-kwh",
        countries=frozenset({"US-CA"}),
        demand=Demand.ENERGY_PRICED,
        text="In California electricity as a vehicle fuel must be sold by the kWh (or MJ).",
        remedy="Give ENERGY a price; fees for time may come besides it.",
        source="California Code of Regulations, title 4, section 4002.11",
    ),
)
