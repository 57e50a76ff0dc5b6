"""One of everything that a network can have, as rows; every name and id holds the network's name.

Whoever adds a table of something that belongs to a network adds a row here, and to `EXAMPLES` the path parameter by
which it is asked for: `prefix/{parameter}`, or `{parameter}` where it means the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from engine.campaigns.stored_operations import to_json
from engine.charging.operations import Reset
from engine.deliveries.sealing import ADDRESS, Sealing
from engine.stores.installation_key import InstallationKey
from engine.stores.sql import models
from engine.stores.sql.tables import (
    alerts,
    audit,
    cases,
    deliveries,
    desks,
    long_work,
    maintenance,
    notices,
    payments,
    people,
    places,
    starts,
    tariffs,
    tokens,
)
from engine.tariffs.stored import stored_course, stored_tariff
from tests.api.conftest import KEY
from tests.engine.billing.world import TARIFF, course
from tests.people import password_hash

Row = tuple[Table, dict[str, Any]]

SERIAL = {"north": "a1", "south": "b2"}
"""Serial numbers are hexadecimal, so these do not tell whose they are."""

CODE = {"north": "K7PQ2MK7PQ", "south": "K7PQ2NK7PQ"}
"""What is printed on connectors, in letters of its own."""

PLAIN = {"{kind}": "faulted", "{number}": "1", "{request}": "1", "{evse}": "1", "{connector}": "1"}
"""Path parameters that are no one's: numbers within a charge point."""


def examples_of(n: str) -> Mapping[str, str]:
    """What the path parameters are for the things of network `n`."""
    return PLAIN | {
        "alerts/{id}": f"alert-{n}",
        "maintenance-windows/{id}": f"window-{n}",
        "api-keys/{id}": f"key-{n}",
        "audit/{id}": f"audit-{n}",
        "campaigns/{id}": f"campaign-{n}",
        "canned-answers/{id}": f"canned-{n}",
        "cases/{id}": f"case-{n}",
        "charge-points/{id}": f"CP-{n}",
        "channels/{id}": f"channel-{n}",
        "commands/{id}": f"command-{n}",
        "deliveries/{id}": f"delivery-{n}",
        "subscriptions/{id}": f"subscription-{n}",
        "firmware/{id}": f"image-{n}",
        "drivers/{id}": f"u-driver.{n}",
        "inbox/{id}": f"arrival-{n}",
        "issuers/{id}": f"issuer-{n}",
        "locations/{id}": f"station-{n}",
        "charging/{id}": f"start-{n}",
        "long-work/{id}": f"work-{n}",
        "maintenance-jobs/{id}": f"job-{n}",
        "networks/{id}": n,
        "open-items/{id}": f"item-{n}",
        "outbox/{id}": f"letter-{n}",
        "payments/{id}": f"payment-{n}",
        "push-subscriptions/{id}": f"browser-{n}",
        "receipts/{id}": f"receipt-{n}",
        "reviews/{id}": f"review-{n}",
        "roles/{id}": f"role-{n}",
        "sessions/{id}": f"session-{n}",
        "starts/{id}": f"start-{n}",
        "stations/{id}": f"station-{n}",
        "tariff-assignments/{id}": f"assignment-{n}",
        "tariffs/{id}": f"tariff-{n}",
        "token-groups/{id}": f"GROUP-{n}",
        "tokens/{id}": f"TAG-{n}",
        "users/{id}": f"u-{n}",
        "vehicles/{id}": f"vehicle-{n}",
        "views/{id}": f"view-{n}",
        "{code}": CODE[n],
        "{file}": f"file-{n}",
        "{grant}": f"grant-{n}",
        "{login}": f"l-u-admin.{n}-0",
        "{network}": n,
        "{part}": f"part-{n}",
        "{serial_number}": SERIAL[n],
    }


