"""What is sent to each operation about one's own things, and what in it could name somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.ids import new_id
from tests.api.billing.examples import ISSUER
from tests.api.calls import Operation
from tests.api.test_access import BODIES
from tests.people import PASSWORD

CONTENT = {"currency": "EUR", "elements": [{"components": [{"dimension": "ENERGY", "price": "0.4"}]}]}
WINDOW = {"begins_at": "2026-01-05T10:00:00Z", "ends_at": "2026-01-05T12:00:00Z", "reason": "New cable"}
PLAN = {"start": "2026-01-05T10:00:00Z", "kwh": "22", "power_kw": "44"}

BROWSER = {
    "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    "auth": "MDEyMzQ1Njc4OWFiY2RlZg",
}
OWN: Mapping[str, Callable[[str], Any]] = {
    "acknowledgeAlert": lambda n: {"note": "On my way"},
    "acknowledgeAlerts": lambda n: {"alerts": [f"alert-{n}"]},
    "assignAlert": lambda n: {"assignee": f"u-{n}"},
    "commentAlert": lambda n: {"text": "Fuse"},
    "resolveAlert": lambda n: {"note": "Mended"},
    "changeAlertRule": lambda n: {"severity": "minor"},
    "addMaintenanceWindow": lambda n: WINDOW | {"station": f"station-{n}"},
    "changeMaintenanceWindow": lambda n: {"reason": "More works"},
    "changeMyAlertPreferences": lambda n: {"severity": "major"},
    "addMyView": lambda n: {"page": "charge-points", "name": f"Mine {new_id()}", "content": {}},
    "changeMyView": lambda n: {"name": "Mine", "content": {}},
    "addApiKey": lambda n: {
        "name": "export",
        "permissions": ["sessions:read"],
        "expires_at": "2026-02-01T00:00:00Z",
    },
    "addChargePoint": lambda n: {"id": "CP-2", "security_profile": 0, "station": f"station-{n}"},
    "addFirmware": lambda n: b"image",
    "addStation": lambda n: {"id": "harbour", "name": "Harbour", "network": n},
    "addToken": lambda n: {"id_token": "TAG2", "network": n},
    "addTokenGroup": lambda n: {"id": "FLEET", "network": n},
    "addUser": lambda n: {"email": f"new@{n}.example", "roles": [{"role": "support", "network": n}]},
    "addRole": lambda n: {"name": "Clerk", "permissions": ["sessions:read"], "network": n},
    "changeRole": lambda n: {"name": "Clerks"},
    "changeUser": lambda n: {"name": "Clerk"},
    "changeMyPassword": lambda n: {"old_password": PASSWORD, "new_password": "another good passphrase"},
    "enrolSecondFactor": lambda n: {"password": PASSWORD},
    "confirmSecondFactor": lambda n: {"code": "123456"},
    "renewRecoveryCodes": lambda n: {"password": PASSWORD, "code": "123456"},
    "giveUpSecondFactor": lambda n: {"password": PASSWORD, "code": "123456"},
    "showSecondFactor": lambda n: {"code": "123456"},
    "beginCharging": lambda n: {"charge_point": f"CP-{n}"},
    "refundPayment": lambda n: {"amount": "1.00"},
    "resolveOpenItem": lambda n: {"resolution": "written_off"},
    "setPaymentPolicy": lambda n: {"currency": "EUR", "hold": "20", "step": "10", "ceiling": "90"},
    "addTariff": lambda n: {"name": "Night", "network": n, "content": CONTENT},
    "renameTariff": lambda n: {"name": "Day"},
    "addTariffVersion": lambda n: {"content": CONTENT},
    "changeTariffDraft": lambda n: CONTENT,
    "lintTariff": lambda n: {"content": CONTENT},
    "previewTariff": lambda n: PLAN,
    "previewUnsavedTariff": lambda n: {"content": CONTENT, **PLAN},
    "assignTariff": lambda n: {"tariff": f"tariff-{n}", "station": f"station-{n}"},
    "importPlaces": lambda n: [{"network": n, "station": f"station-{n}", "city": "Kiel"}],
    "addIssuer": lambda n: ISSUER | {"network": n, "number_format": "S{n}", "credit_format": "T{n}"},
    "resolveReviews": lambda n: {"network": n, "doubt": "no_issuer", "note": "Entered"},
    "openMyCase": lambda n: {"category": "charging", "subject": "It stopped", "text": "Why?"},
    "writeInMyCase": lambda n: {"text": "And now?"},
    "openCase": lambda n: {"category": "charging", "subject": "Cable", "text": "Stuck.", "charge_point": f"CP-{n}"},
    "changeCase": lambda n: {"category": "payment"},
    "answerCase": lambda n: {"text": "We look into it."},
    "linkToCase": lambda n: {"kind": "session", "subject": f"session-{n}"},
    "addCannedAnswer": lambda n: {"network": n, "title": "Hello", "text": "Hello {driver_name}"},
    "changeCannedAnswer": lambda n: {"title": "Hello"},
    "changeMyNotifications": lambda n: {"items": [{"kind": "fault", "channel": "email", "wanted": False}]},
    "addMyPushSubscription": lambda n: {"endpoint": "https://push.example.org/1", "keys": BROWSER},
    "openMaintenanceJob": lambda n: {"charge_point": f"CP-{n}", "title": "Clean", "blocking": False},
    "changeMaintenanceJob": lambda n: {"priority": "high"},
    "addMaintenanceNote": lambda n: {"text": "Seen"},
    "addMaintenancePart": lambda n: {"name": "Cable"},
    "addDriver": lambda n: {"name": "Asha", "network": n},
    "bookDriverPayment": lambda n: {"amount": "5.00"},
    "changeDriver": lambda n: {"name": "Asha"},
    "changeMyProfile": lambda n: {"name": "Asha"},
    "addMyVehicle": lambda n: {"plate": "KA-2"},
    "changeMyVehicle": lambda n: {"make": "Zoe"},
    "claimToken": lambda n: {"id_token": "CARD", "code": "1234"},
    "renameMyToken": lambda n: {"label": "Card"},
    "setLoginPolicy": lambda n: {"totp_required": False},
    "grantRole": lambda n: {"role": "analyst", "network": n},
    "addChannel": lambda n: {"kind": "webhook", "name": "X", "address": "https://127.0.0.1/x", "network": n},
    "changeChannel": lambda n: {"name": "Y"},
    "addSubscription": lambda n: {"channel": f"channel-{n}", "kinds": ["*"]},
    "changeSubscription": lambda n: {"kinds": ["alert.*"]},
    "replayDeliveries": lambda n: {"channel": f"channel-{n}", "since": "2025-01-01T00:00:00Z"},
    "adoptCharger": lambda n: {"security_profile": 0, "station": f"station-{n}"},
}
"""Beside those of test_access.py, or instead of them: operation → body for the network."""

QUERIES: Mapping[str, Any] = {"number": 1, "evse": 1, "lat": 50, "lon": 10, "zoom": 10} | {
    "south": 49,
    "west": 9,
    "north": 51,
    "east": 11,
}
"""Query parameters without which some operation does nothing → a value."""

REFERENCES: Mapping[str, Callable[[str], Any]] = {
    "channel": lambda n: f"channel-{n}",
    "charge_point": lambda n: f"CP-{n}",
    "charge_points": lambda n: [f"CP-{n}"],
    "image": lambda n: f"image-{n}",
    "network": lambda n: n,
    "networks": lambda n: [n],
    "role": lambda n: f"role-{n}",
    "session": lambda n: f"session-{n}",
    "station": lambda n: f"station-{n}",
    "subject": lambda n: f"station-{n}",
    "driver": lambda n: f"u-driver.{n}",
    "alerts": lambda n: [f"alert-{n}"],
    "assignee": lambda n: f"u-{n}",
    "tariff": lambda n: f"tariff-{n}",
    "token": lambda n: f"TAG-{n}",
    "user": lambda n: f"u-{n}",
    "actor": lambda n: f"u-{n}",
}
"""Names of members and of query parameters that refer to something → it."""


PLAIN_WORDS: Mapping[str, frozenset[str]] = {
    "openMyCase": frozenset({"subject"}),
    "openCase": frozenset({"subject"}),
    "changeCase": frozenset({"subject"}),
}
"""Members of these names that are a person's words and refer to nothing."""


