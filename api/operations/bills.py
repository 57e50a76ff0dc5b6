"""A bill in the words of the REST interface."""

from __future__ import annotations

from decimal import Decimal

from api.schemas.tariffs import BillOut, LineOut, TaxOut
from engine.clock import to_iso
from engine.tariffs.bill import Bill


def bill_out(bill: Bill) -> BillOut:
    """All lines with their reasons; amounts as they are printed."""
    return BillOut(
        currency=bill.currency,
        lines=[
            LineOut(
                kind=line.kind,
                quantity=_text(line.quantity),
                unit=line.unit,
                unit_price=_text(line.unit_price),
                amount=_text(line.rounded),
                tax_percent=_text(line.tax_percent),
                reason=line.reason,
                since=to_iso(line.since),
                until=to_iso(line.until),
            )
            for line in bill.lines
        ],
        net=_text(bill.net),
        taxes=[
            TaxOut(name=tax.name, percent=_text(tax.percent), base=_text(tax.base), amount=_text(tax.amount))
            for tax in bill.taxes
        ],
        gross=_text(bill.gross),
        energy_kwh=_text(bill.energy_kwh),
        duration_s=bill.duration_s,
        idle_s=bill.idle_s,
    )


def _text(value: Decimal) -> str:
    return format(value, "f")