def rows_of(n: str, now: int) -> Iterator[Row]:
    """All rows of network `n`, in an order in which they can be written."""
    at = {"created": now, "updated": now}
    yield from _places(n, at)
    yield from _people(n, at)
    yield from _exported(n, now)
    # Views are seen by whoever made them alone: by whoever asks in the tests.
    who = {"id": f"u-admin.{n}", "email": f"admin.{n}@example.org", "password_hash": password_hash()}
    yield people.users, who | at
    view = {"id": f"view-{n}", "account": f"u-admin.{n}", "page": "charge-points", "name": f"View {n}", "content": {}}
    yield desks.saved_views, view | at
    yield from _told(n, now)
    yield from _work(n, at)
    yield from _wrong(n, at)
    yield from _money(n, at)
    yield from _delivered(n, at)
    yield from _care(n, at)
    yield from _cases(n, at)


def root_of(now: int) -> Iterator[Row]:
    """Somebody who administers the whole installation."""
    at = {"created": now, "updated": now}
    yield people.users, {"id": "u-root", "email": "root@example.org", "password_hash": "", **at}
    yield people.grants, {"id": "grant-root", "account": "u-root", "role": "admin", "network": None, "created": now}


def _places(n: str, at: dict[str, int]) -> Iterator[Row]:
    now = at["created"]
    yield places.networks, {"id": n, "name": f"Network {n}", **at}
    where = {"latitude": 50.0, "longitude": 10.0}
    yield places.stations, {"id": f"station-{n}", "network_id": n, "name": f"Mall {n}", **where, **at}
    yield places.charge_points, {"id": f"CP-{n}", "folded": f"cp-{n}", "station_id": f"station-{n}", **at}
    yield places.station_tags, {"station": f"station-{n}", "tag": f"tag-{n}"}
    connector = {"type": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "code": CODE[n], **at}
    yield places.connector_descriptions, {"charge_point": f"CP-{n}", "evse": 1, "connector": 1, **connector}
    arrival = {"charge_point": f"NEW-{n}", "folded": f"new-{n}", "first_seen": now, "last_seen": now}
    yield places.inbox, {"id": f"arrival-{n}", **arrival}


def _people(n: str, at: dict[str, int]) -> Iterator[Row]:
    now = at["created"]
    yield people.users, {"id": f"u-{n}", "email": f"clerk@{n}.example", "password_hash": "", **at}
    yield people.roles, {"id": f"role-{n}", "name": f"Clerks {n}", "network": n, "permissions": ["sessions:read"], **at}
    yield people.grants, {"id": f"grant-{n}", "account": f"u-{n}", "role": "support", "network": n, "created": now}
    yield people.logins, {"id": f"login-{n}", "account": f"u-{n}", "created": now, "expires": now * 2}
    key = {"name": f"Meter export {n}", "permissions": ["sessions:read"], "networks": [n], "expires": now * 2}
    yield people.api_keys, {"id": f"key-{n}", "account": f"u-{n}", "created": now, **key}
    group = {"network": n, "folded": f"group-{n}", "id": f"GROUP-{n}", "name": f"Fleet {n}"}
    yield tokens.token_groups, group | at
    driver = f"u-driver.{n}"
    account = {"kind": "driver", "network": n, "email": f"driver.{n}@example.org", "password_hash": ""}
    yield people.users, {"id": driver, **account, **at}
    yield tokens.drivers, {"id": driver, "network": n, "account": driver, "name": f"Asha {n}", **at}
    yield tokens.vehicles, {"id": f"vehicle-{n}", "driver": driver, "plate": f"KA-{n}", **at}
    token = {"network": n, "folded": f"tag-{n}", "id_token": f"TAG-{n}", "label": f"Van {n}", "driver": driver}
    yield tokens.tokens, token | at
    yield tokens.token_holders, {"network": n, "folded": f"tag-{n}", "since": now, "driver": driver}


def _exported(n: str, now: int) -> Iterator[Row]:
    """An export of the network's administrator, with its file."""
    file = {"file": f"file-{n}", "file_name": f"sessions-{n}.csv", "size": 5, "sha256": "0" * 64}
    state = {"state": "done", "networks": [n], "wish": {}, "created": now, "updated": now, "held_until": now}
    yield long_work.long_work, {"id": f"work-{n}", "kind": "sessions_export", "account": f"u-admin.{n}"} | state | file