def body_of(operation: Operation, network: str) -> Any:
    """A body that the operation takes; None where it takes none."""
    if "requestBody" not in operation.document:
        return None
    if operation.id in OWN:
        return OWN[operation.id](network)
    return BODIES.get(operation.id, {})


def query_of(operation: Operation, network: str) -> Mapping[str, Any]:
    """What it has to have in its query."""
    wanted = operation.document.get("parameters", ())
    if operation.id == "getTariffFor":
        return {"charge_point": f"CP-{network}"}
    if operation.id == "search":
        return {"q": "CP-"}
    return {each["name"]: QUERIES[each["name"]] for each in wanted if each["in"] == "query" and each["name"] in QUERIES}


def references_of(
    operation: Operation, own: str, other: str, schemas: Mapping[str, Any]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The operation's body and query with one reference each that names something of the other network."""
    body, plain = body_of(operation, own), PLAIN_WORDS.get(operation.id, frozenset())
    for parameter in operation.document.get("parameters", ()):
        if parameter["in"] == "query" and parameter["name"] in REFERENCES:
            yield body, {parameter["name"]: REFERENCES[parameter["name"]](other)}
    if isinstance(body, dict):
        yield from ((changed, {}) for changed in _swapped(body, other, plain))
        for name in _members(operation, schemas) & REFERENCES.keys() - body.keys() - plain:
            yield {**body, name: REFERENCES[name](other)}, {}


def _members(operation: Operation, schemas: Mapping[str, Any]) -> set[str]:
    """The members that the operation's body may have."""
    schema = operation.document["requestBody"]["content"].get("application/json", {}).get("schema", {})
    found: set[str] = set()
    for each in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        named = schemas[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
        found |= named.get("properties", {}).keys()
    return found


def _swapped(body: Mapping[str, Any], other: str, plain: frozenset[str]) -> Iterator[dict[str, Any]]:
    for name, value in body.items():
        if name in REFERENCES.keys() - plain and not isinstance(value, (dict, list)):
            yield {**body, name: REFERENCES[name](other)}
        elif isinstance(value, dict):
            yield from ({**body, name: inner} for inner in _swapped(value, other, plain))
