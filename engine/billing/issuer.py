"""Who issues receipts: the legal entity of a network, and how its sessions are to be judged."""

from __future__ import annotations

from dataclasses import dataclass, field

IN_GST, VAT, NONE = REGIMES = ("IN_GST", "VAT", "NONE")
RECEIPT, CREDIT_NOTE = "receipt", "credit_note"


@dataclass(frozen=True, slots=True)
class TaxId:
    """`kind`: GSTIN, VAT or what a country calls it."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What people say about an issuer.

    `address` has the lines of the postal address; `country` is ISO 3166-1 alpha-2, `region` a state as the stations'
    regions are written. `service_code` is India's SAC of what is sold. `time_zone` decides about the day and the
    financial year, which begins in month `year_begins`. `zero_receipts`: also for sessions that cost nothing.
    `tariff_wanted`: a session without a tariff is an error. A session of more than `longest_h` hours is looked at.
    """

    name: str
    address: tuple[str, ...]
    country: str
    currency: str
    time_zone: str
    region: str = ""
    tax_ids: tuple[TaxId, ...] = ()
    tax_regime: str = NONE
    service_code: str = ""
    year_begins: int = 1
    number_format: str = "RC/{fy}/{n:06d}"
    credit_format: str = "CN/{fy}/{n:06d}"
    footer: str = ""
    logo_url: str = ""
    zero_receipts: bool = False
    tariff_wanted: bool = False
    longest_h: int = 72


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer as stored. Times in microseconds."""

    id: str
    network: str
    profile: Profile
    created: int = 0
    retired: int | None = None
    version: int = field(default=1)

    def format_of(self, kind: str) -> str:
        return self.profile.number_format if kind == RECEIPT else self.profile.credit_format
