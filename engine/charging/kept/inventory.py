"""What is stored in a station: its local list's version, certificates, monitors and display messages.

What we sent and it accepted counts as stored; what it lists when asked replaces that.
"""

from __future__ import annotations

from typing import Any

from engine.charging.kept import parts as kept
from engine.charging.kept.facts import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesRead,
    DisplayCleared,
    DisplaySet,
    LocalListLearned,
    MonitoringSet,
    MonitorsCleared,
    MonitorsSet,
)
from engine.charging.state import ChargePointState

MAX_CERTIFICATES = 128
MAX_MONITORS = 1000
MAX_DISPLAYS = 100

Row = dict[str, Any]


def local_list(state: ChargePointState, fact: LocalListLearned, command: str, now: int) -> None:
    """A list that we sent is known with its size; a version that the station tells is only that."""
    known = kept.load(state, kept.LOCAL_LIST)
    known |= {"version": fact.version, "read_at": now}
    if fact.update:
        whole = fact.update == "Full"
        entries = fact.entries if whole else None
        known |= {"sent_at": now, "update": fact.update, "entries": entries}
    kept.store(state, kept.LOCAL_LIST, known)


def certificates_read(state: ChargePointState, fact: CertificatesRead, command: str, now: int) -> None:
    """The station lists all that it has of some kinds: those that it does not name are there no more."""
    rows = _rows(state, kept.CERTIFICATES)
    others = [row for row in rows if fact.uses and row["use"] not in fact.uses]
    listed = [{**certificate, "read_at": now} for certificate in fact.certificates]
    kept.store(state, kept.CERTIFICATES, {"rows": (others + listed)[:MAX_CERTIFICATES], "read_at": now})


def certificate_installed(state: ChargePointState, fact: CertificateInstalled, command: str, now: int) -> None:
    """One more; the same again is still one."""
    rows = [row for row in _rows(state, kept.CERTIFICATES) if not _same(row, fact.certificate)]
    _put(state, kept.CERTIFICATES, [*rows, {**fact.certificate, "read_at": now}][-MAX_CERTIFICATES:])


def _same(row: Row, other: Row) -> bool:
    return row["use"] == other["use"] and row.get("sha256") is not None and row.get("sha256") == other.get("sha256")


def certificate_deleted(state: ChargePointState, fact: CertificateDeleted, command: str, now: int) -> None:
    """Hash data are compared without regard to case: they are hexadecimal."""
    gone = _hash(fact.hash)
    rows = [row for row in _rows(state, kept.CERTIFICATES) if row.get("hash") is None or _hash(row["hash"]) != gone]
    _put(state, kept.CERTIFICATES, rows)


def _hash(data: Row) -> tuple[str, ...]:
    return tuple(str(data.get(name, "")).lower() for name in ("issuerNameHash", "issuerKeyHash", "serialNumber"))


def monitors_set(state: ChargePointState, fact: MonitorsSet, command: str, now: int) -> None:
    """Monitors by id; what is said again replaces what was known of it, member by member."""
    rows = {row["id"]: row for row in _rows(state, kept.MONITORS)}
    for monitor in fact.monitors:
        if monitor["id"] in rows or len(rows) < MAX_MONITORS:
            rows[monitor["id"]] = rows.get(monitor["id"], {}) | monitor | {"read_at": now}
    _put(state, kept.MONITORS, list(rows.values()))


def monitors_cleared(state: ChargePointState, fact: MonitorsCleared, command: str, now: int) -> None:
    """These are no more."""
    _put(state, kept.MONITORS, [row for row in _rows(state, kept.MONITORS) if row["id"] not in fact.ids])


def monitoring_set(state: ChargePointState, fact: MonitoringSet, command: str, now: int) -> None:
    """Another base takes the custom monitors away (2.0.1, N03): only the station's own word tells what is left."""
    known = kept.load(state, kept.MONITORS)
    if fact.base:
        gone = fact.base != "All"
        known |= {"base": fact.base, "rows": [] if gone else known.get("rows", [])}
    if fact.level is not None:
        known["level"] = fact.level
    kept.store(state, kept.MONITORS, known)


def display_set(state: ChargePointState, fact: DisplaySet, command: str, now: int) -> None:
    """A message of the same id is replaced."""
    rows = {row["id"]: row for row in _rows(state, kept.DISPLAYS)}
    if fact.message["id"] in rows or len(rows) < MAX_DISPLAYS:
        rows[fact.message["id"]] = {**fact.message, "read_at": now}
    _put(state, kept.DISPLAYS, list(rows.values()))


def display_cleared(state: ChargePointState, fact: DisplayCleared, command: str, now: int) -> None:
    """It is shown no more."""
    _put(state, kept.DISPLAYS, [row for row in _rows(state, kept.DISPLAYS) if row["id"] != fact.id])


def _rows(state: ChargePointState, part: str) -> list[Row]:
    rows: list[Row] = kept.load(state, part).get("rows", [])
    return rows


def _put(state: ChargePointState, part: str, rows: list[Row]) -> None:
    kept.store(state, part, {**kept.load(state, part), "rows": rows})
