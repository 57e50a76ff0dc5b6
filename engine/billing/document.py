"""All that is printed on a receipt or credit note, as one JSON-able dict that is stored and never computed again.

Amounts are decimal text in the currency, quantities decimal text, times microseconds; `zone` is the station's, in which
they are shown. The dict carries its form's number under `form`, as `engine/tariffs/stored.py` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.billing.facts import Facts
from engine.billing.issuer import Issuer
from engine.billing.numbering import Number
from engine.billing.places_of_supply import place_of_supply
from engine.billing.premises import Premises
from engine.tariffs.bill import Bill
from engine.tariffs.stored import stored_bill

FORM: Final = 1
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another receipt or credit note that one is about. `issued` in microseconds."""

    id: str
    number: str
    issued: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why there is one: nothing for a session's first receipt. `about` and `after` as in the table `receipts`."""

    about: Reference | None = None
    after: Reference | None = None
    reason: str = ""
    issued_by: str = ""


def receipt_document(
    issuer: Issuer, premises: Premises, facts: Facts, bill: Bill, number: Number, issued: int, occasion: Occasion
) -> dict[str, Any]:
    """What a receipt says."""
    tariff = facts.frozen_tariff
    assert tariff is not None
    seller = issuer.profile
    return {
        "form": FORM,
        "kind": "receipt",
        "number": number.text,
        "issued": issued,
        "day": number.day,
        "issuer": _seller(issuer),
        "place_of_supply": place_of_supply(seller, premises),
        "station": {"id": premises.station, "name": premises.station_name, "address": list(premises.address)},
        "charge_point": facts.charge_point,
        "charge_point_name": premises.charge_point_name,
        "evse": facts.evse,
        "connector": facts.connector,
        "connector_label": premises.connector_label,
        "zone": tariff_zone(facts),
        "session": facts.session,
        "transaction": facts.transaction,
        "token": facts.token,
        "driver": facts.driver,
        "started": facts.started,
        "stopped": facts.stopped,
        "ended": facts.ended,
        "tariff": {
            "id": tariff.id,
            "version": tariff.version,
            "name": tariff.name,
            "text": [list(each) for each in tariff.text],
            "tax_included": tariff.tax_included,
        },
        "bill": stored_bill(bill),
        **_occasion(occasion),
    }


def credit_document(
    issuer: Issuer, credited: Document, bill: Bill, number: Number, issued: int, occasion: Occasion
) -> dict[str, Any]:
    """What a credit note says: the credited receipt's session, and its own amounts, all positive."""
    return {
        **credited,
        "form": FORM,
        "kind": "credit_note",
        "number": number.text,
        "issued": issued,
        "day": number.day,
        "issuer": _seller(issuer),
        "bill": stored_bill(bill),
        **_occasion(occasion),
    }


def tariff_zone(facts: Facts) -> str:
    """The station's time zone, as the session was priced in it."""
    return str(facts.course["zone"]) if facts.course is not None else "UTC"


def _seller(issuer: Issuer) -> dict[str, Any]:
    seller = issuer.profile
    return {
        "id": issuer.id,
        "name": seller.name,
        "address": list(seller.address),
        "country": seller.country,
        "region": seller.region,
        "tax_ids": [asdict(each) for each in seller.tax_ids],
        "tax_regime": seller.tax_regime,
        "service_code": seller.service_code,
        "footer": seller.footer,
        "logo_url": seller.logo_url,
    }


def _occasion(occasion: Occasion) -> dict[str, Any]:
    return {
        "about": None if occasion.about is None else asdict(occasion.about),
        "after": None if occasion.after is None else asdict(occasion.after),
        "reason": occasion.reason,
        "issued_by": occasion.issued_by,
    }
