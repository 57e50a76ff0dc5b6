"""What is kept of a driver and of a vehicle, and what can be.

Where a driver has an account, name and address for e-mail are the account's and kept nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput

ADDRESS_FIELDS = ("line1", "line2", "postal_code", "city", "region", "country")
NOTICES = ("receipts", "charging")
"""What a driver may choose to be written about by e-mail: each receipt; a session that has ended or gone wrong."""

MAX_VEHICLES = 20


@dataclass(frozen=True, slots=True)
class Driver:
    """`account` is the login's id, None without one. `credit_limit` as a token's. `erased` once it was forgotten."""

    id: str
    network: str
    account: str | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    notify: Mapping[str, bool] = field(default_factory=dict)
    credit_limit: Decimal | None = None
    credit_used: Decimal = Decimal(0)
    erased: int | None = None
    version: int = 1
    created: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """`connector_types` in OCPI's words. `ev_mac` and `contract_id` are what the car says of itself when plugged in."""

    id: str
    driver: str
    plate: str = ""
    make: str = ""
    model: str = ""
    connector_types: tuple[str, ...] = ()
    battery_kwh: Decimal | None = None
    ev_mac: str = ""
    contract_id: str = ""
    version: int = 1
    created: int = 0
    updated: int = 0


OWN = frozenset({"name", "phone", "language", "address", "notify"})
"""What drivers may change of themselves."""
STAFFS = OWN | {"email", "credit_limit"}
VEHICLES = frozenset({"plate", "make", "model", "connector_types", "battery_kwh", "ev_mac", "contract_id"})


def digits_of(phone: str) -> str:
    """A phone number as it is looked for."""
    return re.sub(r"\D", "", phone, flags=re.ASCII)


def plate_of(text: str) -> str:
    """A number plate as it is looked for: people write blanks and hyphens as they like."""
    return "".join(character for character in text.upper() if character.isalnum())


def check_driver(driver: Driver) -> None:
    """Raise InvalidInput for what cannot be a driver's."""
    if unknown := driver.address.keys() - set(ADDRESS_FIELDS):
        raise InvalidInput(
            f"An address has no {min(unknown)}.", field="address", remedy=f"Use {', '.join(ADDRESS_FIELDS)}."
        )
    if unknown := driver.notify.keys() - set(NOTICES):
        raise InvalidInput(
            f"Nobody is written to about {min(unknown)}.", field="notify", remedy=f"Use {', '.join(NOTICES)}."
        )


def check_vehicle(vehicle: Vehicle) -> None:
    """Raise InvalidInput for what cannot be a vehicle."""
    if not (vehicle.plate or vehicle.make or vehicle.model or vehicle.ev_mac or vehicle.contract_id):
        raise InvalidInput("A vehicle has a plate, a make or a model.", field="plate", remedy="Give one of them.")
    battery = vehicle.battery_kwh
    if battery is not None and not (battery.is_finite() and 0 < battery < 10_000):
        raise InvalidInput(
            "A battery holds more than 0 and less than 10000 kWh.", field="battery_kwh", remedy="Leave it out."
        )


def digest(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log may keep of a change to somebody's data: which fields, never their values. It is for ever."""
    return {"fields": sorted(values)}
