"""What is kept of a station beside its charging, as views for the façade, made from snapshot parts.

Plain JSON values; times in microseconds since the epoch. Secrets are hidden already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.charging.kept import configuration as station_configuration
from engine.charging.kept import parts as kept
from engine.charging.kept import reports
from engine.charging.session.bill import course_of, is_sure
from engine.charging.snapshots import restore_sessions
from engine.charging.state import CONF, ChargePointState
from engine.tariffs.stored import stored_course, stored_tariff

Parts = Mapping[str, bytes]


def configuration_view(parts: Parts) -> list[dict[str, Any]]:
    """Configuration keys and variables, each with the time at which it was read."""
    return station_configuration.view(kept.read(CONF, parts.get(CONF)))


def local_list_view(parts: Parts) -> dict[str, Any]:
    """The local authorization list's version; None for what is not known."""
    known = kept.read(kept.LOCAL_LIST, parts.get(kept.LOCAL_LIST))
    return {name: known.get(name) for name in ("version", "read_at", "update", "entries", "sent_at")}


def rows_view(part: str, parts: Parts) -> list[dict[str, Any]]:
    """Certificates, reservations, jobs, display messages, limits or needs: the rows of one part."""
    rows: list[dict[str, Any]] = kept.read(part, parts.get(part)).get("rows", [])
    return rows


def profiles_view(parts: Parts) -> dict[str, Any]:
    """Charging profiles, composite schedules, limits that others set, and what EVs need."""
    known = kept.read(kept.PROFILES, parts.get(kept.PROFILES))
    return {
        "profiles": known.get("rows", []),
        "composites": known.get("composites", []),
        "limits": rows_view(kept.LIMITS, parts),
        "needs": rows_view(kept.NEEDS, parts),
    }


def monitors_view(parts: Parts) -> dict[str, Any]:
    """Monitors, which of them are active (`base`) and the `level` of severity that is reported."""
    known = kept.read(kept.MONITORS, parts.get(kept.MONITORS))
    return {"base": known.get("base"), "level": known.get("level"), "monitors": known.get("rows", [])}


def reports_view(parts: Parts, request: int | None = None) -> list[dict[str, Any]]:
    """Reports; those of one request with their rows, as far as they have come."""
    state = ChargePointState("")
    state.kept = {name: data for name, data in parts.items() if kept.is_kept(name)}
    return reports.view(state, request)


def prices_view(parts: Parts) -> dict[str, Any]:
    """Of each session that has a tariff and is not final yet: tariff and course, by its id.

    Both are in the form of engine/tariffs/stored.py. `sure` is False where what it costs cannot be told.
    """
    found: dict[str, Any] = {}
    for session, state in restore_sessions("", parts).items():
        pricing = state.pricing
        if pricing is None or pricing.tariff is None or state.started is None:
            continue
        course = stored_course(course_of(state, pricing))
        found[session] = {"tariff": stored_tariff(pricing.tariff), "course": course, "sure": is_sure(state)}
    return found


VIEWS: Mapping[str, Callable[[Parts], Any]] = {
    "configuration": configuration_view,
    "local-list": local_list_view,
    "certificates": lambda parts: rows_view(kept.CERTIFICATES, parts),
    "charging-profiles": profiles_view,
    "reservations": lambda parts: rows_view(kept.RESERVATIONS, parts),
    "jobs": lambda parts: rows_view(kept.JOBS, parts),
    "monitors": monitors_view,
    "display-messages": lambda parts: rows_view(kept.DISPLAYS, parts),
    "reports": reports_view,
    "prices": prices_view,
}
"""By the name under which REST shows them."""
