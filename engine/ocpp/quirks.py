"""What is known of a station's make beforehand: named tolerances by vendor, model and firmware, kept as data.

Most of what stations do otherwise than the specification says shows in a single frame, and is understood there and
noted (`deviations.py`). A quirk is what no single frame tells: that "Z" stands for local time, that Wh are kWh. It is
chosen when the station boots, from `quirks.toml` and the operator's own file, and shown with the charge point.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import translate
from importlib.resources import files
from pathlib import Path
from typing import Any

from engine.charging.messages import (
    Instant,
    MeterReading,
    MetersReported,
    Sample,
    StartReported,
    StationMessage,
    StatusReported,
    StopReported,
    TokenStanding,
    TransactionReported,
)
from engine.clock import SECOND
from engine.errors import ConfigurationError
from engine.ocpp.units import WIDE

MAX_OFFSET_MINUTES = 14 * 60
"""No zone is further from UTC."""


class Quirk(StrEnum):
    """The tolerances that there are. The names stand in profiles and in the REST interface."""

    LOCAL_TIME = "local_time_labelled_z"
    KWH_VALUES = "kwh_labelled_wh"
    KWH_REGISTERS = "kwh_registers"
    NO_PING = "no_ping"
    NO_MILLISECONDS = "no_milliseconds"
    TOKEN_REVERSED = "id_tag_reversed"
    TOKEN_PADDED = "id_tag_padded"
    STRAY_ANSWERS = "stray_answers"
    NO_TRIGGERS = "never_answers_trigger"

    @property
    def meaning(self) -> str:
        """What the station does and what we make of it, in one line."""
        return _MEANINGS[self]


_MEANINGS: Mapping[Quirk, str] = {
    Quirk.LOCAL_TIME: "Its times are local time, labelled Z or without a zone; offset_minutes is taken off.",
    Quirk.KWH_VALUES: "Its energy readings labelled Wh are kWh; they are taken times 1000.",
    Quirk.KWH_REGISTERS: "Its meterStart and meterStop are kWh; they are taken times 1000.",
    Quirk.NO_PING: "It never answers pings; it is told to send a Heartbeat before its silence would count as death.",
    Quirk.NO_MILLISECONDS: "It cannot read fractions of seconds; times that we send have none.",
    Quirk.TOKEN_REVERSED: "Its reader gives a card's bytes in reverse order; both orders are looked up.",
    Quirk.TOKEN_PADDED: "It fills idTags up with spaces or zeros; they are looked up without these as well.",
    Quirk.STRAY_ANSWERS: "It answers CALLs twice or that nobody made; these answers are not counted as deviations.",
    Quirk.NO_TRIGGERS: "It never answers TriggerMessage; others wait no longer than 5 s behind one.",
}

TRIGGER_PATIENCE_S = 5.0
TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})

Standing = Callable[[str], TokenStanding]


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What one station needs. `offset` is how far its local time is ahead of UTC, in microseconds."""

    quirks: frozenset[Quirk]
    offset: int = 0

    @property
    def names(self) -> list[str]:
        return sorted(quirk.value for quirk in self.quirks)


@dataclass(frozen=True, slots=True)
class Profile:
    """One entry of a file. A pattern that is None fits everything."""

    name: str
    patterns: tuple[re.Pattern[str] | None, ...]
    quirks: frozenset[Quirk]
    offset: int

    def fits(self, *said: str) -> bool:
        return all(
            p is None or p.fullmatch(text.strip()) is not None for p, text in zip(self.patterns, said, strict=True)
        )


_PATTERNS = ("vendor", "model", "firmware", "charge_point")
_KEYS = frozenset({"name", "quirks", "source", "offset_minutes", *_PATTERNS})


class QuirkBook:
    """All profiles of this process."""

    def __init__(self, profiles: tuple[Profile, ...] = ()) -> None:
        self.profiles = profiles
        self._known: dict[tuple[str, str, str, str], Tolerances | None] = {}

    def of(self, charge_point: str, vendor: str = "", model: str = "", firmware: str = "") -> Tolerances | None:
        """What this station needs, None if it needs nothing special."""
        key = (vendor, model, firmware, charge_point)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._found(key)
        return self._known[key]

    def _found(self, said: tuple[str, str, str, str]) -> Tolerances | None:
        fitting = [profile for profile in self.profiles if profile.fits(*said)]
        if not fitting:
            return None
        # The last one that names an offset: the operator's file comes after ours.
        offset = next((profile.offset for profile in reversed(fitting) if profile.offset), 0)
        return Tolerances(frozenset().union(*(profile.quirks for profile in fitting)), offset)


_REMEMBERED = 20_000