def _told(n: str, now: int) -> Iterator[Row]:
    """What charge points have told."""
    point = {"charge_point": f"CP-{n}"}
    session = {"id": f"session-{n}", "state": "stopped", "started": now, "id_token": f"TAG-{n}", "updated": now}
    yield models.sessions, point | session | {"network": n}
    price = {"tariff": stored_tariff(replace(TARIFF, name=n)), "course": stored_course(course(22))}
    yield models.session_prices, {"session": f"session-{n}", **price}
    command = {"id": f"command-{n}", "action": "Reset", "state": "ended", "requested_by": f"ops@{n}", "updated": now}
    yield models.commands, point | command
    yield models.security_events, point | {"received": now, "type": f"Tamper-{n}", "believed": now}
    file = {"id": f"file-{n}", "job": "j", "kind": "log", "name": f"log-{n}.txt", "size": 5, "sha256": "0" * 64}
    yield models.station_files, point | file | {"received": now}
    certificate = {"serial_number": SERIAL[n], "subject": f"CN={n}", "issuer": "CN=Root", "kind": "V2GCertificate"}
    yield models.certificates, point | certificate | {"pem": n}
    yield models.signing_requests, point | {"received": now, "csr": n, "use": "V2G", "state": "refused", "updated": now}


def _money(n: str, at: dict[str, int]) -> Iterator[Row]:
    """A start that charges, its payment and what of that is open."""
    driver, where = f"u-driver.{n}", {"charge_point": f"CP-{n}", "evse": 1, "connector": 1}
    start = {"id": f"start-{n}", "network": n, "kind": "app", "driver": driver, "id_token": f"TAG-{n}"}
    paid = {"session": f"session-{n}", "payment": f"payment-{n}", "holds": f"cp-{n}/1/1"}
    yield starts.starts, start | where | paid | {"state": "charging", **at}
    payment = {"id": f"payment-{n}", "network": n, "purpose": "start", "currency": "EUR", "driver": driver}
    money = {"wanted": Decimal(20), "authorised": Decimal(20), "captured": Decimal(9), "state": "captured"}
    yield payments.payments, payment | money | {"reference": f"ref-{n}", "start": f"start-{n}", **at}
    tariff = {"id": f"tariff-{n}", "network_id": n, "name": f"Day {n}", "currency": "EUR"}
    yield tariffs.tariffs, tariff | at
    content = stored_tariff(replace(TARIFF, id=f"tariff-{n}", version=1, currency="EUR", name=f"Day {n}"))
    version = {"tariff": f"tariff-{n}", "number": 1, "state": "draft", "content": content}
    yield tariffs.tariff_versions, version | at
    assignment = {"id": f"assignment-{n}", "tariff": f"tariff-{n}", "network_id": n, "valid_from": at["created"] * 2}
    yield tariffs.tariff_assignments, assignment | at
    item = {"id": f"item-{n}", "network": n, "kind": "capture_failed", "subject": f"payment-{n}", "state": "open"}
    yield payments.open_items, item | {"currency": "EUR", "payment": f"payment-{n}", "created": at["created"]}


def _care(n: str, at: dict[str, int]) -> Iterator[Row]:
    """What is repaired, and what drivers ask."""
    now, where = at["created"], {"network": n, "station": f"station-{n}", "charge_point": f"CP-{n}"}
    job = {"id": f"job-{n}", "folded": f"cp-{n}", "title": f"Cable {n}", "due": now, "assignee": f"u-{n}"}
    yield maintenance.maintenance_jobs, job | where | at | {"blocking": False}
    of = {"job": f"job-{n}", "at": now}
    yield maintenance.maintenance_notes, of | {"id": f"note-{n}", "kind": "note", "text": f"Seen {n}"}
    yield maintenance.maintenance_parts, of | {"id": f"part-{n}", "name": f"Cable {n}", "quantity": 1}


