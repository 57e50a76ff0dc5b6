"""The columns in which stations, charge points and connectors are imported and exported: one row a connector.

A column that is not there leaves what it is about as it is; one that is there and empty makes it empty. Cells are read
as text (CSV) or as JSON values, and every kind of cell can be written so that it is read as the same again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from engine.errors import InvalidInput
from engine.ids import checked_charge_point_id
from engine.places.checks import checked_coordinates, checked_country, checked_id, checked_photos, checked_tags
from engine.places.checks import checked_zone as checked_time_zone
from engine.places.commissioning import STATES
from engine.places.connectors import CODE_PATTERN, FORMATS, MAX_NUMBER, POWER_TYPES, TYPES
from engine.places.hours import hours_of, said_of

STATION, CHARGE_POINT, CONNECTOR = "station", "charge_point", "connector"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_NOTE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_INTEGER = re.compile(r"\d{1,9}")

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the header, `of` what it says something about, `field` its name in the stores, `about` its manual.

    `read` makes the value of a cell's text or JSON value, and raises InvalidInput. `numeric` cells are never text. An
    empty cell says nothing where there is nothing empty that it could mean (`never_empty`).
    """

    name: str
    of: str
    field: str
    read: Read
    about: str
    numeric: bool = False
    never_empty: bool = False


def _text(most: int, control: re.Pattern[str] = _CONTROL) -> Read:
    def read(raw: Any) -> str:
        text = "" if raw is None else raw
        if not isinstance(text, str):
            raise InvalidInput("This is no text.", remedy="Give text.")
        if len(text) > most:
            raise InvalidInput(f"It has {len(text)} characters.", remedy=f"Use {most} at most.")
        if control.search(text):
            raise InvalidInput("It has control characters.", remedy="Leave them out.")
        return text

    return read


def _word(check: Callable[[str], Any]) -> Read:
    """Text without spaces around it, as `check` returns it."""
    plain = _text(200)

    def read(raw: Any) -> Any:
        return check(plain(raw).strip())

    return read


def _choice(*words: str) -> Read:
    def check(text: str) -> str:
        if text not in words:
            raise InvalidInput(f"{text!r} is not known here.", remedy=f"Use one of {', '.join(sorted(words))}.")
        return text

    return _word(check)


def _whole(least: int, most: int, *, needed: bool) -> Read:
    def read(raw: Any) -> int | None:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            if needed:
                raise InvalidInput("It is missing.", remedy=f"Give a number from {least} to {most}.")
            return None
        if isinstance(raw, str) and _INTEGER.fullmatch(raw.strip()):
            raw = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            raise InvalidInput(f"It cannot be {raw!r}.", remedy=f"Give a whole number from {least} to {most}.")
        return raw

    return read


def _degrees(field: str) -> Read:
    def read(raw: Any) -> float | None:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        try:
            degrees = float(raw)
        except (TypeError, ValueError):
            raise InvalidInput(f"It cannot be {raw!r}.", remedy="Give degrees, as in 52.5163.") from None
        pair = {"latitude": 0.0, "longitude": 0.0, field: degrees}
        return checked_coordinates(pair["latitude"], pair["longitude"])[field == "longitude"]

    return read


def _yes_or_no(raw: Any) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    found = raw if isinstance(raw, bool) else known.get(str(raw).strip().lower())
    if found is None:
        raise InvalidInput(f"It cannot be {raw!r}.", remedy="Give true or false.")
    return found


def _words(check: Callable[[list[str]], Any]) -> Read:
    """Words with spaces between them, or a list."""

    def read(raw: Any) -> list[str]:
        given = raw.split() if isinstance(raw, str) else [] if raw is None else raw
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise InvalidInput("This is no list of words.", remedy="Give words with spaces between them, or a list.")
        return list(check(given))

    return read


def _hours(raw: Any) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        said = orjson.loads(raw) if isinstance(raw, str) else raw
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, Mapping):
        raise InvalidInput("These are no opening hours.", remedy="Give OCPI's Hours as JSON, or leave it empty.")
    return said_of(hours_of(said))


def _id(text: str) -> str:
    return checked_id(text)


def _code(text: str) -> str:
    if text and re.fullmatch(CODE_PATTERN, text) is None:
        raise InvalidInput(f"{text!r} is no code of a connector.", remedy="Leave it out: one is made.")
    return text


def _profile(text: str) -> int | None:
    if text not in ("", "0", "1", "2", "3"):
        raise InvalidInput(f"It cannot be {text!r}.", remedy="Give 0 to 3, or leave it empty.")
    return int(text) if text else None


def _profile_cell(raw: Any) -> int | None:
    return _profile(str(raw).strip() if isinstance(raw, (str, int)) and not isinstance(raw, bool) else "")


