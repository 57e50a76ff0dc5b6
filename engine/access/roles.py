"""Every permission there is, and the roles that an installation comes with.

A permission says what may be done, a grant where: in one network, or in the whole installation. `admin` has all of
them. `driver` is what everybody has who signed up to charge: their own things, and where they can charge.
"""

from __future__ import annotations

from collections.abc import Mapping

ADMIN, DRIVER = "admin", "driver"

HOLDERS: Mapping[str, str] = {
    # One line a permission, in alphabetical order: who has it beside admin.
    "actors:read": "operations",
    "alert-rules:read": "operations",
    # Rules, and maintenance windows: what is an alert at all.
    "alert-rules:write": "operations",
    "alerts:read": "operations support",
    "alerts:write": "operations support",
    "api-keys:read": "",
    "api-keys:write": "",
    "assignees:read": "operations support",
    "audit:read": "operations",
    "billing:read": "finance",
    "billing:write": "finance",
    "campaigns:read": "operations support",
    "campaigns:write": "operations",
    "cases:read": "operations support",
    "cases:write": "support",
    "certificates:read": "operations",
    "certificates:write": "operations",
    "channels:read": "operations",
    "channels:write": "operations",
    "charge-points:read": "operations support finance analyst partner",
    "charge-points:write": "operations",
    # Reset, unlock, start, stop, trigger, availability, and asking a station for what it knows.
    "commands:basic": "operations support",
    "commands:read": "operations support",
    # Any OCPP call, firmware, logs, reservations, what a station knows of a customer.
    "commands:send": "operations",
    # What a station keeps: settings, charging profiles, local lists, monitors, messages on its display.
    "configuration:write": "operations",
    "deliveries:read": "operations support",
    "deliveries:write": "operations",
    "drivers:read": "operations support",
    "drivers:write": "operations",
    "events:read": "operations support",
    "files:read": "operations support",
    "files:write": "operations",
    "firmware:read": "operations support",
    "firmware:write": "operations",
    "issuers:read": "finance",
    "issuers:write": "finance",
    "locations:read": "operations support finance analyst partner driver",
    "maintenance:read": "operations support",
    "maintenance:write": "operations",
    "messages:read": "operations support",
    "metrics:read": "operations",
    "networks:read": "operations support finance analyst partner",
    "networks:write": "operations",
    "outbox:read": "operations support finance",
    "outbox:write": "operations support",
    "own:read": "driver",
    "own:write": "driver",
    "payments:read": "finance",
    "payments:write": "finance",
    "receipts:read": "finance support",
    "receipts:write": "finance",
    "roles:read": "",
    "roles:write": "",
    # One box for whatever a caller on the phone knows; what it finds takes that thing's own permission, too.
    "search:read": "operations support finance",
    "self:read": "operations support finance analyst partner driver",
    "self:write": "operations support finance analyst partner driver",
    "sessions:read": "operations support finance analyst partner",
    "starts:read": "operations support finance",
    "starts:write": "operations support",
    "stations:read": "operations support finance analyst partner",
    "stations:write": "operations",
    "tariffs:read": "support finance analyst",
    "tariffs:write": "finance",
    "tokens:read": "operations support",
    "tokens:write": "operations",
    "users:read": "",
    "users:write": "",
}

ALL: frozenset[str] = frozenset(HOLDERS)
_NAMES = (ADMIN, "operations", "support", "finance", "analyst", "partner", DRIVER)
ROLES: Mapping[str, frozenset[str]] = {
    role: ALL if role == ADMIN else frozenset(name for name, holders in HOLDERS.items() if role in holders.split())
    for role in _NAMES
}
"""Built-in role → its permissions."""

DESCRIPTIONS: Mapping[str, str] = {
    ADMIN: "Everything, people and roles included.",
    "operations": "Sets up and runs stations and charge points; sees no prices and changes none.",
    "support": "Helps drivers and resets charge points; changes no tariff and no setting.",
    "finance": "Tariffs, receipts, payments and the review queue; commands no charge point.",
    "analyst": "Reads places, sessions and prices.",
    "partner": "Another company: sees the network's places and sessions.",
    DRIVER: "A driver: their own things only.",
}
"""Built-in role → what it is for."""

OF_EVERYBODY = frozenset({"self:read", "self:write"})
"""What everybody has who is logged in: their own account and logins."""

PERSONAL = OF_EVERYBODY | {"own:read", "own:write"}
"""What reaches only the caller's own things."""

OF_WHO_SIGNS_UP = PERSONAL | ROLES[DRIVER]
"""What anybody gets by signing up: to give it to somebody, or to change who has it, takes no power of one's own."""

GRANTABLE = ALL - PERSONAL
"""What an operator's own role may hold. Drivers' own things are for drivers."""
