"""Charging profiles of a simulated 2.x station (2.0.1 block K): kept, reported, cleared, and what they come to.

The cars charge as they like: the profiles are what the station tells, not what it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.clock import SECOND
from engine.ocpp.times import read_time
from loadtest.outbox import Call
from loadtest.speech import Answer

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2

_VOLT, _PHASES = 230.0, 3
_STATION_WIDE = "ChargingStationMaxProfile"
_DAY = 86_400 * SECOND
_RECURRENCE = {"Daily": _DAY, "Weekly": 7 * _DAY}
_LEVELS = {_STATION_WIDE: 0, "ChargingStationExternalConstraints": 0, "TxDefaultProfile": 1, "TxProfile": 1}
"""Purposes on one level replace each other, the later named first; levels limit each other."""


class Kept(NamedTuple):
    evse: int
    profile: dict[str, Any]

    @property
    def purpose(self) -> str:
        return str(self.profile["chargingProfilePurpose"])


class ChargingProfiles:
    """By the profile's id."""

    def __init__(self, speech: Speech2) -> None:
        self._speech = speech
        self.kept: dict[int, Kept] = {}

    def keep(self, evse: int, profile: dict[str, Any]) -> None:
        """One of the same id, or of the same stack level, purpose and EVSE, gives way (K01.FR.05 and .06)."""
        new = Kept(evse, profile)
        place = evse, new.purpose, profile["stackLevel"]
        self.kept = {
            name: old for name, old in self.kept.items() if (old.evse, old.purpose, old.profile["stackLevel"]) != place
        }
        self.kept[int(profile["id"])] = new

    def put(self, payload: dict[str, Any]) -> Answer:
        """SetChargingProfile."""
        evse, profile = int(payload["evseId"]), payload["chargingProfile"]
        purpose = str(profile["chargingProfilePurpose"])
        station = self._speech.station
        if not 0 <= evse < len(station.connectors) or purpose == "ChargingStationExternalConstraints":
            return {"status": "Rejected"}, None
        if purpose == _STATION_WIDE and evse:
            return {"status": "Rejected"}, None
        if purpose == "TxProfile":
            running = self._speech.open.get(evse)
            if running is None or profile.get("transactionId") != running.identity:
                return {"status": "Rejected"}, None
        self.keep(evse, profile)
        return {"status": "Accepted"}, None

    def forget_transaction(self, evse: int) -> None:
        """The transaction is over, and its profiles with it."""
        self.kept = {n: old for n, old in self.kept.items() if old.evse != evse or old.purpose != "TxProfile"}

    def matching(self, evse: int | None, criteria: dict[str, Any]) -> dict[int, Kept]:
        """Those that GetChargingProfiles or ClearChargingProfile means."""
        found = {}
        for name, kept in self.kept.items():
            named = criteria.get("chargingProfileId")
            if named is not None and name not in named:
                continue
            if evse is not None and kept.evse != evse:
                continue
            if criteria.get("chargingProfilePurpose", kept.purpose) != kept.purpose:
                continue
            if criteria.get("stackLevel", kept.profile["stackLevel"]) != kept.profile["stackLevel"]:
                continue
            if "CSO" not in criteria.get("chargingLimitSource", ["CSO"]):
                continue
            found[name] = kept
        return found

    def limit_w(self, evse: int, at: int) -> tuple[float, int]:
        """The power that the profiles allow an EVSE at a moment, and the phases they say it for."""
        limit, phases = self._speech.station.traits.max_power_w, _PHASES
        best: dict[int, tuple[bool, int, tuple[float, int]]] = {}
        for kept in self.kept.values():
            allowed = _allowed(kept.profile, at, self._begun(evse)) if kept.evse in (0, evse) else None
            if allowed is None:
                continue
            rank = kept.purpose == "TxProfile", int(kept.profile["stackLevel"])
            level = _LEVELS.get(kept.purpose, 1)
            if level not in best or rank > best[level][:2]:
                best[level] = (*rank, allowed)
        for _, _, (power, counted) in best.values():
            if power < limit:
                limit, phases = power, counted
        return limit, phases

    def _begun(self, evse: int) -> int | None:
        running = self._speech.open.get(evse)
        return None if running is None else running.started

    def composite(self, evse: int, unit: str, duration: int, now: int) -> dict[str, Any]:
        """What they come to, second by second where something changes."""
        periods: list[dict[str, Any]] = []
        for offset in sorted({0, *self._changes(evse, now, duration)}):
            power, phases = self.limit_w(evse, now + offset * SECOND)
            limit = round(power if unit == "W" else power / (_VOLT * phases), 1)
            if not periods or periods[-1]["limit"] != limit:
                periods.append({"startPeriod": offset, "limit": limit, "numberPhases": phases})
        return {
            "evseId": evse, "duration": duration, "scheduleStart": self._speech.station.stamp(now),
            "chargingRateUnit": unit, "chargingSchedulePeriod": periods,
        }  # fmt: skip

    def _changes(self, evse: int, now: int, duration: int) -> Iterable[int]:
        """Seconds from now at which some profile's limit may change."""
        for kept in self.kept.values():
            if kept.evse not in (0, evse):
                continue
            for schedule in _schedules(kept.profile):
                begin = _begin(kept.profile, schedule, now, self._begun(evse))
                if begin is None:
                    continue
                edges = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
                edges += [schedule["duration"]] if "duration" in schedule else []
                edges += [edge + _DAY // SECOND for edge in edges] if "recurrencyKind" in kept.profile else []
                for edge in edges:
                    seconds = (begin - now) // SECOND + edge
                    if 0 < seconds < duration:
                        yield seconds


def _schedules(profile: dict[str, Any]) -> list[dict[str, Any]]:
    said = profile["chargingSchedule"]
    return said if isinstance(said, list) else [said]


def _begin(profile: dict[str, Any], schedule: dict[str, Any], at: int, begun: int | None) -> int | None:
    """When the schedule that holds at `at` began; None if it does not hold then."""
    kind = profile["chargingProfileKind"]
    if kind == "Relative" or "startSchedule" not in schedule:
        return begun if begun is not None else at
    start, _ = read_time(str(schedule["startSchedule"]), at)
    if kind == "Recurring":
        cycle = _RECURRENCE[profile.get("recurrencyKind", "Daily")]
        return start if at < start else start + (at - start) // cycle * cycle
    return start


def _allowed(profile: dict[str, Any], at: int, begun: int | None) -> tuple[float, int] | None:
    """Watts and phases of a profile at a moment; None where it says nothing."""
    for edge, over in (("validFrom", False), ("validTo", True)):
        if edge in profile and (read_time(str(profile[edge]), at)[0] <= at) == over:
            return None
    for schedule in _schedules(profile):
        begin = _begin(profile, schedule, at, begun)
        if begin is None or at < begin or at - begin >= schedule.get("duration", 1 << 40) * SECOND:
            continue
        since = (at - begin) // SECOND
        current = [p for p in schedule["chargingSchedulePeriod"] if p["startPeriod"] <= since]
        if current:
            phases = int(current[-1].get("numberPhases", _PHASES))
            limit = float(current[-1]["limit"])
            return (limit if schedule["chargingRateUnit"] == "W" else limit * _VOLT * phases), phases
    return None


# --- the CSMS asks ----------------------------------------------------------------------------------------------------


def _put(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return speech.profiles.put(payload)


def _clear(speech: Speech2, payload: dict[str, Any]) -> Answer:
    criteria = dict(payload.get("chargingProfileCriteria", {}))
    if "chargingProfileId" in payload:
        criteria = {"chargingProfileId": [payload["chargingProfileId"]]}
    found = speech.profiles.matching(criteria.get("evseId"), criteria)
    for name in found:
        del speech.profiles.kept[name]
    return {"status": "Accepted" if found else "Unknown"}, None


def _get(speech: Speech2, payload: dict[str, Any]) -> Answer:
    found = speech.profiles.matching(payload.get("evseId"), payload["chargingProfile"])
    if not found:
        return {"status": "NoProfiles"}, None
    return {"status": "Accepted"}, partial(_report, speech, payload["requestId"], found)


def _report(speech: Speech2, request: int, found: dict[int, Kept], now: int) -> None:
    by_evse: dict[int, list[dict[str, Any]]] = {}
    for kept in found.values():
        by_evse.setdefault(kept.evse, []).append(kept.profile)
    for number, (evse, profiles) in enumerate(by_evse.items(), 1):
        payload = {
            "requestId": request, "chargingLimitSource": "CSO", "evseId": evse, "chargingProfile": profiles,
            "tbc": number < len(by_evse),
        }  # fmt: skip
        speech.station.say(Call("ReportChargingProfiles", payload), now)


def _composite(speech: Speech2, payload: dict[str, Any]) -> Answer:
    evse, duration = int(payload["evseId"]), int(payload["duration"])
    if not 0 <= evse < len(speech.station.connectors):
        return {"status": "Rejected"}, None
    unit = payload.get("chargingRateUnit", "W")
    return {
        "status": "Accepted",
        "schedule": speech.profiles.composite(evse, unit, duration, speech.station.clock),
    }, None


HANDLERS = {
    "ClearChargingProfile": _clear,
    "GetChargingProfiles": _get,
    "GetCompositeSchedule": _composite,
    "SetChargingProfile": _put,
}