_NOTE = _text(4000, _CONTROL_IN_NOTE)
COLUMNS: tuple[Column, ...] = (
    Column("station", STATION, "id", _word(_id), "The station's id. Always needed.", never_empty=True),
    Column(
        "network",
        STATION,
        "network_id",
        _word(_id),
        "Its network; `default` for a new one if left out.",
        never_empty=True,
    ),
    Column("station_name", STATION, "name", _text(200), "Needed for a new one.", never_empty=True),
    Column("street", STATION, "street", _text(200), ""),
    Column("postal_code", STATION, "postal_code", _text(200), ""),
    Column("city", STATION, "city", _text(200), ""),
    Column("region", STATION, "region", _text(200), "State or province, as the country codes it."),
    Column("country", STATION, "country", _word(checked_country), "ISO 3166-1 alpha-2; empty: its network's."),
    Column("latitude", STATION, "latitude", _degrees("latitude"), "WGS 84, degrees.", numeric=True),
    Column("longitude", STATION, "longitude", _degrees("longitude"), "WGS 84, degrees.", numeric=True),
    Column("time_zone", STATION, "time_zone", _word(checked_time_zone), "IANA; empty: its network's."),
    Column("opening_hours", STATION, "hours", _hours, "OCPI's Hours as JSON.", numeric=True),
    Column("photos", STATION, "photos", _words(checked_photos), "Addresses with spaces between them."),
    Column("parking", STATION, "parking", _NOTE, "For drivers."),
    Column("access", STATION, "access", _NOTE, "For drivers."),
    Column("station_notes", STATION, "notes", _NOTE, "For those who run it."),
    Column("public", STATION, "public", _yes_or_no, "Whether drivers are shown it: true or false.", numeric=True),
    Column("station_tags", STATION, "tags", _words(checked_tags), "Words with spaces between them."),
    Column("charge_point", CHARGE_POINT, "id", _word(str), "Its id; empty for a station that has none."),
    Column("charge_point_name", CHARGE_POINT, "name", _text(200), ""),
    Column("charge_point_tags", CHARGE_POINT, "tags", _words(checked_tags), "Words with spaces between them."),
    Column("charge_point_notes", CHARGE_POINT, "notes", _NOTE, "For those who run it."),
    Column(
        "commissioning",
        CHARGE_POINT,
        "commissioning",
        _choice(*STATES),
        "planned, commissioning, live (a new one's).",
        never_empty=True,
    ),
    Column(
        "isolation",
        CHARGE_POINT,
        "isolation",
        _choice("shared", "dedicated"),
        "shared (a new one's) or dedicated.",
        never_empty=True,
    ),
    Column(
        "security_profile",
        CHARGE_POINT,
        "security_profile",
        _profile_cell,
        "Of a new one: 0 to 3, 1 if empty. With 1 or 2 it gets in once it has been given a password.",
        numeric=True,
    ),
    Column(
        "evse",
        CONNECTOR,
        "evse",
        _whole(1, MAX_NUMBER, needed=False),
        "Its number; of an OCPP 1.6 station the connectorId. Empty for a charge point without connectors.",
        numeric=True,
    ),
    Column(
        "connector", CONNECTOR, "connector", _whole(1, MAX_NUMBER, needed=False), "Within the EVSE; 1 if empty.", True
    ),
    Column("connector_type", CONNECTOR, "type", _choice(*TYPES), "OCPI's ConnectorType.", never_empty=True),
    Column("connector_format", CONNECTOR, "format", _choice(*FORMATS), "SOCKET or CABLE.", never_empty=True),
    Column("power_type", CONNECTOR, "power_type", _choice(*POWER_TYPES), "OCPI's PowerType.", never_empty=True),
    Column("max_voltage_v", CONNECTOR, "max_voltage_v", _whole(1, 2_000, needed=False), "Of one phase, V.", True),
    Column("max_amperage_a", CONNECTOR, "max_amperage_a", _whole(1, 5_000, needed=False), "Of one phase, A.", True),
    Column("max_power_w", CONNECTOR, "max_power_w", _whole(1, 10_000_000, needed=False), "W.", True),
    Column("label", CONNECTOR, "label", _text(80), "What is written on it."),
    Column(
        "code",
        CONNECTOR,
        "code",
        _word(_code),
        "Of its QR code; made for a new one, and never changed.",
        never_empty=True,
    ),
)
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
BY_FIELD: Mapping[tuple[str, str], Column] = {(column.of, column.field): column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row: `line` is the line of the file, or which element of the list, from 1."""

    line: int
    field: str
    detail: str
    remedy: str


def read_cells(line: int, raw: Mapping[str, Any], faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """A row's cells by what they are about, station, charge point, connector; what cannot be read becomes a fault."""
    found: dict[str, dict[str, Any]] = {STATION: {}, CHARGE_POINT: {}, CONNECTOR: {}}
    # What there is no charge point or connector for need not be readable.
    present = {
        STATION: _is_there(raw, "station"),
        CHARGE_POINT: _is_there(raw, "charge_point"),
        CONNECTOR: _is_there(raw, "evse"),
    }
    for name, cell in raw.items():
        column = BY_NAME.get(name)
        if column is None:
            faults.append(Fault(line, name, "There is no such column.", "See the list of columns."))
        elif present[column.of] and not (column.never_empty and _is_empty(cell)):
            try:
                found[column.of][column.field] = column.read(cell)
            except InvalidInput as error:
                faults.append(Fault(line, name, error.message, error.remedy))
    if not present[STATION]:
        faults.append(Fault(line, "station", "It is missing.", "Give the station's id in every row."))
    if present[CHARGE_POINT] and "id" in found[CHARGE_POINT]:
        try:
            checked_charge_point_id(found[CHARGE_POINT]["id"])
        except InvalidInput as error:
            faults.append(Fault(line, "charge_point", error.message, error.remedy))
    if present[CONNECTOR] and found[CONNECTOR].get("connector") is None:
        found[CONNECTOR]["connector"] = 1
    if not found[CHARGE_POINT] and any(not _is_empty(raw.get(c.name)) for c in COLUMNS if c.of != STATION):
        faults.append(Fault(line, "charge_point", "It is missing.", "Say whose connector or name this is."))
    elif not found[CONNECTOR] and any(not _is_empty(raw.get(c.name)) for c in COLUMNS if c.of == CONNECTOR):
        faults.append(Fault(line, "evse", "It is missing.", "Say which connector this is."))
    return found


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_there(raw: Mapping[str, Any], name: str) -> bool:
    return not _is_empty(raw.get(name))
