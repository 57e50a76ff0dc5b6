"""From events to SQL columns, without SQL: what each event says about a session, a command, a connector, a boot.

Many events about one thing fold into one set of columns, later ones over earlier ones. Folding a batch and writing it
gives the same rows as writing every event alone, however the batches are cut; that is what makes large batches and
restarts at any place safe. Two rules need more than "the later wins" and are kept both here and in the upsert:

- a session's first state ("started") never replaces one that is known already (a Start may arrive after its Stop);
- running energy never replaces the final one (meter values may arrive after the Stop).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.charging.events import (
    BootReported,
    CommandChanged,
    SessionAmended,
    SessionChanged,
    SessionIdentified,
    SessionSettled,
    SessionStarted,
    SessionStopped,
    StatusChanged,
)

MAX_MAGNITUDE = 40
MAX_DIGITS = 80
"""A quantity beyond 10^40 or of more digits is garbage, and would be written out in as many digits."""

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one event says. `table` names what `key` is of.

    `first` columns count only for a row that is not there yet, `running` ones only until the session has stopped.
    """

    table: str
    key: tuple[str | int, ...]
    columns: Columns
    first: Columns = field(default_factory=dict)
    running: Columns = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """The folded columns of one thing; as in `Change`, and no column stands in two of the three."""

    columns: Columns = field(default_factory=dict)
    first: Columns = field(default_factory=dict)
    running: Columns = field(default_factory=dict)


Folded = dict[str, dict[tuple[str | int, ...], Row]]


def read(event: Mapping[str, Any]) -> Change | None:
    """What `event` changes, None if nothing. Raises KeyError, TypeError, ValueError for one that cannot be used."""
    reader = _READERS.get(event["kind"])
    return None if reader is None else reader(event)


def fold(changes: Iterable[Change]) -> Folded:
    """One row for each thing that the changes, in this order, are about."""
    tables: Folded = {}
    for change in changes:
        row = tables.setdefault(change.table, {}).setdefault(change.key, Row())
        row.columns.update(change.columns)
        row.first = change.first | row.first
        row.running.update(change.running)
    for rows in tables.values():
        for row in rows.values():
            stopped = "stopped" in row.columns
            row.running = {} if stopped else row.running
            row.first = {name: value for name, value in row.first.items() if name not in row.columns}
    return tables


def _started(event: Mapping[str, Any]) -> Change:
    columns = _place(event) | {
        "transaction_id": text_of(event, "transaction"),
        "id_token": text_of(event, "id_token"),
        "authorisation": text_of(event, "authorisation"),
        "command": text_of(event, "command"),
        "started": integer_of(event, "believed"),
        "started_said": _maybe_text(event, "said"),
        "meter_start_wh": quantity_of(event, "meter_start_wh"),
        "doubts": _texts(event, "doubts"),
    }
    columns |= _tariff(event)
    if event.get("network"):
        columns["network"] = text_of(event, "network")
    return Change("sessions", (text_of(event, "session"),), columns, first={"state": "started"})


def _tariff(event: Mapping[str, Any]) -> Columns:
    """The tariff that was frozen; nothing where there is none, which must not wipe out what was told before."""
    if not event["tariff"]:
        return {}
    columns: Columns = {"tariff": text_of(event, "tariff"), "currency": text_of(event, "currency")}
    return columns | {"tariff_version": _small(event, "tariff_version")}


def _identified(event: Mapping[str, Any]) -> Change:
    """As a start, but for the start's own words where it does not repeat them."""
    change = _started(event)
    if change.columns["started_said"] is None:
        del change.columns["started_said"]
    return change


def _changed(event: Mapping[str, Any]) -> Change:
    columns = _place(event) | {"state": text_of(event, "state")}
    if event["currency"]:
        columns |= {"cost": quantity_of(event, "cost"), "currency": text_of(event, "currency")}
    running = {"energy_wh": quantity_of(event, "energy_wh")}
    return Change("sessions", (text_of(event, "session"),), columns, running=running)


def _stopped(event: Mapping[str, Any]) -> Change:
    columns = _place(event) | {
        "state": "stopped",
        "stopped": integer_of(event, "believed"),
        "stopped_said": _maybe_text(event, "said"),
        "stop_id_token": text_of(event, "stop_id_token"),
        "meter_stop_wh": quantity_of(event, "meter_stop_wh"),
        "energy_wh": quantity_of(event, "energy_wh"),
        "duration_s": _maybe_integer(event, "duration_s"),
        "reason": text_of(event, "reason"),
        "doubts": _texts(event, "doubts"),
    }
    # A Stop whose transaction we never knew cannot tell these, and must not wipe out what a late Start told.
    known = {
        "transaction_id": text_of(event, "transaction") or None,
        "id_token": text_of(event, "id_token") or None,
        "meter_start_wh": quantity_of(event, "meter_start_wh"),
        "started": _maybe_integer(event, "started"),
    }
    columns |= {name: value for name, value in known.items() if value is not None}
    return Change("sessions", (text_of(event, "session"),), columns)


