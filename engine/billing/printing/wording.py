"""A document's own words and figures as they are read: which labels, which amounts, in which order. Pure.

English for now; the tariff's text is taken in the reader's language where the tariff has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.billing.document import Document
from engine.billing.issuer import CREDIT_NOTE, IN_GST
from engine.tariffs.bill import Bill, Line
from engine.tariffs.money import shown
from engine.tariffs.stored import bill_of

_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_FINEST = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One priced line. `text` is its reason."""

    text: str
    quantity: str
    unit_price: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True)
class Print:
    """Everything that stands on the page, from top to bottom. Pairs are label and value."""

    title: str
    number: str
    date: str
    seller: str
    seller_lines: tuple[str, ...]
    logo_url: str
    note: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[PrintedLine, ...]
    sums: tuple[tuple[str, str], ...]
    total: tuple[str, str]
    tariff: str
    small: tuple[str, ...]
    footer: str

    def data(self) -> dict[str, Any]:
        """For a template: plain lists and texts."""
        return asdict(self)


def print_of(document: Document, language: str = "en") -> Print:
    """The print of a stored document."""
    seller, bill = document["issuer"], bill_of(document["bill"])
    ids = [f"{each['kind']} {each['number']}" for each in seller["tax_ids"]]
    return Print(
        title=_title(document),
        number=document["number"],
        date=_day(document["day"]),
        seller=seller["name"],
        seller_lines=(*seller["address"], *ids),
        logo_url=seller["logo_url"],
        note=_note(document),
        facts=tuple((label, value) for label, value in _facts(document, bill) if value),
        lines=tuple(_line(line, bill.currency) for line in bill.lines),
        sums=_sums(document, bill),
        total=("Credited" if document["kind"] == CREDIT_NOTE else "Total", shown(bill.gross, bill.currency)),
        tariff=_tariff(document["tariff"], language),
        small=tuple(_small(document)),
        footer=seller["footer"],
    )


def _title(document: Document) -> str:
    if document["kind"] == CREDIT_NOTE:
        return "Credit note"
    return "Tax invoice" if document["issuer"]["tax_regime"] == IN_GST else "Receipt"


def _note(document: Document) -> str:
    about, after, zone = document["about"], document["after"], document["zone"]
    if about is None:
        return ""
    former = f"{about['number']} of {_moment(about['issued'], zone, date_only=True)}"
    if document["kind"] == CREDIT_NOTE:
        return f"For {former}: {document['reason']}"
    credited = "" if after is None else f", which credit note {after['number']} has given back"
    return f"In place of {former}{credited}: {document['reason']}"


def _facts(document: Document, bill: Bill) -> list[tuple[str, str]]:
    zone, station = document["zone"], document["station"]
    device = " ".join(filter(None, (document["charge_point"], document["charge_point_name"])))
    connector = document["connector_label"] or _numbered(document["evse"], document["connector"])
    return [
        ("Station", station["name"]),
        ("Address", ", ".join(station["address"])),
        ("Charge point", device),
        ("Connector", connector),
        ("Started", "" if document["started"] is None else _moment(document["started"], zone)),
        ("Ended", _moment(document["ended"], zone)),
        ("Duration", _span(bill.duration_s)),
        ("Idle", _span(bill.idle_s) if bill.idle_s else ""),
        ("Energy", f"{_number(bill.energy_kwh)} kWh" if document["kind"] != CREDIT_NOTE else ""),
        ("Token", document["token"]),
        ("Customer", document["driver"]),
    ]


def _numbered(evse: int, connector: int) -> str:
    return f"{evse}" if connector in (0, 1) else f"{evse}, {connector}"


def _line(line: Line, currency: str) -> PrintedLine:
    plain = line.kind in ("credit", "minimum", "maximum")
    quantity = "" if plain else f"{_number(line.quantity)} {line.unit}"
    unit_price = "" if plain else shown(line.unit_price, currency)
    tax = f"{_number(line.tax_percent)} %" if line.tax_percent else ""
    return PrintedLine(line.reason, quantity, unit_price, tax, shown(line.rounded, currency))


def _sums(document: Document, bill: Bill) -> tuple[tuple[str, str], ...]:
    taxes = [
        (f"{tax.name} {_number(tax.percent)} % on {shown(tax.base, bill.currency)}", shown(tax.amount, bill.currency))
        for tax in bill.taxes
    ]
    if not taxes:
        return ()
    if document["tariff"]["tax_included"]:
        return (("Net", shown(bill.net, bill.currency)), *((f"Includes {name}", amount) for name, amount in taxes))
    return (("Net", shown(bill.net, bill.currency)), *taxes)


def _tariff(tariff: Mapping[str, Any], language: str) -> str:
    texts = dict(tariff["text"])
    text = texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
    return str(text or tariff["name"])


def _small(document: Document) -> list[str]:
    seller, supply = document["issuer"], document["place_of_supply"]
    said = [f"Session {document['session']}"]
    if document["transaction"]:
        said.append(f"Transaction {document['transaction']}")
    if supply:
        said.append(f"Place of supply {supply}")
    if seller["service_code"]:
        said.append(f"SAC {seller['service_code']}")
    return said


def _day(text: str) -> str:
    year, month, day = text.split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


def _moment(at: int, zone: str, *, date_only: bool = False) -> str:
    """`15 June 2026, 10:36:40 (Asia/Kolkata, UTC+05:30)`"""
    local = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(ZoneInfo(zone))
    day = f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    if date_only:
        return day
    offset = local.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    where = "UTC" if zone == "UTC" else f"{zone}, UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{day}, {local:%H:%M:%S} ({where})"


def _span(seconds: int) -> str:
    hours, minutes = divmod((seconds + 30) // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _number(value: Decimal) -> str:
    """Up to three digits behind the point, none that say nothing."""
    rounded = value.quantize(_FINEST) if abs(value) < Decimal(10) ** 20 else value
    text = format(rounded, ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text