def read_profiles(text: str, place: str) -> tuple[Profile, ...]:
    """The profiles of a file. Raises ConfigurationError that names what is wrong with which of them."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{place} is no TOML: {error}.") from error
    entries = content.pop("profile", [])
    if content or not isinstance(entries, list):
        raise ConfigurationError(f"{place} holds [[profile]] tables and nothing else.")
    return tuple(_profile(entry, f"{place}, profile {number}") for number, entry in enumerate(entries, 1))


def _profile(entry: Any, place: str) -> Profile:
    if not isinstance(entry, dict) or (unknown := entry.keys() - _KEYS):
        raise ConfigurationError(
            f"{place}: there is no key {sorted(unknown)[0]!r}; there are: {', '.join(sorted(_KEYS))}."
        )
    for name in ("name", *_PATTERNS, "source"):
        if name in entry and not (isinstance(entry[name], str) and entry[name].strip()):
            raise ConfigurationError(f"{place}: {name} is to be a text.")
    if "name" not in entry or not any(name in entry for name in _PATTERNS):
        raise ConfigurationError(f"{place} needs a name and at least one of {', '.join(_PATTERNS)}.")
    said = entry.get("quirks")
    known = {quirk.value: quirk for quirk in Quirk}
    if not isinstance(said, list) or not said or (strange := [name for name in said if name not in known]):
        what = f"there is no quirk {strange[0]!r}" if isinstance(said, list) and said else "quirks is to be a list"
        raise ConfigurationError(f"{place}: {what}; there are: {', '.join(known)}.")
    quirks = frozenset(known[name] for name in said)
    patterns = tuple(
        re.compile(translate(entry[name].strip()), re.IGNORECASE) if name in entry else None for name in _PATTERNS
    )
    return Profile(entry["name"], patterns, quirks, _offset(entry, quirks, place))


def _offset(entry: Mapping[str, Any], quirks: frozenset[Quirk], place: str) -> int:
    minutes = entry.get("offset_minutes", 0)
    if type(minutes) is not int or abs(minutes) > MAX_OFFSET_MINUTES:
        raise ConfigurationError(f"{place}: offset_minutes is a whole number of up to {MAX_OFFSET_MINUTES}.")
    if (Quirk.LOCAL_TIME in quirks) != bool(minutes):
        raise ConfigurationError(f"{place}: {Quirk.LOCAL_TIME.value} and offset_minutes belong together.")
    return minutes * 60 * SECOND


def load_quirks(own: str = "") -> QuirkBook:
    """Our profiles, and after them those of the operator's file `own`. Raises ConfigurationError."""
    profiles = read_profiles(files("engine.ocpp").joinpath("quirks.toml").read_text("utf-8"), "quirks.toml")
    if own:
        try:
            text = Path(own).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"RAYCHARGE_QUIRKS cannot be read: {error}.") from error
        profiles += read_profiles(text, own)
    return QuirkBook(profiles)


# --- what tolerances do ----------------------------------------------------------------------------------------------


def corrected(message: StationMessage, tolerances: Tolerances) -> StationMessage:
    """The message as it was meant: times in UTC, energies in Wh. What was said stays as it was said."""
    offset = tolerances.offset
    kwh, registers = Quirk.KWH_VALUES in tolerances.quirks, Quirk.KWH_REGISTERS in tolerances.quirks
    if isinstance(message, MetersReported):
        return message._replace(readings=_readings(message.readings, offset, kwh=kwh))
    if isinstance(message, TransactionReported):
        return message._replace(at=_at(message.at, offset), readings=_readings(message.readings, offset, kwh=kwh))
    if isinstance(message, StatusReported):
        return replace(message, at=_at(message.at, offset))
    if isinstance(message, StartReported):
        start = message.meter_start * 1000 if registers else message.meter_start
        return replace(message, at=_at(message.at, offset), meter_start=start)
    if isinstance(message, StopReported):
        stop = message.meter_stop * 1000 if registers else message.meter_stop
        readings = _readings(message.readings, offset, kwh=kwh)
        return replace(message, at=_at(message.at, offset), meter_stop=stop, readings=readings)
    return message


def _at(at: Instant, offset: int) -> Instant:
    """A time with an offset of its own, and one that was not believed anyway, are left alone."""
    if not offset or at.said is None or at.believed == at.received or _HAS_OFFSET.search(at.said):
        return at
    return at._replace(believed=at.believed - offset)


_HAS_OFFSET = re.compile(r"\d[+-]\d{2}:?\d{0,2}\s*$", re.ASCII)


def _readings(readings: tuple[MeterReading, ...], offset: int, *, kwh: bool) -> tuple[MeterReading, ...]:
    return tuple(
        MeterReading(_at(at, offset), tuple(map(_in_kwh, samples)) if kwh else samples) for at, samples in readings
    )


def _in_kwh(sample: Sample) -> Sample:
    if sample.value is None or sample.unit != "Wh" or not sample.measurand.startswith("Energy.Active"):
        return sample
    return sample._replace(value=WIDE.multiply(sample.value, _THOUSAND))


_THOUSAND = WIDE.create_decimal(1000)


def standing_of(standing: Standing, tolerances: Tolerances) -> Standing:
    """Looks a token up as it was said, and where that is unknown, as it may have been meant."""
    reversed_, padded = Quirk.TOKEN_REVERSED in tolerances.quirks, Quirk.TOKEN_PADDED in tolerances.quirks
    if not (reversed_ or padded):
        return standing

    def lenient(id_token: str) -> TokenStanding:
        found = standing(id_token)
        for other in _meant(id_token, reverse=reversed_, strip=padded):
            if found.status != "Invalid":
                break
            found = standing(other)
        return found

    return lenient


def _meant(said: str, *, reverse: bool, strip: bool) -> list[str]:
    """Other readings of a token, each once. Half a byte is none, so what has odd digits has no reverse order."""
    bare = [said, said.strip(), said.rstrip().rstrip("0"), said.lstrip().lstrip("0")] if strip else [said]
    readings = list(bare)
    if reverse:
        for text in bare:
            if len(text) % 2 == 0 and _HEX.fullmatch(text):
                readings.append("".join(text[at : at + 2] for at in range(len(text) - 2, -1, -2)))
    return [text for text in dict.fromkeys(readings) if text and text != said]


_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_FRACTION = re.compile(rb'(?<="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(?=Z")')


def without_fractions(text: bytes) -> bytes:
    """An encoded payload or frame in which no time has a fraction of a second."""
    return _FRACTION.sub(b"", text)
