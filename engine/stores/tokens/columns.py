"""The columns in which tokens are imported and exported: one row a token.

A column that is not there leaves what it is about as it is; one that is there and empty makes it empty. Claim codes
only come in: they are kept as digests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.bulk.table import Table
from engine.clock import to_iso
from engine.errors import InvalidInput
from engine.stores.tokens.token import KINDS, Token

MAX_ROWS = 100_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_INTEGER = re.compile(r"[0-9]{1,9}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLAIM_CODE = "claim_code"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row: `line` is the line of the file, or which element of the list, from 1."""

    line: int
    field: str
    detail: str
    remedy: str


@dataclass(slots=True)
class Plan:
    """What a file wants: (line, what is said of the token, by the store's names), and what is wrong in it."""

    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def _text(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = "" if raw is None else raw
        if not isinstance(text, str):
            raise InvalidInput("This is no text.", remedy="Give text.")
        if len(text) > most or _CONTROL.search(text):
            raise InvalidInput("This is too long, or has control characters.", remedy=f"Use {most} characters at most.")
        return text

    return read


def _id(raw: Any) -> str:
    text = _text(36)(raw)
    if not re.fullmatch(r"[!-~]{1,36}", text):
        raise InvalidInput("This is no token.", remedy="Use 1 to 36 printable characters without blanks.")
    return text


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw in (None, ""):
            return words[0]
        if raw not in words:
            raise InvalidInput(f"{raw!r} is not known.", remedy=f"Use one of: {', '.join(words)}.")
        return str(raw)

    return read


def _moment(raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    try:
        at = datetime.fromisoformat(raw)
        return (at - _EPOCH) // timedelta(microseconds=1)
    except (TypeError, ValueError, OverflowError) as error:
        # A time without a zone cannot be subtracted from one that has one.
        raise InvalidInput("This is no time.", remedy="Use RFC 3339: 2027-01-01T00:00:00Z.") from error


def _integer(raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    if isinstance(raw, bool) or not _INTEGER.fullmatch(str(raw)):
        raise InvalidInput("This is no whole number.", remedy="Use digits, or nothing.")
    return int(raw)


def _amount(raw: Any) -> Decimal | None:
    if raw in (None, ""):
        return None
    try:
        amount = Decimal(str(raw))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(raw, bool) or not amount.is_finite():
        raise InvalidInput("This is no amount.", remedy="Use a decimal number, or nothing.")
    return amount


def _driver(raw: Any) -> str | None:
    return _text(64)(raw) or None


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the header, `stored` its name in the store, `read` makes the value or raises InvalidInput."""

    name: str
    stored: str
    read: Callable[[Any], Any]
    about: str


COLUMNS = (
    Column("id_token", "id_token", _id, "What stations say; 20 characters at most for OCPP 1.6."),
    Column("kind", "kind", _one_of(*KINDS), "RFID, app, ad_hoc or roaming."),
    Column("label", "label", _text(200), "For people."),
    Column("status", "status", _one_of("Accepted", "Blocked"), "Accepted or Blocked."),
    Column("block_reason", "block_reason", _text(200), "Why it is blocked."),
    Column("valid_from", "valid_from", _moment, "RFC 3339."),
    Column("expires_at", "expires", _moment, "RFC 3339."),
    Column("group", "group_id", _text(36), "Parent idTag."),
    Column("max_sessions", "max_sessions", _integer, "At once; empty: any number."),
    Column("credit_limit", "credit_limit", _amount, "What may be owed; empty: any amount."),
    Column("visual_number", "visual_number", _text(64), "As printed on the card."),
    Column("language", "language", _text(8), "Of the holder."),
    Column("issuer", "issuer", _text(64), "Of roaming tokens: the partner."),
    Column("contract_id", "contract_id", _text(64), "Of roaming tokens: the contract there."),
    Column("driver", "driver", _driver, "Id of the driver whose it is."),
    Column(CLAIM_CODE, CLAIM_CODE, _text(64), "With which a driver may claim it; never exported."),
)
BY_NAME = {column.name: column for column in COLUMNS}
TABLE = Table(tuple(BY_NAME), "id_token", frozenset({"max_sessions", "credit_limit"}))
_STORED = {column.stored: column.name for column in COLUMNS}


def column_of(stored: str) -> str:
    """The column's name of a field in the store."""
    return _STORED.get(stored, stored)


def plan_of(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Plan:
    """Read rows, each with its line. What is wrong is in the plan's faults; each token may be there once."""
    plan, seen = Plan(), dict[str, int]()
    for line, raw in rows:
        if len(plan.rows) >= MAX_ROWS:
            plan.faults.append(Fault(line, "", f"There are more than {MAX_ROWS} rows.", "Import in several parts."))
            break
        said = _read(plan, line, raw)
        folded = str(said.get("id_token", "")).lower()
        if not folded:
            continue
        if folded in seen:
            detail = f"This token is in line {seen[folded]} already."
            plan.faults.append(Fault(line, "id_token", detail, "Name it once."))
        seen[folded] = line
        plan.rows.append((line, said))
    return plan


def _read(plan: Plan, line: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in raw.keys() - BY_NAME.keys():
        plan.faults.append(Fault(line, str(name), "This column is not known.", f"Use: {', '.join(BY_NAME)}."))
    if "id_token" not in raw:
        plan.faults.append(Fault(line, "id_token", "No token is named.", "Give its number."))
    for name in raw.keys() & BY_NAME.keys():
        column = BY_NAME[name]
        try:
            said[column.stored] = column.read(raw[name])
        except InvalidInput as error:
            plan.faults.append(Fault(line, name, error.message, error.remedy))
    return said


def row_of(token: Token) -> dict[str, Any]:
    """A token as a row, for export."""
    row = {column.name: getattr(token, column.stored) for column in COLUMNS if column.name != CLAIM_CODE}
    for name in ("valid_from", "expires_at"):
        row[name] = None if row[name] is None else to_iso(row[name])
    if token.credit_limit is not None:
        row["credit_limit"] = format(token.credit_limit, "f")
    return row
