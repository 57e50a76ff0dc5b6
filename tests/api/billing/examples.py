"""An issuer, a receipt, a doubtful session and a dead letter for the tests that call every operation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from engine.access.scope import EVERYWHERE
from engine.billing.issuer import VAT, Profile
from engine.outbox.letter import Letter, put
from engine.projections.billing import Billing
from engine.stores.sql.tables.outbox import outbox
from tests.api.conftest import Facade
from tests.engine.billing.world import TARIFF, settled
from tests.engine.projections.events import entry

ISSUER = {
    "name": "Ladewerk GmbH",
    "country": "DE",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "tax_ids": [{"kind": "VAT", "number": "DE123456789"}],
    "tax_regime": "VAT",
}
BILLING_BODIES: dict[str, Any] = {
    "addIssuer": ISSUER | {"network": "spare", "number_format": "S{n}", "credit_format": "T{n}"},
    "changeIssuer": {"footer": "Thank you"},
    "creditReceipt": {"amount": "1.00", "reason": "Goodwill"},
    "correctReceipt": {"figures": {"energy_kwh": "20"}, "reason": "Meter read wrong"},
    "previewReview": {"energy_kwh": "21.5"},
    "resolveReview": {"decision": "waive", "note": "Nobody knows"},
    "resolveReviews": {"doubt": "no_issuer", "note": "Entered"},
}
BILLING_EXAMPLES = {"/issuers/": "i0001", "/receipts/": "r0001", "/reviews/": "v0001", "/outbox/": "m0001"}
EUROS = replace(TARIFF, currency="EUR", tax_percent=Decimal(19))


async def with_billing(facade: Facade) -> None:
    """In the default network, whose CP-1 has to be described: 492.06 less GST and more VAT is EUR 496.23."""
    business = facade.ports.business
    profile = Profile("Ladewerk GmbH", ("Weg 1",), "DE", "EUR", "Europe/Berlin", tax_regime=VAT)
    with patch("engine.billing.issuers.new_id", lambda: "i0001"):
        await business.billing.issuers.create(EVERYWHERE, "default", profile)
    billing = Billing(business.database, facade.clock)
    await billing.open(1)
    said = [settled("s1", tariff=EUROS), settled("s2", tariff=EUROS, doubts=("no_stop",))]
    with (
        patch("engine.billing.issuing.new_id", lambda: "r0001"),
        patch("engine.billing.settling.new_id", lambda: "v0001"),
    ):
        await billing.apply([entry(1, said)])
    async with business.database.write() as connection:
        with patch("engine.outbox.letter.new_id", lambda: "m0001"):
            await put(connection, 1, Letter("ann@example.org", "receipt", "Receipt", "Text", network="default"))
        await connection.execute(update(outbox).values(state="dead", error="550 No such mailbox"))