def _settled(event: Mapping[str, Any]) -> Change:
    columns: Columns = _place(event) | {
        "ended": integer_of(event, "ended"),
        "settled": integer_of(event, "received"),
        "doubts": _texts(event, "doubts"),
    }
    tariff = event["tariff"]
    if tariff is not None:
        columns |= {"cost": quantity_of(event, "total"), "currency": text_of(event, "currency")}
        columns |= {"tariff": text_of(tariff, "id"), "tariff_version": _small(tariff, "version")}
    return Change("sessions", (text_of(event, "session"),), columns, first={"state": "stopped"})


def _place(event: Mapping[str, Any]) -> Columns:
    return {
        "charge_point": text_of(event, "charge_point"),
        "evse": _small(event, "evse"),
        "connector": _small(event, "connector"),
        "updated": integer_of(event, "received"),
    }


def _commanded(event: Mapping[str, Any]) -> Change:
    received = integer_of(event, "received")
    columns = {
        "charge_point": text_of(event, "charge_point"),
        "action": text_of(event, "action"),
        "state": text_of(event, "state"),
        "outcome": text_of(event, "outcome"),
        "requested_by": text_of(event, "requested_by"),
        "deadline": integer_of(event, "deadline"),
        "payload": event["payload"],
        "answer": event["answer"],
        "error_code": text_of(event, "error_code"),
        "error_description": text_of(event, "error_description"),
        "updated": received,
    }
    if columns["state"] in {"requested", "sent", "ended"}:
        columns[columns["state"]] = received
    return Change("commands", (text_of(event, "command"),), columns)


def _booted(event: Mapping[str, Any]) -> Change:
    columns: Columns = {name: text_of(event, name) for name in BOOT_FIELDS}
    columns |= {"boot_reason": text_of(event, "reason"), "boot_status": text_of(event, "status")}
    columns["booted"] = integer_of(event, "received")
    return Change("charge_points", (text_of(event, "charge_point"),), columns)


def _status(event: Mapping[str, Any]) -> Change:
    columns: Columns = {name: text_of(event, name) for name in ("status", "error", "info", "vendor", "vendor_error")}
    columns |= {
        "said": _maybe_text(event, "said"),
        "believed": integer_of(event, "believed"),
        "received": integer_of(event, "received"),
    }
    key = (text_of(event, "charge_point"), _small(event, "evse"), _small(event, "connector"))
    return Change("connectors", key, columns)


BOOT_FIELDS = ("vendor", "model", "serial", "firmware", "iccid", "imsi", "meter_type", "meter_serial")

_READERS: dict[str, Callable[[Mapping[str, Any]], Change]] = {
    SessionStarted.kind: _started,
    SessionIdentified.kind: _identified,
    SessionChanged.kind: _changed,
    SessionStopped.kind: _stopped,
    SessionSettled.kind: _settled,
    SessionAmended.kind: _stopped,
    CommandChanged.kind: _commanded,
    BootReported.kind: _booted,
    StatusChanged.kind: _status,
}


def text_of(event: Mapping[str, Any], name: str) -> str:
    """The event's text of this name. Raises KeyError, TypeError."""
    value = event[name]
    if type(value) is not str:
        raise TypeError(f"{name} is no text")
    return value


def _maybe_text(event: Mapping[str, Any], name: str) -> str | None:
    return None if event[name] is None else text_of(event, name)


def _texts(event: Mapping[str, Any], name: str) -> list[str]:
    value = event[name]
    if type(value) is not list or any(type(item) is not str for item in value):
        raise TypeError(f"{name} is no list of texts")
    return value


def integer_of(event: Mapping[str, Any], name: str, limit: int = 2**63) -> int:
    """The event's integer of this name. Raises KeyError, TypeError, ValueError."""
    value = event[name]
    # SQLite would store a float or a text here without a word.
    if type(value) is not int:
        raise TypeError(f"{name} is no integer")
    if not -limit <= value < limit:
        raise ValueError(f"{name} is out of range")
    return value


def _small(event: Mapping[str, Any], name: str) -> int:
    return integer_of(event, name, 2**31)


def _maybe_integer(event: Mapping[str, Any], name: str) -> int | None:
    return None if event[name] is None else integer_of(event, name)


def quantity_of(event: Mapping[str, Any], name: str) -> Decimal | None:
    """The event's decimal text of this name. Raises KeyError, TypeError, ValueError."""
    if event[name] is None:
        return None
    try:
        value = Decimal(text_of(event, name))
    except InvalidOperation as error:
        raise ValueError(f"{name} is no number") from error
    if not value.is_finite() or value.adjusted() > MAX_MAGNITUDE or len(value.as_tuple().digits) > MAX_DIGITS:
        raise ValueError(f"{name} is out of range")
    return value
