"""What a tariff says: OCPI's model (2.2.1 and 2.3.0, module tariffs), plus what OCPI cannot say.

All amounts are `Decimal` in the tariff's currency; energies of restrictions are kWh, powers kW, currents A, durations
seconds, as OCPI has them. Times of day and dates are the station's local ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum


class Dimension(StrEnum):
    """What is charged for (OCPI TariffDimensionType)."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"


class Reservation(StrEnum):
    """For reservations (OCPI ReservationRestrictionType): one that was used, or one that ran out."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """`price` is per kWh (ENERGY), per hour (TIME, PARKING_TIME) or once (FLAT).

    `step_size` is Wh or seconds: what is billed is rounded up to whole steps, as OCPI describes. `tax_percent` None is
    the tariff's own.
    """

    dimension: Dimension
    price: Decimal
    step_size: int = 1
    tax_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies; None restricts nothing. A start is included, an end is not (OCPI TariffRestrictions).

    `start_time` after `end_time` goes over midnight. `days_of_week`: 1 Monday … 7 Sunday, empty for every day.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    days_of_week: frozenset[int] = frozenset()
    reservation: Reservation | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """Prices under restrictions. For each dimension the first element that has it and applies counts."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = Restrictions()


@dataclass(frozen=True, slots=True)
class IdleFee:
    """For a car that blocks the connector after its charging has completed. Not in OCPI's model.

    It begins `grace_s` after the station's own statement that the car takes no more (SuspendedEV, Finishing, 2.x
    chargingState SuspendedEV, EVConnected or Idle), never for SuspendedEVSE; the grace is given once a session. Every
    begun `step_s` costs its share of `per_minute`. From `exempt_from` to `exempt_until`, local time, it is free. At
    most `cap` in all.
    """

    per_minute: Decimal
    grace_s: int = 0
    step_s: int = 60
    exempt_from: time | None = None
    exempt_until: time | None = None
    cap: Decimal | None = None
    tax_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of a tariff, as a session has it frozen from its start.

    `min_price` and `max_price` bound the whole session, before taxes unless `tax_included`. `tax_included`: amounts
    hold the tax already, which is then taken out of them instead of being put on top. `grace_s`: a session that lasts
    no longer costs nothing. `text` is what drivers read, by language tag.
    """

    id: str
    version: int
    currency: str
    elements: tuple[Element, ...]
    name: str = ""
    idle: IdleFee | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    tax_included: bool = False
    tax_percent: Decimal = Decimal(0)
    grace_s: int = 0
    text: tuple[tuple[str, str], ...] = ()