def _cases(n: str, at: dict[str, int]) -> Iterator[Row]:
    now, driver = at["created"], f"u-driver.{n}"
    case = {"id": f"case-{n}", "number": f"C-{n}", "network": n, "session": f"session-{n}", "driver": driver}
    case |= {"category": "charging", "subject": f"Stopped {n}", "state": "new", "waiting_since": now}
    yield cases.support_cases, case | {"charge_point": f"CP-{n}", "station": f"station-{n}"} | at
    of = {"case": f"case-{n}", "at": now}
    yield cases.case_messages, of | {"id": f"said-{n}", "side": "driver", "text": f"It stopped {n}"}
    yield cases.case_links, of | {"kind": "command", "subject": f"command-{n}"}
    canned = {"id": f"canned-{n}", "network": n, "language": "en", "title": f"Hello {n}", "text": "Hello"}
    yield cases.canned_answers, canned | at
    browser = {"id": f"browser-{n}", "driver": driver, "endpoint": f"https://{n}.example/1", "p256dh": "x"}
    yield notices.push_subscriptions, browser | {"auth": "x", "label": f"Phone {n}", "created": now}


def _work(n: str, at: dict[str, int]) -> Iterator[Row]:
    """What people have done."""
    image = {"id": f"image-{n}", "name": f"{n}.bin", "size": 5, "sha256": "0" * 64, "network": n}
    yield models.firmware_images, image | {"created": at["created"]}
    campaign = {"id": f"campaign-{n}", "name": f"night {n}", "operation": to_json(Reset()), "description": {}}
    yield models.campaigns, campaign | {"state": "running", "network": n, **at}
    yield models.campaign_targets, {"campaign": f"campaign-{n}", "charge_point": f"CP-{n}", "state": "waiting"}
    line = {"id": f"audit-{n}", "at": at["created"], "actor_kind": "user", "actor": f"u-{n}", "network": n}
    yield audit.audit_log, line | {"action": "changed", "kind": "station", "subject": f"station-{n}"}


def _wrong(n: str, at: dict[str, int]) -> Iterator[Row]:
    """An alert and its history, and a maintenance window."""
    alert = {"id": f"alert-{n}", "key": f"faulted|cp-{n}/1/1|", "holds": f"faulted|cp-{n}/1/1|", "rule": "faulted"}
    place = {"network": n, "station": f"station-{n}", "charge_point": f"CP-{n}", "evse": 1, "connector": 1}
    told = {"title": f"CP-{n} connector 1/1: faulted", "says": {}, "told": [], "severity": "major", "state": "open"}
    now = at["created"]
    yield alerts.alerts, alert | place | told | {"opened": now, "last": now, "updated": now}
    yield alerts.alert_events, {"id": f"line-{n}", "alert": f"alert-{n}", "kind": "opened", "actor_kind": "system"}
    window = {"id": f"window-{n}", "begins": now, "ends": now + 3_600_000_000, "reason": f"Works at {n}"}
    yield alerts.maintenance_windows, window | place | at


def _delivered(n: str, at: dict[str, int]) -> Iterator[Row]:
    """A webhook, what it wants, and a message that could not be delivered, with its try."""
    channel, now = f"channel-{n}", at["created"]
    address = Sealing(InstallationKey(KEY)).seal(channel, ADDRESS, f"https://127.0.0.1/{n}".encode())
    named = {"name": f"Hook of {n}", "shown": f"https://{n}.example/…", "kind": "webhook", "network": n}
    yield deliveries.channels, {"id": channel, "address": address, **named, **at}
    wanted = {"channel": channel, "network": n, "kinds": ["*"]}
    yield deliveries.subscriptions, {"id": f"subscription-{n}", **wanted, **at}
    message = {"channel": channel, "key": f"k-{n}", "network": n, "kind": "alert.opened", "state": "dead"}
    story = {"subject": f"Broken in {n}", "payload": {"network": n}, "created": now, "due": now, "ended": now}
    yield deliveries.deliveries, {"id": f"delivery-{n}", **message, **story}
    tried = {"at": now, "duration_ms": 5, "delivered": False, "error": f"{n} does not answer"}
    yield deliveries.attempts, {"id": f"attempt-{n}", "delivery": f"delivery-{n}", **tried}
