"""Which taxes a session bears, by who sells and where the station stands."""

from __future__ import annotations

from engine.billing.issuer import IN_GST, VAT, Profile
from engine.billing.premises import Premises
from engine.tariffs.bill import GST_BETWEEN_STATES, GST_WITHIN_STATE, TaxShare
from engine.tariffs.bill import VAT as VAT_SHARES


def shares_for(seller: Profile, premises: Premises) -> tuple[TaxShare, ...]:
    """How the tax is split. In India a session is supplied where its station stands (IGST Act, section 12)."""
    if seller.tax_regime == IN_GST:
        within = state_of(seller.region) == state_of(premises.region)
        return GST_WITHIN_STATE if within else GST_BETWEEN_STATES
    return VAT_SHARES if seller.tax_regime == VAT else ()


def place_of_supply(seller: Profile, premises: Premises) -> str:
    """What an Indian receipt names as such; "" elsewhere."""
    return premises.region if seller.tax_regime == IN_GST else ""


def supply_is_known(seller: Profile, premises: Premises) -> bool:
    """Whether the taxes can be told at all."""
    return seller.tax_regime != IN_GST or bool(seller.region.strip() and premises.region.strip())


def state_of(region: str) -> str:
    """A region to compare: `IN-KA`, `KA` and `ka` are one."""
    return region.strip().casefold().removeprefix("in-")
